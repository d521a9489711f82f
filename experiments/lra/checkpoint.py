"""Where a run stands, and the file that lets it go on from there."""

import dataclasses
import hashlib
import json
import pathlib
from typing import Any

import equinox as eqx
from jaxtyping import PyTree

from ct_s5.training import named_arrays, read_archive, with_named_arrays, write_archive
from experiments.lra.examples import Examples
from experiments.lra.network import Network
from experiments.lra.recipe import Recipe

_TREES = ("network", "optimiser_state", "best")


@dataclasses.dataclass(frozen=True)
class Standing:
    """Everything that the next step depends on, and what was seen so far."""

    network: Network
    optimiser_state: PyTree
    best: Network
    """That with the best validation accuracy so far."""
    step: int = 0
    best_accuracy: float = -1.0
    best_step: int = 0
    losses: tuple[float, ...] = ()
    """Of the steps since the last validation."""
    seconds: float = 0.0
    """Spent on steps and validation, over all runs that this one goes on from."""
    curve: tuple[dict[str, Any], ...] = ()
    """One row a validation."""


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A file for where one particular run stands."""

    path: pathlib.Path
    fingerprint: str
    """Of settings, examples and seed: another run must not go on from this file."""

    @classmethod
    def of(cls, path: pathlib.Path, recipe: Recipe, examples: Examples, seed: int) -> "Checkpoint":
        """The checkpoint of a run."""
        told = [dataclasses.asdict(recipe), examples.digest, seed]
        return cls(path, hashlib.sha256(json.dumps(told).encode()).hexdigest())

    def write(self, now: Standing) -> None:
        """Replace the file, atomically."""
        arrays = {}
        for name in _TREES:
            tree = eqx.filter(getattr(now, name), eqx.is_array)
            arrays |= {f"{name}/{place}": array for place, array in named_arrays(tree).items()}
        fields = {f.name: getattr(now, f.name) for f in dataclasses.fields(now)}
        rest = {name: value for name, value in fields.items() if name not in _TREES}
        write_archive(self.path, "lra", rest | {"fingerprint": self.fingerprint}, arrays)

    def read(self, start: Standing) -> Standing | None:
        """What the file says; None where there is none yet.

        Raises:
            ArchiveError: A damaged file.
            ValueError: The file belongs to another run.
        """
        if not self.path.exists():
            return None
        told, arrays = read_archive(self.path, "lra")
        if told.pop("fingerprint") != self.fingerprint:
            raise ValueError(
                f"{self.path} is the checkpoint of another run: settings, examples or seed differ. "
                "Delete it to start anew, or name another --work."
            )
        trees = {
            name: with_named_arrays(
                getattr(start, name),
                {
                    place.removeprefix(f"{name}/"): array
                    for place, array in arrays.items()
                    if place.startswith(f"{name}/")
                },
            )
            for name in _TREES
        }
        told |= {name: tuple(told[name]) for name in ("losses", "curve")}
        return dataclasses.replace(start, **trees, **told)

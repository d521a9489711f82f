"""Where a run stands, and the file that lets it go on from there."""

import dataclasses
import hashlib
import json
import pathlib
from typing import Any

from jaxtyping import PyTree

from ct_s5.training import named_parts, read_archive, with_named_parts, write_archive
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

    @property
    def trees(self) -> dict[str, PyTree]:
        """What has arrays, by field."""
        return {name: getattr(self, name) for name in _TREES}


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
        rest = {name: value for name, value in vars(now).items() if name not in _TREES}
        told = rest | {"fingerprint": self.fingerprint}
        write_archive(self.path, "lra", told, named_parts(now.trees))

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
        told |= {name: tuple(told[name]) for name in ("losses", "curve")}
        return dataclasses.replace(start, **with_named_parts(start.trees, arrays), **told)

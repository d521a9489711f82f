"""Where a training stands, and the file that lets it go on from there."""

import dataclasses
import hashlib
import itertools
import json
import os
import pathlib
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import PyTree

from ct_s5.nn import S5Model
from ct_s5.training._archive import read_archive, write_archive
from ct_s5.training._trees import named_arrays, named_parts, with_named_parts
from ct_s5.training._validation import monitored


@dataclasses.dataclass(frozen=True)
class Progress:
    """Everything that the next epoch depends on."""

    model: S5Model
    optimiser_state: PyTree
    best_model: S5Model
    epoch: int = 0
    best_epoch: int = 0
    """0 as long as no epoch had a finite value; `best_model` is then the untrained one."""
    best_value: float = float("inf")
    """Of the monitored quantity, turned so that lower is better."""
    stopped: bool = False
    history: tuple[dict[str, Any], ...] = ()

    @classmethod
    def start(cls, model: S5Model, optimiser_state: PyTree) -> "Progress":
        """Before the first epoch."""
        return cls(model, optimiser_state, model)

    def after(
        self, epoch: int, row: dict[str, Any], monitor: str | None, patience: int
    ) -> "Progress":
        """What stands after an epoch: is it the best, and is it enough?

        `monitor` is None where nothing was validated; the latest epoch then counts as the best.
        """
        value = -epoch if monitor is None else monitored(row, monitor)
        better = value < self.best_value
        best_epoch = epoch if better else self.best_epoch
        return dataclasses.replace(
            self,
            epoch=epoch,
            best_model=self.model if better else self.best_model,
            best_epoch=best_epoch,
            best_value=float(value) if better else self.best_value,
            stopped=epoch - best_epoch >= patience,
            history=(*self.history, row),
        )

    @property
    def trees(self) -> dict[str, PyTree]:
        """What has arrays, by field."""
        return {name: getattr(self, name) for name in ("model", "optimiser_state", "best_model")}

    @property
    def note(self) -> str:
        """A few words for the progress bar."""
        if not self.history:
            return ""
        words = [f" {k} {v:.4g}" for k, v in self.history[-1].items() if k.startswith("validation")]
        return "".join(words) + f" best epoch {self.best_epoch}"

    def table(self) -> pd.DataFrame:
        """The history, one row an epoch."""
        return pd.DataFrame(self.history).set_index("epoch")


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A file for the progress of one particular training."""

    path: pathlib.Path
    fingerprint: str
    """Of settings and data: another training must not go on from this file."""

    @classmethod
    def of(cls, path: str | os.PathLike, settings, loss, model: S5Model, *data):
        """The checkpoint of a training, told by its settings, its first weights and its data.

        `data` are the dataclasses of arrays that it sees, for training and for validation.
        """
        told = [dataclasses.asdict(settings), loss, dataclasses.asdict(model.settings)]
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
        arrays = [vars(part) for part in data] + [named_arrays(model)]
        for name, value in itertools.chain.from_iterable(part.items() for part in arrays):
            array = np.asarray(value)
            # Of anything but numbers, None for one, the bytes are where it lies in the memory of
            # this process.
            numeric = array.dtype.kind in "biufc"
            words = f"{array.dtype} {array.shape}" if numeric else repr(value)
            digest.update(f"{name} {words}\n".encode() + (array.tobytes() if numeric else b""))
        return cls(pathlib.Path(path), digest.hexdigest())

    def write(self, now: Progress) -> None:
        """Replace the file, atomically."""
        told = {
            "fingerprint": self.fingerprint,
            "epoch": now.epoch,
            "best_epoch": now.best_epoch,
            "best_value": now.best_value,
            "stopped": now.stopped,
            "history": list(now.history),
        }
        write_archive(self.path, "checkpoint", told, named_parts(now.trees))

    def read(self, start: Progress) -> Progress | None:
        """The progress in the file; None where there is no file yet.

        Raises:
            ArchiveError: A damaged file.
            ValueError: The file belongs to another training.
        """
        if not self.path.exists():
            return None
        told, arrays = read_archive(self.path, "checkpoint")
        if told.pop("fingerprint") != self.fingerprint:
            raise ValueError(
                f"{self.path} is the checkpoint of another training: settings, data or first "
                "weights differ. Name another file, or delete that one to start anew."
            )
        told["history"] = tuple(told["history"])
        return dataclasses.replace(start, **with_named_parts(start.trees, arrays), **told)

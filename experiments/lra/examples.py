"""A task's examples: where they come from, which are for what, and batches of bytes."""

import dataclasses
import hashlib
import json
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

import ct_s5_datasets
from ct_s5_datasets._pytorch import drawn_parts, tenths
from ct_s5_datasets.lra import listops_generator, pathfinder_generator
from experiments.lra.network import Codes
from experiments.lra.recipe import DataSettings

LookUp = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


class Batch(NamedTuple):
    """Some examples and their answers; what fills the batch up has weight 0."""

    codes: Codes
    answers: np.ndarray
    weights: np.ndarray


@dataclasses.dataclass(frozen=True)
class Examples:
    """One task's examples."""

    look_up: LookUp
    """From ids to padded steps, still bytes, and lengths."""
    answers: Mapping[object, int]
    parts: Mapping[str, np.ndarray]
    """Ids for "train", "validation" and "test"."""
    n_classes: int
    n_tokens: int | None
    """None where the steps are pixels."""
    pairs: bool
    origin: Mapping[str, str]
    """Name of the set, and hash of its manifest: the files, and what was asked of them."""

    def batch(self, ids: np.ndarray, size: int) -> Batch:
        """These examples, filled up to `size` with empty ones."""
        steps, lengths = self.look_up(ids)
        missing = size - len(ids)
        fill = [(0, missing)]
        steps = np.pad(steps, fill + [(0, 0)] * (steps.ndim - 1))
        lengths = np.pad(lengths, fill + [(0, 0)] * (lengths.ndim - 1)).astype(np.int32)
        answers = np.array([self.answers[id_] for id_ in ids], np.int32)
        weights = np.pad(np.ones(len(ids), np.float32), (0, missing))
        return Batch(Codes(steps, lengths), np.pad(answers, (0, missing)), weights)

    def training_batches(
        self, size: int, *, seed: int, epoch: int, start: int, stop: int
    ) -> Iterator[Batch]:
        """Batches `start` to `stop` of an epoch: a function of seed and epoch alone.

        The examples that do not fill a batch sit this epoch out.
        """
        drawn = np.random.default_rng([seed, epoch]).permutation(self.parts["train"])
        for k in range(start, stop):
            yield self.batch(drawn[k * size : (k + 1) * size], size)

    def n_steps(self, size: int) -> int:
        """Training batches an epoch.

        Raises:
            ValueError: There are not enough training examples for one.
        """
        n = len(self.parts["train"])
        if n < size:
            raise ValueError(f"{n} training examples make no batch of {size}.")
        return n // size

    def batches(self, part: str, size: int) -> Iterator[Batch]:
        """All examples of a part, in order."""
        ids = self.parts[part]
        for start in range(0, len(ids), size):
            yield self.batch(ids[start : start + size], size)

    @property
    def digest(self) -> str:
        """A hash of which examples are in which part, and of their answers."""
        told = {
            part: [[id_, int(self.answers[id_])] for id_ in ids.tolist()]
            for part, ids in self.parts.items()
        }
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def load(settings: DataSettings, root: pathlib.Path) -> Examples:
    """Read the files of a task.

    Args:
        settings: Which set, and in what form.
        root: Their folder, as `ct_s5_datasets.load` takes it.
    """
    cut = {"most": settings.length} if settings.set in ("lra/text", "lra/retrieval") else {}
    data = ct_s5_datasets.load(settings.set, root=root, **cut, **settings.options)
    sides = data if isinstance(data, tuple) else (data,)
    pixels = settings.scale is not None
    return Examples(
        look_up=_pixels(data) if pixels else _tokens(sides, settings.length),
        answers=sides[0].labels.to_dict(),
        parts=_parts(sides[0], settings),
        n_classes=10 if settings.set in ("lra/listops", "lra/image") else 2,
        n_tokens=None if pixels else len(sides[0].vocabulary),
        pairs=len(sides) == 2,
        origin=sides[0].cite(),
    )


def _tokens(sides: Sequence[Any], length: int) -> LookUp:
    """Rows of tokens; of pairs, those of both sides one behind the other."""

    def look_up(ids):
        rows = [side.padded(ids, length) for side in sides]
        steps, lengths = (np.stack(arrays, axis=1) for arrays in zip(*rows, strict=True))
        return (steps, lengths) if len(sides) == 2 else (steps[:, 0], lengths[:, 0])

    return look_up


def _pixels(images: Any) -> LookUp:
    def look_up(ids):
        steps = images.pixels(ids)
        return steps, np.full(len(ids), steps.shape[1])

    return look_up


def generated(settings: DataSettings, folder: pathlib.Path, processes: int = 1) -> pathlib.Path:
    """The folder of a task's files, made below `folder` unless they are there.

    Raises:
        ValueError: The task has no generator; the message says where its files are to be had.
    """
    told = settings.generator
    if told is None:
        raise ValueError(
            f"{settings.set} cannot be generated: give --root, the folder of its files. Where to "
            f"get them: ct-s5 data card {settings.set}"
        )
    key = hashlib.sha256(json.dumps([settings.set, told]).encode()).hexdigest()[:12]
    place = folder / f"{settings.set.replace('/', '-')}-{key}"
    if not place.is_dir():
        print(f"making {settings.set} in {place}", flush=True)
        make = {
            "lra/listops": listops_generator.generate,
            "lra/pathfinder": pathfinder_generator.generate,
            "lra/pathx": pathfinder_generator.generate,
        }[settings.set]
        make(place, **told, processes=processes)
    return place


def _parts(data, settings: DataSettings) -> dict[str, np.ndarray]:
    if settings.split == "drawn":
        ids = data.labels.index.to_numpy()
        # In the order drawn, not as `data.splits` sorts them: results were trained in this order.
        return drawn_parts(ids, tenths(len(ids)))
    parts = dict(data.splits["official"])
    if settings.held_out:
        n = len(parts["train"])
        n_kept = int(n * (1.0 - settings.held_out))
        parts |= drawn_parts(parts["train"], {"train": n_kept, "validation": n - n_kept})
    return parts

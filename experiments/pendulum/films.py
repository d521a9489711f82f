"""The films of a part as arrays, and the batches of an epoch, with readings left out or not."""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, UInt8

import ct_s5_datasets

PROTOCOL = "pendulum/s5@1"


class Films(NamedTuple):
    """N films of L frames."""

    images: UInt8[np.ndarray, "N L 24 24"]
    times: Int[np.ndarray, "N L"]
    """Numbers of the frames in their film."""
    targets: Float[np.ndarray, "N L 2"]
    """Sine and cosine of the angle."""


class Batch(NamedTuple):
    """What a step sees."""

    images: UInt8[np.ndarray, "N L 24 24"]
    gaps: Float[np.ndarray, "N L"]
    targets: Float[np.ndarray, "N L 2"]


def load() -> tuple[dict[str, Films], dict[str, str]]:
    """The films of each part, and the name and hash of their protocol."""
    loaded = ct_s5_datasets.load(PROTOCOL)
    of = (loaded.images, loaded.times, loaded.targets.astype(np.float32))
    parts = {
        part: Films(*(array[np.searchsorted(loaded.ids, ids)] for array in of))
        for part, ids in loaded.split.items()
    }
    return parts, loaded.cite()


def digest(parts: dict[str, Films]) -> str:
    """A hash of the numbers themselves."""
    told = hashlib.sha256()
    for name in sorted(parts):
        for array in parts[name]:
            told.update(np.ascontiguousarray(array).data)
    return told.hexdigest()


def gaps_of(times: Int[np.ndarray, "N L"]) -> Float[np.ndarray, "N L"]:
    """Frames since the reading before; 1 at the first, as published."""
    gaps = np.ones(times.shape, np.float32)
    gaps[:, 1:] = np.diff(times, axis=1)
    return gaps


def thinned(films: Films, n_readings: int, rng: np.random.Generator) -> Films:
    """Each film with `n_readings` of its frames, drawn without replacement."""
    n, length = films.times.shape
    if n_readings == length:
        return films
    order = np.argsort(rng.random((n, length)), axis=1)
    kept = np.sort(order[:, :n_readings], axis=1)
    rows = np.arange(n)[:, None]
    return Films(*(array[rows, kept] for array in films))


def mirrored(films: Films, rng: np.random.Generator) -> Films:
    """Half of the films, drawn anew, left for right: a pendulum swings alike to both sides."""
    turned = rng.random(len(films.times)) < 0.5
    images, targets = films.images.copy(), films.targets.copy()
    images[turned] = images[turned, :, :, ::-1]
    targets[turned, :, 0] *= -1
    return films._replace(images=images, targets=targets)


def training_batches(
    films: Films, size: int, n_readings: int, seed: int, epoch: int, *, mirror: bool = False
) -> Iterator[Batch]:
    """The full batches of an epoch in an order of its own; what is left over waits for another."""
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(len(films.times))
    for start in range(0, len(order) - size + 1, size):
        chosen = Films(*(array[order[start : start + size]] for array in films))
        chosen = thinned(chosen, n_readings, rng)
        yield batch_of(mirrored(chosen, rng) if mirror else chosen)


def batches(films: Films, size: int) -> Iterator[Batch]:
    """All films in their order; the last batch may be smaller."""
    for start in range(0, len(films.times), size):
        yield batch_of(Films(*(array[start : start + size] for array in films)))


def batch_of(films: Films) -> Batch:
    return Batch(films.images, gaps_of(films.times), films.targets)

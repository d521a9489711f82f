"""Filmed pendulums: read the angle off noisy, irregular frames, or fill in frames that are blank.

Made from seeds, nothing is read. Provenance and what is exact: `datasets/cards/pendulum.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ._arrays import positions
from ._dataset import Column, read_card
from ._manifest import Manifested
from ._pendulum_simulator import (
    SIDE,
    add_noise,
    clean_shares,
    draw_pendulums,
    kept_frames,
    seen_frames,
    simulate_angles,
)
from ._scaling import scaled
from ._splits import seeded_splits

PARTS = ("regression", "interpolation")
PROTOCOLS = {"s5@1": "regression", "cru-interp@1": "interpolation"}

PIXELS = tuple(f"pixel_{row:02d}_{column:02d}" for row in range(SIDE) for column in range(SIDE))
TARGETS = ("sin", "cos")

_MILLISECONDS = {"regression": 10, "interpolation": 50}


class _Take(NamedTuple):
    """Series made together: where their random stream begins, and the seeds of their gaps."""

    name: str
    n_series: int
    fresh_stream: int | None  # None: goes on where the take before stopped
    first_gap_seed: int


# Test follows train on one stream; the validation set came later, with one of its own.
_TAKES = (
    _Take("train", 2000, 42, 2000),
    _Take("test", 1000, None, 0),
    _Take("validation", 1000, 43, 1000),
)


@dataclass(frozen=True, eq=False, repr=False)
class PendulumSet(Manifested):
    """Filmed pendulums; N series of L frames stay bytes, `frame` makes tables of chosen ones.

    Attributes:
        ids: 0 to N - 1.
        images: uint8, (N, L, 24, 24); 255 is the rod. With noise in "regression", without in
            "interpolation".
        observed: (N, L): whether the model may see the frame. All True in "regression".
        times: (N, L): the number of the frame in its film, 0 to 99, rising.
        milliseconds: Time between two numbers.
        targets: float64, (N, L, 2): sine and cosine of the true angle, 0 hanging down.
        schema: Column of `frame` -> its description and unit.
        splits: Name of a split -> part -> ids, sorted.
        card: Origin, what is exact; ends with what this load counted.

    """

    ids: np.ndarray
    images: np.ndarray
    observed: np.ndarray
    times: np.ndarray
    milliseconds: int
    targets: np.ndarray
    schema: Mapping[str, Column]
    splits: Mapping[str, Mapping[str, np.ndarray]]
    card: str
    labels: ClassVar[None] = None
    """The answers are one a reading."""
    static: ClassVar[None] = None

    def __len__(self) -> int:
        return len(self.ids)

    def frame(self, ids: ArrayLike) -> pd.DataFrame:
        """Chosen series as a long frame, pixels divided by 255.

        Args:
            ids: Of the series, in any order; one row here takes 5 or 9 kB, so not all at once.

        Returns:
            `unique_id`, `ds` (since the film began), the 576 channels `pixel_<row>_<column>`,
            NaN where the frame is blank, and the targets: `sin` and `cos`, or, for interpolation,
            576 columns `clean_<row>_<column>` that are never NaN.

        Raises:
            ValueError: An id is unknown or comes twice.

        """
        at = np.sort(positions(pd.Index(self.ids), ids))
        n_frames = self.times.shape[1]
        rows = len(at) * n_frames
        pixels = self.images[at].reshape(rows, -1) / 255
        seen = self.observed[at].reshape(rows)
        ds = (self.times[at].ravel() * self.milliseconds).astype("timedelta64[ms]")
        keys = pd.DataFrame({"unique_id": np.repeat(self.ids[at], n_frames), "ds": ds})
        if "sin" in self.schema:
            targets = pd.DataFrame(self.targets[at].reshape(rows, 2), columns=list(TARGETS))
        else:
            targets = pd.DataFrame(pixels.copy(), columns=[_clean(name) for name in PIXELS])
        pixels[~seen] = np.nan
        channels = pd.DataFrame(pixels, columns=list(PIXELS))
        return pd.concat([keys, channels, targets], axis=1)

    def scaled(self, ids: ArrayLike) -> pd.DataFrame:
        """`frame(ids)` as the protocol scales it: as it is, pixels are from 0 to 1 already."""
        return scaled(self.frame(ids), self._rules(), self.split, self.scaling)

    def __repr__(self) -> str:
        """Sizes, not arrays."""
        return (
            f"PendulumSet({len(self)} series of {self.times.shape[1]} frames, {SIDE} x {SIDE} "
            f"pixels, splits {', '.join(self.splits)})"
        )


def load(root: object = None, part: str = "regression") -> PendulumSet:
    """Simulate one of the two sets; both are the same at every call.

    Args:
        root: Not looked at: nothing is read.
        part: "regression": noisy frames 10 ms apart, 50 of 100 kept; what is the angle?
            "interpolation": clean frames 50 ms apart, 50 of 100 kept, half of them blank; what
            was on those?

    Raises:
        ValueError: There is no such part.
        ImportError: Pillow, which draws the frames, is not installed.

    """
    if part not in PARTS:
        raise ValueError(f"part={part!r}: pendulum has the parts {PARTS[0]!r} and {PARTS[1]!r}.")
    films: dict[str, _Film] = {}
    draws = np.random.RandomState()
    for take in _TAKES:
        if take.fresh_stream is not None:
            draws = np.random.RandomState(take.fresh_stream)
        films[take.name] = _film(draws, take, part)
    ordered = {name: films[name] for name in ("train", "validation", "test")}
    joined = _Film(*map(np.concatenate, zip(*ordered.values(), strict=True)))
    ids = np.arange(len(joined.times))
    ends = np.cumsum([len(film.times) for film in ordered.values()])
    official = dict(zip(ordered, np.split(ids, ends[:-1]), strict=True))
    protocol = next(name for name, its_part in PROTOCOLS.items() if its_part == part)
    return PendulumSet(
        ids=ids,
        **joined._asdict(),
        milliseconds=_MILLISECONDS[part],
        schema=_schema(part),
        splits={protocol: official, **seeded_splits(ids)},
        card=read_card("pendulum") + _counted(part, joined),
    )


class _Film(NamedTuple):
    images: np.ndarray
    observed: np.ndarray
    times: np.ndarray
    targets: np.ndarray


def _film(draws: np.random.RandomState, take: _Take, part: str) -> _Film:
    n_series = take.n_series
    angles, filmed = simulate_angles(draws, n_series, _MILLISECONDS[part] / 1000)
    kept = kept_frames(n_series, take.first_gap_seed)
    images = draw_pendulums(np.take_along_axis(filmed, kept, axis=1))
    if part == "regression":
        images = add_noise(draws, images, clean_shares(draws, n_series), kept)
        observed = np.ones(kept.shape, dtype=bool)
    else:
        observed = np.take_along_axis(seen_frames(draws, n_series), kept, axis=1)
    true = np.take_along_axis(angles, kept, axis=1)
    return _Film(images, observed, kept, np.stack([np.sin(true), np.cos(true)], axis=-1))


def _schema(part: str) -> dict[str, Column]:
    grey = "grey value, 0 to 1"
    columns = [
        Column("unique_id", "number of the film", ""),
        Column("ds", "time since the film began", f"timedelta, {_MILLISECONDS[part]} ms a frame"),
        *(Column(name, "what the model sees; NaN: a blank frame", grey) for name in PIXELS),
    ]
    if part == "regression":
        columns += [Column(name, f"target: {name}(angle from hanging)", "") for name in TARGETS]
    else:
        columns += [
            Column(_clean(name), "target: the frame, blank or not", grey) for name in PIXELS
        ]
    return {column.name: column for column in columns}


def _clean(pixel: str) -> str:
    return pixel.replace("pixel", "clean")


def _counted(part: str, film: _Film) -> str:
    lines = [
        f"- part: {part}",
        f"- series: {len(film.times)}",
        f"- frames: {film.times.size}",
        f"- blank frames: {np.count_nonzero(~film.observed)}",
    ]
    return "\n## Counted in this load\n\n" + "\n".join(lines) + "\n"

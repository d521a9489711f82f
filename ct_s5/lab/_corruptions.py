"""Corruptions: the same series with readings lost or their times disturbed, by how much is said."""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from ct_s5._words import near
from ct_s5.frames import Duplicates, encode, learn_from, to_long
from ct_s5.lab._summary import level_of
from ct_s5.lab._treatments import Per, Readings, any_unit

CORRUPTIONS: dict[str, str] = {
    "drop": "each reading lost with this probability",
    "drop-cells": "each observed cell lost with this probability",
    "burst": "this share of each series' readings lost, in whole stretches",
    "informative": "this share of each channel's cells lost, those far from its median first",
    "jitter": "each time moved by a normal error of so many median gaps, the order kept",
    "rate": "every second, third, ... reading kept: the sampling rate divided",
}
"""What each corruption does at the rate it is given."""

# A run of readings that are lost together: a tenth of the series, and at least two.
_RUN, _SHORTEST_RUN = 0.1, 2
# Of the median gap: no two times come nearer than this by a jitter.
_NEAREST = 1e-6
# Keeps these draws apart from any others that the same seed fixes.
_STREAM = 0xC0


@dataclasses.dataclass(frozen=True)
class Corruption:
    """One corruption at one rate.

    Each series draws from the seed and its own position. What is lost at one rate is lost at every
    higher one too, so that a curve over rates is of one story, not of several; of "rate" at every
    multiple, as of 2 at 4. No series loses its last reading: one that would keeps the reading (or
    the cell) that it would have lost last. (Where answers are asked at each row it may lose all,
    so that what is lost tells nothing of what comes later.)

    Raises:
        ValueError: No such kind, or a rate that the kind does not have.
    """

    kind: str
    """One of `CORRUPTIONS`."""
    rate: float
    """A share of at least 0 and below 1; median gaps for "jitter"; a whole number for "rate"."""

    def __post_init__(self):
        if self.kind not in CORRUPTIONS:
            hint = near(self.kind, CORRUPTIONS)
            raise ValueError(
                f"A corruption is one of {', '.join(CORRUPTIONS)}; got {self.kind!r}.{hint}"
            )
        rate = self.rate
        number = isinstance(rate, int | float | np.number) and not isinstance(rate, bool)
        if self.kind == "rate":
            good = number and np.isfinite(rate) and rate >= 1 and rate == int(rate)
            wanted = "what the sampling is divided by: 1, 2, 3, ..."
        elif self.kind == "jitter":
            good = number and np.isfinite(rate) and rate >= 0
            wanted = "a number of median gaps of at least 0"
        else:
            good = number and 0 <= rate < 1
            wanted = "a share from 0 to below 1"
        if not good:
            raise ValueError(f"The rate of {self.kind!r} is {wanted}; got {rate!r}.")
        object.__setattr__(self, "rate", float(rate))

    def __str__(self) -> str:
        return level_of(self.plain())

    @property
    def changes(self) -> bool:
        """Whether it does anything at all."""
        return self.rate != (1 if self.kind == "rate" else 0)

    def plain(self) -> dict[str, Any]:
        """Kind and rate, as a results file keeps them."""
        return {"kind": self.kind, "rate": self.rate}

    @classmethod
    def parse(cls, text: str) -> list["Corruption"]:
        """Read "drop=0,0.3,0.5": a kind and its rates.

        Raises:
            ValueError: Text of another form, or what `Corruption` refuses.
        """
        kind, _, rates = text.partition("=")
        try:
            numbers = [float(rate) for rate in rates.split(",")]
        except ValueError as error:
            raise ValueError(
                f"{text!r} is no corruption with rates: write drop=0.3 or drop=0.3,0.5."
            ) from error
        return [cls(kind.strip(), number) for number in numbers]

    @classmethod
    def all_of(
        cls, corruptions: "str | Corruption | Sequence[str | Corruption]"
    ) -> "tuple[Corruption, ...]":
        """Several of them, as text or not: each once, in the order given.

        Raises:
            ValueError: What `parse` refuses.
        """
        items = [corruptions] if isinstance(corruptions, str | Corruption) else corruptions
        found = [cls.parse(item) if isinstance(item, str) else [item] for item in items]
        return tuple(dict.fromkeys(itertools.chain.from_iterable(found)))

    def apply(self, readings: Readings, seed: int = 0) -> Readings:
        """The readings after it. Without a change the very same are given back."""
        if not self.changes or not len(readings.encoded.index.series):
            return readings
        if self.kind == "jitter":
            return _jittered(readings, self.rate, seed)
        series = readings.encoded.series
        if self.kind == "rate":
            number = _numbers(series.owners, series.reading)
            return readings.observing(series.observed & (number % int(self.rate) == 0)[:, None])
        frailty = np.where(series.observed, _FRAILTY[self.kind](readings, seed), -1.0)
        if readings.per == "reading":
            return readings.observing(series.observed & (frailty >= self.rate))
        # What is lost last of each series stays.
        last = np.full(len(series), -1.0)
        np.maximum.at(last, series.owners, frailty.max(axis=1))
        kept = (frailty >= self.rate) | (frailty == last[series.owners, None])
        return readings.observing(series.observed & kept)


def corrupt(
    frame,
    corruption: str | Corruption,
    *,
    id_col: str = "unique_id",
    time_col: str = "ds",
    seed: int = 0,
    per: Per = "series",
    duplicates: Duplicates = "error",
    sort: bool = False,
) -> pd.DataFrame:
    """Lose readings of a frame or disturb their times, before any model or encoder sees it.

    Args:
        frame: Anything `ct_s5.encode` takes.
        corruption: Such as "drop=0.3"; see `CORRUPTIONS`. "informative" (missing not at random)
            would hide a cell with probability `q ** ((1 - rate) / rate)`, where q is the share of
            the channel's cells in the frame that are nearer to its median; the mean of that is
            `rate`. It makes the share exact: cells go in the order of the rates at which that
            chance would hide them. "jitter" moves every row, and sorts the new times of each
            series. "burst" takes runs of a tenth of the series on average.
        id_col: Column of the series id.
        time_col: Column of the time.
        seed: Fixes what is drawn.
        per: "series" leaves out rows that have no reading any more; under "reading" every row
            stays, as an answer is wanted there.
        duplicates: As for `encode`.
        sort: As for `encode`.

    Returns:
        A frame of id, time and channels, series by series in order of time. A rate that changes
        nothing gives what `treat(frame, "true")` gives.

    Raises:
        ValueError: No such corruption, several at once, or what `encode` refuses.
    """
    wanted = Corruption.all_of(corruption)
    if len(wanted) != 1:
        raise ValueError(f"{corruption!r} is {len(wanted)} corruptions: give one.")
    long = to_long(frame, id_col=id_col, time_col=time_col)
    schema = learn_from(long, any_unit(long), None)
    readings = Readings.of(encode(long, schema, duplicates=duplicates, sort=sort), per)
    return wanted[0].apply(readings, seed).treated("true").frame


def _draws(readings: Readings, seed: int, columns: int) -> Float[np.ndarray, "R {columns}"]:
    """Uniform numbers for each row of the encoded frame: of a series, whatever the others are."""
    lengths = readings.encoded.series.lengths.tolist()
    parts = [
        np.random.default_rng((_STREAM, seed, n)).random((length, columns))
        for n, length in enumerate(lengths)
        if length
    ]
    return np.concatenate(parts)


# The frailty of a reading or a cell is the rate from which on it is lost.


def _of_readings(readings: Readings, seed: int) -> Float[np.ndarray, "R 1"]:
    return _draws(readings, seed, 1)


def _of_cells(readings: Readings, seed: int) -> Float[np.ndarray, "R C"]:
    return _draws(readings, seed, readings.encoded.series.observed.shape[1])


def _of_stretches(readings: Readings, seed: int) -> Float[np.ndarray, "R 1"]:
    """Each series is cut into runs, and loses run after run in random order.

    Where answers are asked at each row, neither the length of a run nor its turn is made of how
    long the series will be: runs are a tenth of a series of mean length, and go by chance.
    """
    series = readings.encoded.series
    rows = np.flatnonzero(series.reading)
    owner = series.owners[rows]
    cut, turn = _draws(readings, seed, 2)[rows].T
    count = np.bincount(owner, minlength=len(series))
    causal = readings.per == "reading"
    size = np.full(len(series), count.mean()) if causal else count
    length = np.maximum(size * _RUN, _SHORTEST_RUN)
    starts = (np.diff(owner, prepend=-1) != 0) | (cut < 1 / length[owner])
    run = np.cumsum(starts) - 1
    frailty = np.zeros((len(series.reading), 1))
    if causal:
        frailty[rows, 0] = turn[starts][run]
        return frailty
    order = np.lexsort((np.arange(len(rows)), turn[starts][run], owner))
    rank = np.arange(len(rows)) - (np.cumsum(count) - count)[owner]
    frailty[rows[order], 0] = (rank + 0.5) / count[owner]
    return frailty


def _of_values(readings: Readings, seed: int) -> Float[np.ndarray, "R C"]:
    """In the order of the rate at which `u < q ** ((1 - rate) / rate)`, as shares of a channel."""
    series = readings.encoded.series
    draws = _of_cells(readings, seed)
    frailty = np.zeros(draws.shape)
    for c, seen in enumerate(series.observed.T):
        rows = np.flatnonzero(seen)
        values = series.values[rows, c].astype(np.float64)
        away = np.abs(values - (np.median(values) if len(rows) else 0.0))
        u = np.maximum(draws[rows, c], np.finfo(np.float64).tiny)
        # Equal distances take their turn in an order that their values know nothing of.
        rank = np.argsort(np.lexsort((np.modf(u * 2**20)[0], away)))
        q = (rank + 0.5) / len(rows)
        order = np.argsort(np.log(q) / (np.log(q) + np.log(u)), kind="stable")
        frailty[rows[order], c] = (np.arange(len(rows)) + 0.5) / len(rows)
    return frailty


_FRAILTY = {
    "drop": _of_readings,
    "drop-cells": _of_cells,
    "burst": _of_stretches,
    "informative": _of_values,
}


def _numbers(owner: Int[np.ndarray, " R"], counted: Bool[np.ndarray, " R"]):
    """The number of each reading in its series."""
    seen = np.cumsum(counted) - counted
    opens = np.diff(owner, prepend=-1) != 0
    return seen - np.maximum.accumulate(np.where(opens, seen, 0))


def _jittered(readings: Readings, rate: float, seed: int) -> Readings:
    """Every row's time moved; the times of a series sorted, and held apart.

    Where answers are asked at each row no time is sorted forward: it waits for the one before.
    """
    whole = Readings.of(readings.encoded, "reading")
    exact, finer = whole.since_first()
    tick = 1.0 if readings.encoded.schema.time_kind == "number" else None
    per_unit = tick or float(readings.encoded.index.times.per_unit * finer)
    gap = (readings.gap_unit or readings.median_gap) * per_unit
    u, angle = _draws(readings, seed, 2).T
    normal = np.sqrt(-2 * np.log1p(-u)) * np.cos(2 * np.pi * angle)  # Box and Muller
    since = exact + rate * gap * normal
    if readings.per == "series":
        since = since[np.lexsort((since, whole.owner))]
    # Rows that came to one time would merge: each is at least a little after the one before.
    apart = _NEAREST * gap if tick else max(round(_NEAREST * gap), 1)
    place = np.arange(len(since)) * apart
    if not tick:
        since = np.round(since).astype(np.int64)
    late = pd.Series(since - place).groupby(whole.owner).cummax().to_numpy()
    return readings.timed(late + place, finer)

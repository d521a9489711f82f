"""Treatments: the same readings, with their true times or with others put in their place."""

import dataclasses
import functools
from collections.abc import Collection
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from ct_s5.frames import EncodedFrame, encode, learn_from, to_long

TREATMENTS: dict[str, str] = {
    "true": "each reading at its own time",
    "equal": "every gap is 1: the order of the readings is all that is left of time",
    "appended": "equal, and the true gap before each reading is one more channel",
    "shuffled": "the true gaps of each series, in random order",
}
"""What each treatment makes of the times. The readings and their order are the same in all."""

_TICK = {1: "s", 10**3: "ms", 10**6: "us", 10**9: "ns"}


def treat(
    frame,
    treatment: str,
    *,
    id_col: str = "unique_id",
    time_col: str = "ds",
    seed: int = 0,
    duplicates: Literal["error", "mean", "last"] = "error",
    sort: bool = False,
) -> pd.DataFrame:
    """Replace the times of a frame, before any model or encoder sees it.

    Rows of one time are merged first and rows without a reading are dropped (but for a series that
    has no other), so that every row left is a reading.

    Args:
        frame: Anything `ct_s5.encode` takes.
        treatment: One of `TREATMENTS`. "true" keeps the times. "equal" and "appended" give the
            number of the reading in its series, 0, 1, 2, ..., as time. "shuffled" keeps where each
            series begins and ends, and the kind of time. "appended" adds the channel `gap`: the
            time since the reading before, in units of the frame's median gap, and 1 at the first.
        id_col: Column of the series id.
        time_col: Column of the time.
        seed: Fixes the order of shuffled gaps.
        duplicates: As for `encode`.
        sort: As for `encode`.

    Returns:
        A frame of id, time and channels, series by series in order of time.

    Raises:
        ValueError: No such treatment, or what `encode` refuses.
    """
    long = to_long(frame, id_col=id_col, time_col=time_col)
    encoded = encode(long, learn_from(long, None, None), duplicates=duplicates, sort=sort)
    return Readings.of(encoded).treated(treatment, seed)


@dataclasses.dataclass(frozen=True)
class Readings:
    """R readings of N series, merged and in order, ready to be treated in several ways."""

    encoded: EncodedFrame
    rows: Int[np.ndarray, " R"]
    """The rows of `encoded.series` that are readings, or all that their series has."""

    @classmethod
    def of(cls, encoded: EncodedFrame) -> "Readings":
        """Take the readings out of an encoded frame."""
        series = encoded.series
        owner = series.owners
        silent = np.bincount(owner, series.reading, minlength=len(series)) == 0
        return cls(encoded, np.flatnonzero(series.reading | silent[owner]))

    def without(self, channels: Collection[str]) -> "Readings":
        """The same series without some channels; rows that held nothing else are no readings."""
        schema, series = self.encoded.schema, self.encoded.series
        kept = [c for c, name in enumerate(schema.channels) if name not in channels]
        observed = series.observed[:, kept]
        series = dataclasses.replace(
            series, values=series.values[:, kept], observed=observed, reading=observed.any(axis=1)
        )
        parts = {
            name: tuple(getattr(schema, name)[c] for c in kept)
            for name in ("channels", "means", "scales")
        }
        schema = dataclasses.replace(schema, **parts)
        return Readings.of(dataclasses.replace(self.encoded, series=series, schema=schema))

    @functools.cached_property
    def owner(self) -> Int[np.ndarray, " R"]:
        """The series of each row, as a position in `encoded.ids`."""
        return self.encoded.index.series[self.rows]

    @functools.cached_property
    def opens(self) -> Bool[np.ndarray, " R"]:
        """The first row of each series."""
        return np.diff(self.owner, prepend=-1) != 0

    @functools.cached_property
    def gaps(self) -> Float[np.ndarray, " R"]:
        """Time since the row before, in seconds or numbers of the time column; 0 at the first."""
        gaps = np.zeros(len(self.rows))
        later = np.flatnonzero(~self.opens)
        gaps[later] = self.encoded.index.times.elapsed(self.rows[later], self.rows[later - 1])
        return gaps

    @functools.cached_property
    def median_gap(self) -> float:
        """The typical gap between readings, in seconds or numbers of the time column."""
        gaps = self.gaps[self.gaps > 0]
        return float(np.median(gaps)) if len(gaps) else 1.0

    def treated(self, treatment: str, seed: int = 0) -> pd.DataFrame:
        """The frame that a model is to see; see `treat`."""
        check_treatment(treatment)
        schema = self.encoded.schema
        # Not through decode: its float32 is relative to the value, this one's to the spread.
        values = schema.restore(self.encoded.series.values[self.rows])
        values[~self.encoded.series.observed[self.rows]] = np.nan
        columns = {
            schema.id_col: self.encoded.ids.take(self.owner).array,
            schema.time_col: self._times(treatment, seed),
            **{name: values[:, c] for c, name in enumerate(schema.channels)},
        }
        if treatment == "appended":
            name = "gap"
            while name in columns:
                name += "_"
            columns[name] = np.where(self.opens, 1.0, self.gaps / self.median_gap)
        return pd.DataFrame(columns)

    def _times(self, treatment: str, seed: int):
        times = self.encoded.index.times.take(self.rows)
        if treatment == "true":
            return times.column.array
        rows = np.arange(len(self.rows))
        first = np.maximum.accumulate(np.where(self.opens, rows, 0))
        if treatment in ("equal", "appended"):
            return (rows - first).astype(np.float64)
        steps = np.zeros_like(times.ticks)
        later = np.flatnonzero(~self.opens)
        gaps = times.ticks[later] - times.ticks[later - 1]
        draw = np.random.default_rng(seed).random(len(later))
        steps[later] = gaps[np.lexsort((draw, self.owner[later]))]
        since = pd.Series(steps).groupby(self.owner).cumsum().to_numpy()
        if times.kind != "number":
            since = since.astype(f"timedelta64[{_TICK[times.per_unit]}]")
        begun = times.column.take(first).reset_index(drop=True)
        return (begun + pd.Series(since)).array


def check_treatment(treatment: str) -> None:
    """Refuse a name that is no treatment."""
    if treatment not in TREATMENTS:
        raise ValueError(f"A treatment is one of {', '.join(TREATMENTS)}; got {treatment!r}.")

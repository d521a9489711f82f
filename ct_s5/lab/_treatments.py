"""Treatments: the same readings, with their true times or with others put in their place."""

import dataclasses
import functools
from collections.abc import Collection
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int, Num

from ct_s5._words import near
from ct_s5.frames import (
    Duplicates,
    EncodedFrame,
    FrameSchema,
    LongFrame,
    TimeColumn,
    encode,
    learn_from,
    read_unit,
    to_long,
)
from ct_s5.lab._grid import Grid, Rows, lay_grid, numbered, resample

Per = Literal["series", "reading"]
"""Whether a series has one answer, or each of its rows."""

_EQUAL = "+equal"
_GRID = {
    "resample-last": "on a regular grid: the last value seen",
    "resample-linear": "on a regular grid: a straight line between readings",
    "resample-mean": "on a regular grid: the mean since the point before, if there was a reading",
}

TREATMENTS: dict[str, str] = {
    "true": "each reading at its own time",
    "equal": "every gap is 1: the order of the readings is all that is left of time",
    "appended": "equal, and the true gap before each reading is one more channel",
    "shuffled": "the true gaps of each series, in random order",
    **_GRID,
    **{
        f"{name}{_EQUAL}": f"as {name}, and nothing is told of how far apart the points are"
        for name in _GRID
    },
}
"""What each treatment makes of the times. But for the grids, the readings and their order are the
same in all."""

_TICK = {1: "s", 10**3: "ms", 10**6: "us", 10**9: "ns"}


def treat(
    frame,
    treatment: str,
    *,
    grid: Grid = None,
    id_col: str = "unique_id",
    time_col: str = "ds",
    seed: int = 0,
    duplicates: Duplicates = "error",
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
            "resample-..." puts each series on a grid from its first reading to its last;
            "...+equal" numbers the points.
        grid: Points of each series' grid, or the step from one to the next, such as "1h" (a number
            where times are numbers). Left out, each series gets as many points as it has readings.
        id_col: Column of the series id.
        time_col: Column of the time.
        seed: Fixes the order of shuffled gaps.
        duplicates: As for `encode`.
        sort: As for `encode`.

    Returns:
        A frame of id, time and channels, series by series in order of time.

    Raises:
        ValueError: No such treatment, a grid that is none, or what `encode` refuses.
    """
    long = to_long(frame, id_col=id_col, time_col=time_col)
    schema = learn_from(long, any_unit(long), None)
    encoded = encode(long, schema, duplicates=duplicates, sort=sort)
    return Readings.of(encoded).treated(treatment, seed, grid).frame


def any_unit(long: LongFrame) -> float | str:
    """A unit of time for what none changes, so that none need be typical of these series."""
    return 1.0 if long.times.kind == "number" else "1s"


@dataclasses.dataclass(frozen=True)
class Treated:
    """A frame as a model is to see it."""

    frame: pd.DataFrame
    rows: Int[np.ndarray, " T"]
    """The row of the encoded frame that each row answers for; -1 for a point of a grid."""


@dataclasses.dataclass(frozen=True)
class Readings:
    """R rows of N series, merged and in order, ready to be treated in several ways."""

    encoded: EncodedFrame
    rows: Int[np.ndarray, " R"]
    """The rows of `encoded.series` that are readings, or all that their series has. Where answers
    are asked at each row, all rows."""
    per: Per = "series"
    gap_unit: float | None = None
    """What the channel of gaps counts in, so that readings that are lost leave it as it is; the
    median gap of these readings where nothing is said."""
    step: float | None = None
    """From point to point of every grid, where answers are asked at each row and no grid is named;
    the mean gap of these rows where nothing is said."""

    @classmethod
    def of(cls, encoded: EncodedFrame, per: Per = "series") -> "Readings":
        """Take the readings out of an encoded frame, or with `per="reading"` all of its rows."""
        series = encoded.series
        owner = series.owners
        silent = np.bincount(owner, series.reading, minlength=len(series)) == 0
        kept = series.reading | silent[owner] | (per == "reading")
        return cls(encoded, np.flatnonzero(kept), per)

    def without(self, channels: Collection[str]) -> "Readings":
        """The same series without some channels; rows that held nothing else are no readings."""
        if not channels:
            return self
        schema, series = self.encoded.schema, self.encoded.series
        kept = [c for c, name in enumerate(schema.channels) if name not in channels]
        parts = {
            name: tuple(getattr(schema, name)[c] for c in kept)
            for name in ("channels", "means", "scales")
        }
        schema = dataclasses.replace(schema, **parts)
        series = dataclasses.replace(series, values=series.values[:, kept])
        encoded = dataclasses.replace(self.encoded, series=series, schema=schema)
        return dataclasses.replace(self, encoded=encoded).observing(
            self.encoded.series.observed[:, kept]
        )

    def observing(self, observed: Bool[np.ndarray, "S C"]) -> "Readings":
        """The same rows of the encoded frame with other cells observed."""
        reading = np.asarray(observed.any(axis=1))
        series = dataclasses.replace(self.encoded.series, observed=observed, reading=reading)
        some = Readings.of(dataclasses.replace(self.encoded, series=series), self.per)
        return dataclasses.replace(some, gap_unit=self.gap_unit, step=self.step)

    @functools.cached_property
    def owner(self) -> Int[np.ndarray, " R"]:
        """The series of each row, as a position in `encoded.ids`."""
        return self.encoded.index.series[self.rows]

    @functools.cached_property
    def opens(self) -> Bool[np.ndarray, " R"]:
        """The first row of each series."""
        return np.diff(self.owner, prepend=-1) != 0

    @functools.cached_property
    def anchor(self) -> Bool[np.ndarray, " R"]:
        """The rows that are readings; with an answer a series all, as no others are there."""
        if self.per == "series":
            return np.ones(len(self.rows), bool)
        return self.encoded.series.reading[self.rows]

    @functools.cached_property
    def gaps(self) -> Float[np.ndarray, " R"]:
        """Time since the row before, in seconds or numbers of the time column; 0 at the first."""
        gaps = np.zeros(len(self.rows))
        later = np.flatnonzero(~self.opens)
        gaps[later] = self.encoded.index.times.elapsed(self.rows[later], self.rows[later - 1])
        return gaps

    @functools.cached_property
    def since_reading(self) -> Float[np.ndarray, " R"]:
        """Time since the last reading before each row; NaN where there was none."""
        place = np.arange(len(self.rows))
        last = np.maximum.accumulate(np.where(self.anchor, place, -1))
        last = np.concatenate([[-1], last[:-1]]) if len(last) else last
        begun = np.maximum.accumulate(np.where(self.opens, place, 0))
        there = np.flatnonzero(last >= begun)
        since = np.full(len(self.rows), np.nan)
        since[there] = self.encoded.index.times.elapsed(self.rows[there], self.rows[last[there]])
        return since

    @functools.cached_property
    def median_gap(self) -> float:
        """The typical gap between readings, in seconds or numbers of the time column."""
        gaps = self.since_reading[self.anchor]
        gaps = gaps[gaps > 0]
        return float(np.median(gaps)) if len(gaps) else 1.0

    @functools.cached_property
    def mean_gap(self) -> float:
        """By this step all series together get about as many points as they have rows."""
        gaps = self.gaps[~self.opens]
        return float(np.mean(gaps)) if gaps.any() else 1.0

    def treated(self, treatment: str, seed: int = 0, grid: Grid = None) -> Treated:
        """What a model is to see; see `treat`."""
        check_treatment(treatment)
        if treatment.startswith("resample-"):
            return self._resampled(treatment, grid)
        channels = dict(zip(self.encoded.schema.channels, self._cells.T, strict=True))
        if treatment == "appended":
            name = "gap"
            while name in {self.encoded.schema.id_col, self.encoded.schema.time_col, *channels}:
                name += "_"
            gap = self.since_reading / (self.gap_unit or self.median_gap)
            gap = np.where(np.isnan(gap), 1.0, gap)
            channels[name] = np.where(self.anchor, gap, np.nan)
        frame = self._frame(channels, self.owner, self._times(treatment, seed))
        return Treated(frame, self.rows)

    @functools.cached_property
    def _cells(self) -> Float[np.ndarray, "R C"]:
        """The values in the caller's units, NaN where not observed."""
        # Not through decode: its float32 is relative to the value, this one's to the spread.
        values = self.encoded.schema.restore(self.encoded.series.values[self.rows])
        values[~self.encoded.series.observed[self.rows]] = np.nan
        return values

    def _frame(self, channels, owner, times) -> pd.DataFrame:
        schema = self.encoded.schema
        ids = self.encoded.ids.take(owner).array
        return pd.DataFrame({schema.id_col: ids, schema.time_col: times, **channels})

    def _times(self, treatment: str, seed: int):
        times = self.encoded.index.times.take(self.rows)
        if treatment == "true":
            return times.column.array
        if treatment in ("equal", "appended"):
            return numbered(self.owner, self.anchor)
        steps = np.zeros_like(times.ticks)
        later = np.flatnonzero(~self.opens)
        gaps = times.ticks[later] - times.ticks[later - 1]
        draw = np.random.default_rng(seed).random(len(later))
        steps[later] = gaps[np.lexsort((draw, self.owner[later]))]
        return self._dated(pd.Series(steps).groupby(self.owner).cumsum().to_numpy(), self.owner, 1)

    def since_first(self) -> tuple[Num[np.ndarray, " R"], int]:
        """Time since the first row of the series: in ticks of the column or finer, or in numbers.

        Also how many of them a tick of the column has: never coarser than a microsecond, whatever
        the column counts in.
        """
        times = self.encoded.index.times
        ticks = times.ticks[self.rows]
        if times.kind == "number":
            ticks = ticks.astype(np.float64)
        begun = np.maximum.accumulate(np.where(self.opens, np.arange(len(ticks)), 0))
        finer = 1 if times.kind == "number" else max(10**6 // times.per_unit, 1)
        return (ticks - ticks[begun]) * finer, finer

    def timed(self, since: Num[np.ndarray, " S"], finer: int) -> "Readings":
        """The same readings at other times: for each row of the encoded frame, since the first.

        The times of the index alone: no gap of `encoded.series` is measured anew.
        """
        encoded, whole = self.encoded, Readings.of(self.encoded, "reading")
        times = encoded.index.times
        first = encoded.series.offsets[:-1][whole.owner]
        column = pd.Series(whole._dated(since, whole.owner, finer))
        ticks = times.ticks[first] * finer + since
        times = TimeColumn(times.kind, times.zone, column, ticks, times.per_unit * finer)
        index = dataclasses.replace(encoded.index, times=times)
        return dataclasses.replace(self, encoded=dataclasses.replace(encoded, index=index))

    def _dated(self, since: Num[np.ndarray, " T"], owner: Int[np.ndarray, " T"], finer: int):
        """Times so many ticks (or parts of a tick) after each series' first row."""
        times = self.encoded.index.times
        first = np.zeros(len(self.encoded.ids), int)
        first[self.owner[self.opens]] = self.rows[self.opens]
        begun = times.column.take(first[owner]).reset_index(drop=True)
        if times.kind != "number":
            since = since.astype(f"timedelta64[{_TICK[times.per_unit * finer]}]")
        return (begun + pd.Series(since)).array

    def _resampled(self, treatment: str, grid: Grid) -> Treated:
        since, finer = self.since_first()
        numbers = self.encoded.schema.time_kind == "number"
        if numbers:
            # Nothing is added to them afterwards, so that what is equal or not here stays so.
            since = self.encoded.index.times.ticks[self.rows].astype(np.float64)
        n_points, step = _read_grid(grid, self.encoded.schema)
        counted = self.anchor
        if self.per == "reading":
            # A grid is made of nothing that comes after its points: neither of where the readings
            # begin and end, nor of their number.
            counted = np.ones_like(self.anchor)
            step = step or self.step or self.mean_gap
        rows = Rows(self.owner, since, counted, self._cells)
        per_unit = self.encoded.index.times.per_unit * finer
        points = lay_grid(rows, n_points, None if step is None else step * per_unit)
        kind = treatment.removesuffix(_EQUAL)
        values = resample(rows, points, kind.removeprefix("resample-"))
        owner, at, answers = points.owner, points.since, np.full(len(points.owner), -1)
        point = np.ones(len(owner), bool)
        if self.per == "reading":
            # Every row is asked for under every treatment, as a question without cells; at the very
            # time of a point it is the point that answers.
            asked = np.full_like(values, np.nan, shape=(len(self.rows), values.shape[1]))
            owner, at = np.concatenate([owner, self.owner]), np.concatenate([at, since])
            answers, values = np.concatenate([answers, self.rows]), np.concatenate([values, asked])
            order = np.lexsort((answers, at, owner))
            owner, at, answers, values = owner[order], at[order], answers[order], values[order]
            point = answers < 0
            twin = np.flatnonzero(
                point & (np.diff(owner, append=-1) == 0) & (np.diff(at, append=at[-1:]) == 0)
            )
            twin = twin[twin + 1 < len(owner)]
            answers[twin] = answers[twin + 1]
            kept = np.ones(len(owner), bool)
            kept[twin + 1] = False
            owner, at, answers = owner[kept], at[kept], answers[kept]
            values, point = values[kept], point[kept]
        if treatment.endswith(_EQUAL):
            told = numbered(owner, point)
        else:
            told = at if numbers else self._dated(at, owner, finer)
        channels = dict(zip(self.encoded.schema.channels, values.T, strict=True))
        return Treated(self._frame(channels, owner, told), answers)


def counts_readings(treatment: str) -> bool:
    """Whether the times are numbers of readings or points: one step is then one unit of time."""
    return treatment in ("equal", "appended") or treatment.endswith(_EQUAL)


def refuses(treatment: str, per: str) -> str | None:
    """Why a treatment cannot be given to models that answer per series or per reading."""
    if per == "reading" and treatment.startswith("resample-linear"):
        return (
            "a straight line to the next reading tells an answer at a reading of what comes after "
            "it"
        )
    if per == "reading" and treatment == "shuffled":
        return "shuffled gaps tell an answer at a reading of gaps that come after it"
    return None


def check_grid(grid: Grid, per: str) -> None:
    """Refuse so many points a series where answers are asked per reading: they tell how long it is.

    Raises:
        ValueError: If so.
    """
    if per == "reading" and isinstance(grid, int | np.integer):
        raise ValueError(
            f"grid={grid}: points so many to a series tell an answer at a reading how long the "
            "series will be. With per='reading' name a step of time, such as '1h' (a number with a "
            "point, such as 1.0, where times are numbers)."
        )


def check_treatment(treatment: str) -> None:
    """Refuse a name that is no treatment."""
    if treatment not in TREATMENTS:
        hint = near(treatment, TREATMENTS)
        raise ValueError(f"A treatment is one of {', '.join(TREATMENTS)}; got {treatment!r}.{hint}")


def _read_grid(grid: Grid, schema: FrameSchema) -> tuple[int | None, float | None]:
    """How many points a series has, or the step between them in seconds or numbers; or neither.

    Raises:
        ValueError: Fewer than two points, or no length of time.
    """
    if grid is None:
        return None, None
    if isinstance(grid, int | np.integer) and not isinstance(grid, bool):
        if grid < 2:
            raise ValueError(f"grid={grid}: a grid has at least 2 points.")
        return int(grid), None
    return None, read_unit(grid, schema.time_kind, schema.time_col, "grid")

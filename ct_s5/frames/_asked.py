"""Questions at any time: from `at=` to query steps, and from their answers to a frame."""

import contextlib
import dataclasses
import datetime
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float, Int, Shaped

from ct_s5._words import first, listed, shown
from ct_s5.batch import LONGEST_GAP, Queries, SeriesSet, ask
from ct_s5.frames._channels import read_channels
from ct_s5.frames._decode import side_by_side
from ct_s5.frames._encode import EncodedFrame, conform_times, standardised
from ct_s5.frames._forms import index_levels, missing_column
from ct_s5.frames._native import as_pandas, is_frame
from ct_s5.frames._times import TimeColumn, iso_date, read_times
from ct_s5.frames._units import as_timedelta, read_unit

# Steps of a grid, over all series; a frame of so many rows is a slip of the unit.
_MOST = 50_000_000


@dataclasses.dataclass(frozen=True)
class Asked:
    """M questions about encoded series, and where their answers will be."""

    series: SeriesSet
    """The series with the questions in them as queries."""
    place: Int[np.ndarray, " M"]
    """The row of `series` that answers each question, in the order asked."""
    owner: Int[np.ndarray, " M"]
    """Which series each asks."""
    times: TimeColumn
    """When."""
    lead: Float[np.ndarray, " M"]
    """Time since the series' last reading, in model units: negative before it; NaN without one."""

    def where(self, encoded: EncodedFrame, question: int) -> str:
        """Words for a question: whom it asks, and when."""
        owner = shown(encoded.ids[self.owner[question]])
        return f"series {owner} at {self.times.show(question)}"


def ask_at(
    encoded: EncodedFrame, at, *, known: Sequence[str] = (), ahead: float | None = None
) -> Asked:
    """Put questions at any time into encoded series.

    Args:
        encoded: The series.
        at: Whom and when to ask: a frame of (series, time) pairs, by columns or as its index, or
            that index alone; a Series of times by id, whose index has the id column's name or holds
            ids that are text; times for all series alike (a DatetimeIndex, any other Series, a
            list, one time); or the step of a grid such as "1h" or a `pd.Timedelta`, from each
            series' first reading to its last.
        known: Channels whose values at those times are known beforehand: the frame of pairs holds
            them, NaN where not known.
        ahead: Makes the grid begin at the last reading instead, one step after it, and run for so
            many model units. A series of rows without any reading has its grid from its last row.

    Raises:
        TypeError: Times of another type than those of the data.
        ValueError: A series that is not in the data; a Series with an index of text that holds no
            id; columns that are no known channel, or lack one; another kind of time or zone; a step
            that is none; a time too far off.
    """
    if isinstance(at, pd.MultiIndex):
        at = pd.DataFrame(index=at)
    if isinstance(at, pd.offsets.Tick | pd.offsets.Day):
        at = as_timedelta(at)
    if len(known) and not is_frame(at):
        raise ValueError(
            f"Channel {listed(known)} is known beforehand, so at= must be a frame that holds it: "
            f"columns {encoded.schema.id_col!r}, {encoded.schema.time_col!r} and those."
        )
    channels = np.zeros((0, 0))
    # Of data that begins at 0 a timedelta is a time; of dates it can only be a step.
    lengths = datetime.timedelta | np.timedelta64
    apart = isinstance(at, lengths) and encoded.schema.time_kind == "datetime"
    if isinstance(at, pd.Series) and _by_id(at.index, encoded):
        # As `frame.groupby(id).ds.last()` has it: all these times of all series no one would want.
        pairs = at.rename_axis(encoded.schema.id_col).rename(encoded.schema.time_col)
        return ask_at(encoded, pairs.reset_index(), ahead=ahead)
    if isinstance(at, str) and encoded.schema.time_kind == "datetime":
        at = _time_or_step(at)
    if isinstance(at, str) or apart:
        owner, column = _grid(encoded, at, ahead)
        times = _read(encoded, owner, column)
    elif is_frame(at):
        owner, column, rest = _pairs(encoded, as_pandas(at), tuple(known))
        times = _read(encoded, owner, column)
        if len(known):
            place = _place(encoded, owner)
            channels = read_channels(rest.reindex(columns=list(known)), tuple(known), place)
    else:
        column = pd.Series(at if np.ndim(at) else [at]).reset_index(drop=True)  # pyright: ignore
        dates = encoded.schema.time_kind == "datetime"
        if dates and len(column) and pd.api.types.infer_dtype(column) == "string":
            column = pd.Series([_time_or_step(text) for text in column])
        owner = np.repeat(np.arange(len(encoded.ids)), len(column))
        column = column.take(np.tile(np.arange(len(column)), len(encoded.ids)))
        times = _read(encoded, owner, column.reset_index(drop=True))
    seconds, fractions = _since_first_row(encoded, owner, times)
    far = ~(np.abs(seconds) / encoded.series.unit <= LONGEST_GAP)
    if far.any():
        q = first(far)
        raise ValueError(
            f"at= asks about series {shown(encoded.ids[owner[q]])} at {times.show(q)}, which is "
            "farther from its readings than float32 can hold in units of "
            f"{encoded.schema.unit_name}. Ask about a time near them."
        )
    series, place = ask(encoded.series, Queries(owner, seconds, fractions))
    if len(known):
        series = _with_channels(encoded, series, place, channels, known, owner)
    lead = _lead(encoded.series, owner, seconds, fractions)
    return Asked(series, place, owner, times, lead)


def decode_asked(
    encoded: EncodedFrame, asked: Asked, values: Shaped[np.ndarray, "M *K"], columns: Sequence[str]
) -> pd.DataFrame:
    """The answers as a flat frame: id, time, then `columns`, in the order asked."""
    values = np.asarray(values)
    values = values[:, None] if values.ndim == 1 else values
    ids = encoded.schema.id_col, encoded.ids.take(asked.owner).array
    times = encoded.schema.time_col, asked.times.column.array
    return side_by_side([ids, times, *zip(columns, values.T, strict=True)])


def _time_or_step(at: str) -> pd.Timestamp | str:
    """A time, where the text holds a date."""
    if not re.match(r"\s*\d+[-/.]\d+[-/.]\d+", at):
        return at
    try:
        return iso_date(at)
    except ValueError as error:
        raise ValueError(
            f"at={shown(at)} does not read as a date of ISO 8601, such as 2026-01-31 08:00."
        ) from error


def _by_id(index: pd.Index, encoded: EncodedFrame) -> bool:
    """Whether a Series is one by id: numbers without a name may as well count its rows."""
    if index.name == encoded.schema.id_col:
        return True
    text = pd.api.types.infer_dtype(index.astype(object)) == "string"
    counts = index.name is not None or (isinstance(index, pd.RangeIndex) and index.start == 0)
    whole = index.dtype.kind in "iu" and len(index) == len(encoded.ids) and index.is_unique
    if whole and not counts and index.astype(str).isin(encoded.ids).all():
        raise ValueError(
            f"at= is a Series indexed by {listed(index)}, and the ids of the data are the same as "
            "text. Index it by them: at.index = at.index.astype(str); or pass times that are for "
            "all series alike without an index: at.to_list()."
        )
    if not text and (index.name is not None or pd.api.types.is_numeric_dtype(index)):
        return False
    # With some ids the others are mistyped, as `_pairs` will say.
    known = bool(index.isin(encoded.ids).any())
    if text and not known:
        raise ValueError(
            f"at= is a Series whose index, {listed(index)}, holds no series of the data, such as "
            f"{shown(encoded.ids[0])}. Index the times by series id, or pass those that are for "
            "all series alike without an index: at.to_list()."
        )
    return known


def _pairs(encoded: EncodedFrame, frame: pd.DataFrame, known: tuple[str, ...]):
    id_col, time_col = encoded.schema.id_col, encoded.schema.time_col
    if id_col not in frame.columns and time_col not in frame.columns and frame.index.nlevels == 2:
        levels = index_levels(frame.index, id_col, time_col)
        ids, times = (frame.index.get_level_values(level) for level in levels)
        rest = frame
    else:
        for role, column in (("id_col", id_col), ("time_col", time_col)):
            if column not in frame.columns:
                raise ValueError(f"at=: {missing_column(frame, role, column)}")
        ids, times, rest = frame[id_col], frame[time_col], frame.drop(columns=[id_col, time_col])
    stray = [name for name in rest.columns if name not in known]
    lacking = [name for name in known if name not in rest.columns]
    if stray or lacking:
        mend = f"frame[[{id_col!r}, {time_col!r}]]" if stray else "NaN where it is not known"
        raise ValueError(
            f"at= holds whom and when to ask, and the channels known beforehand "
            f"({listed(known) or 'none'}); unknown: {listed(stray) or 'none'}; missing: "
            f"{listed(lacking) or 'none'}. Pass {mend}."
        )
    owner = encoded.ids.get_indexer(pd.Index(ids))
    if (owner < 0).any():
        strangers = pd.unique(pd.Series(ids)[owner < 0])
        raise ValueError(
            f"at= asks about series {listed(strangers)}, of which the data has no row. Give their "
            "readings too, a row of NaN, or a row in static; ids are "
            f"{encoded.ids.dtype} in the data and {pd.Index(ids).dtype} in at=."
        )
    return owner, pd.Series(times).reset_index(drop=True), rest.reset_index(drop=True)


def _place(encoded: EncodedFrame, owner):
    def place(row: int) -> str:
        whose = f"series {shown(encoded.ids[owner[row]])}, " if row < len(owner) else ""
        return f"{whose}row {row} of at="

    return place


def _read(encoded: EncodedFrame, owner, column: pd.Series) -> TimeColumn:
    if not len(column):
        raise ValueError("at= holds no time: there is nothing to ask.")
    try:
        times = read_times(column, encoded.schema.time_col, _place(encoded, owner))
    except TypeError as error:
        raise TypeError(f"at=: {error}") from error
    conform_times(times, encoded.schema, "at=")
    return times


def _grid(encoded: EncodedFrame, step, ahead: float | None):
    """The times of a grid for each series that has a reading; ahead, for each that has a row."""
    schema, series = encoded.schema, encoded.series
    size = read_unit(step, schema.time_kind, schema.time_col, "at")
    some, begin, end = _ends(series)
    if ahead is not None:
        # Without a reading, the last row says what time it is.
        end = np.where(some, end, series.offsets[1:] - 1)
        some = series.lengths > 0
        if ahead * schema.time_unit * (1 + 1e-12) < size:
            raise ValueError(
                f"A grid of {shown(step)} has no time within the horizon, which is shorter: name a "
                "shorter step, or the times themselves."
            )
    rows = (begin if ahead is None else end)[some]
    last = series.elapsed[end[some]] - series.elapsed[begin[some]] if ahead is None else ahead
    # A grid that ends on the last reading to within a rounding has a step there.
    counts = np.floor(np.broadcast_to(last, rows.shape) * schema.time_unit / size * (1 + 1e-12))
    if counts.sum() > _MOST:
        raise ValueError(
            f"A grid of {shown(step)} has {counts.sum():.3g} steps over all series, at most "
            f"{_MOST} are answered at once. Name a wider step, or ask about fewer series."
        )
    steps = counts.astype(np.int64) + (ahead is None)
    owner = np.repeat(np.flatnonzero(some), steps)
    k = np.arange(len(owner)) - np.repeat(np.cumsum(steps) - steps, steps) + (ahead is not None)
    base = encoded.index.times.column.take(np.repeat(rows, steps)).reset_index(drop=True)
    if schema.time_kind == "number":
        # Whole numbers stay whole: as floats, nanoseconds since 1970 are off by a hundred.
        whole = base.dtype.kind in "iu" and size.is_integer()
        return owner, base + (k.astype(base.dtype.kind + "8") * int(size) if whole else k * size)
    length = as_timedelta(step)
    # In the unit of the times, which may be too far off for a finer one; where it has to be finer,
    # pandas refuses to round.
    with contextlib.suppress(ValueError):
        length = length.as_unit(encoded.index.times.unit, round_ok=False)
    return owner, base + k * length.to_numpy()


def _ends(series: SeriesSet):
    """Which series have a reading, and the row of each one's first and last."""
    rows = np.flatnonzero(series.reading)
    owner = series.owners[rows]
    some = np.zeros(len(series), bool)
    some[owner] = True
    begin, end = np.zeros((2, len(series)), np.int64)
    begin[owner[::-1]], end[owner] = rows[::-1], rows
    return some, begin, end


def _since_first_row(encoded: EncodedFrame, owner, times: TimeColumn):
    """Times on the clock of the SeriesSet, which starts with each series' first row."""
    series = encoded.series
    start = series.offsets[owner]
    there = series.lengths[owner] > 0
    if not there.any():  # without a row there is nothing to measure from
        return np.zeros(len(owner)), np.zeros(len(owner))
    parts = times.parts_since(encoded.index.times, np.where(there, start, 0))
    seconds, fractions = (np.where(there, part, 0.0) for part in parts)
    return seconds, fractions


def _lead(series: SeriesSet, owner, seconds, fractions) -> Float[np.ndarray, " M"]:
    some, _, end = _ends(series)
    fine = np.zeros(len(series.times)) if series.fractions is None else series.fractions
    last = end[owner]
    if not len(fine):
        return np.full(len(owner), np.nan)
    lead = (seconds - series.times[last]) + (fractions - fine[last])
    return np.where(some[owner], lead / series.unit, np.nan)


def _with_channels(
    encoded: EncodedFrame, series: SeriesSet, place, channels, known, owner
) -> SeriesSet:
    """Queries that carry what is known of their time beforehand."""
    columns = [encoded.schema.channels.index(name) for name in known]
    table = np.full((len(place), len(encoded.schema.channels)), np.nan)
    table[:, columns] = channels
    values, seen = series.values.copy(), series.observed.copy()
    values[place] = standardised(table, encoded.schema, _place(encoded, owner))
    seen[place] = ~np.isnan(table)
    return dataclasses.replace(series, values=values, observed=seen)

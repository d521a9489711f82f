"""From the caller's rows to the rows of a SeriesSet: series one after the other, sorted, merged."""

import dataclasses
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float, Int

from ct_s5._words import first, shown
from ct_s5.frames._long import LongFrame

_HOUR = 3600.0
"""By how much clocks go back where summer time ends."""

Duplicates = Literal["error", "mean", "last"]


@dataclasses.dataclass(frozen=True)
class Layout:
    """R merged rows, laid out series by series in order of time."""

    values: Float[np.ndarray, "R C"]
    first_row: Int[np.ndarray, " R"]
    """The first row of the LongFrame behind each row."""
    row_of: Int[np.ndarray, " M"]
    """The row that each row of the LongFrame went to."""
    offsets: Int[np.ndarray, " _"]
    """(N + 1,): series n owns rows offsets[n]:offsets[n + 1]."""


def lay_out(long: LongFrame, duplicates: Duplicates = "error", sort: bool = False) -> Layout:
    """Bring the rows of each series together and merge those of one time.

    Rows of one (series, time) become one row: channels that only one of them observed, or all
    observed with equal values, are taken as they are. Conflicting values are what `duplicates` is
    for: "error" refuses them, "mean" averages all observed values, "last" takes the last in row
    order.

    Raises:
        ValueError: Times that go back within a series, unless `sort`; conflicts, under "error".
    """
    if duplicates not in get_args(Duplicates):
        raise ValueError(f"duplicates is 'error', 'mean' or 'last'; got {duplicates!r}.")
    order, opens = sorted_rows(long, sort)
    values = long.values[order]
    if not opens.all():
        values = _merge(long, order, values, np.flatnonzero(opens), duplicates)
    row_of = np.empty(len(order), dtype=np.int64)
    row_of[order] = np.cumsum(opens) - 1
    lengths = np.bincount(long.series[order[opens]], minlength=len(long.ids))
    return Layout(values, order[opens], row_of, np.concatenate([[0], np.cumsum(lengths)]))


def sorted_rows(
    long: LongFrame, sort: bool
) -> tuple[Int[np.ndarray, " M"], Bool[np.ndarray, " M"]]:
    """Rows by series and time, and a flag where a new (series, time) opens."""
    ticks = long.times.ticks
    order = np.lexsort((ticks, long.series)) if sort else np.argsort(long.series, kind="stable")
    ticks, owner = ticks[order], long.series[order]
    same_series = owner[1:] == owner[:-1]
    back = same_series & (ticks[1:] < ticks[:-1])
    if back.any():
        before, row = order[first(back) : first(back) + 2].tolist()
        hint = ""
        if long.times.kind == "datetime" and long.times.zone is None:
            (whole,), (rest,) = long.times.elapsed_parts(np.array([before]), np.array([row]))
            if whole + rest <= _HOUR:
                # Sorted, the hour that local clocks show twice would be two hours in turns.
                hint = (
                    " If these are local times over the end of summer time, give them their zone "
                    f"instead: frame[{long.time_col!r}].dt.tz_localize(ZONE, ambiguous='infer')."
                )
        raise ValueError(
            f"Time goes back in {long.where(row)}: {long.times.show(row)} comes after "
            f"{long.times.show(before)} ({long.origin.place(int(long.input_row[before]))}) in "
            f"column {long.time_col!r}. Sort first, frame.sort_values([{long.id_col!r}, "
            f"{long.time_col!r}]), or pass sort=True.{hint}"
        )
    opens = np.ones(len(order), dtype=bool)
    opens[1:] = ~(same_series & (ticks[1:] == ticks[:-1]))
    return order, opens


def conflicts(values: Float[np.ndarray, "M C"], heads: Int[np.ndarray, " R"]):
    """The value of each cell after merging, and where the rows to merge disagree about it."""
    low = np.fmin.reduceat(values, heads, axis=0)
    high = np.fmax.reduceat(values, heads, axis=0)
    return high, low < high


def _merge(long: LongFrame, order, values, heads, duplicates: Duplicates):
    merged, conflict = conflicts(values, heads)
    if not conflict.any():
        return merged
    observed = ~np.isnan(values)
    if duplicates == "mean":
        count = np.maximum(np.add.reduceat(observed, heads, axis=0, dtype=np.int64), 1)
        total = np.add.reduceat(np.where(observed, values, 0.0), heads, axis=0)
        return np.where(conflict, total / count, merged)
    if duplicates == "last":
        position = np.where(observed, np.arange(len(values))[:, None], -1)
        last = np.maximum.reduceat(position, heads, axis=0)
        return np.where(conflict, np.take_along_axis(values, np.maximum(last, 0), axis=0), merged)
    head, c = np.argwhere(conflict)[0].tolist()
    end = heads[head + 1] if head + 1 < len(heads) else len(values)
    cells = values[heads[head] : end, c]
    one, other = heads[head] + first(observed[heads[head] : end, c]), None
    other = heads[head] + first(observed[heads[head] : end, c] & (cells != values[one, c]))
    rows = order[[one, other]].tolist()
    places = " and ".join(long.origin.place(int(long.input_row[row])) for row in rows)
    raise ValueError(
        f"Series {shown(long.ids[long.series[rows[0]]])} has two values of channel "
        f"{long.channels[c]!r} at {long.times.show(rows[0])} ({places}): {values[one, c]} and "
        f"{values[other, c]}; {conflict.any(axis=1).sum()} such times in all. Keep one of them, or "
        "pass duplicates='mean' or duplicates='last'."
    )

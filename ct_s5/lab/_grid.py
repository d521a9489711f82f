"""A regular grid in place of each series' own times, and what stands at its points."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Num

Grid = int | str | float | None
"""How many points a series gets, or the step between them; None for as many as it has readings."""

_MOST = 100_000_000


class Rows(NamedTuple):
    """R rows of some series, series by series and in order of time."""

    owner: Int[np.ndarray, " R"]
    since: Num[np.ndarray, " R"]
    """Time in ticks, since any instant; or in numbers of the time column."""
    reading: Bool[np.ndarray, " R"]
    values: Float[np.ndarray, "R C"]
    """NaN where not observed."""


class Points(NamedTuple):
    """G points of the grids of all series."""

    owner: Int[np.ndarray, " G"]
    since: Num[np.ndarray, " G"]


def lay_grid(rows: Rows, n_points: int | None = None, step: float | None = None) -> Points:
    """The points of every series, from its first reading to its last.

    Args:
        rows: Of all series; of one without a reading all rows count.
        n_points: Of each series, at least 2. With no step either, as many as it has readings.
        step: From one point to the next, in ticks. The last may then lie beyond the last reading.

    Raises:
        ValueError: More points than fit anywhere.
    """
    names, inverse = np.unique(rows.owner, return_inverse=True)
    heard = np.bincount(inverse, rows.reading, minlength=len(names)) > 0
    counted = rows.reading | ~heard[inverse]
    whose = inverse[counted]
    first = np.searchsorted(whose, np.arange(len(names)))
    last = np.searchsorted(whose, np.arange(len(names)), side="right") - 1
    begin, end = rows.since[counted][first], rows.since[counted][last]
    span = (end - begin).astype(np.float64)
    if step is not None:
        lengths = np.ceil(span / step) + 1
    elif n_points is not None:
        lengths = np.full(len(names), n_points)
    else:
        lengths = last - first + 1
    lengths = np.where(span > 0, lengths, 1)
    if lengths.sum() > _MOST:
        raise ValueError(f"The grid has {lengths.sum():,.0f} points in all: name a longer step.")
    lengths = lengths.astype(np.int64)
    owner = np.repeat(np.arange(len(names)), lengths)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    if step is None:
        since = span[owner] * (number / np.maximum(lengths - 1, 1)[owner])
    else:
        since = number * step
    if rows.since.dtype.kind != "f":
        since = np.round(since).astype(np.int64)
        nearly = 0
    else:
        # Rounding must not part a point from a row at the same time.
        apart = span / np.maximum(lengths - 1, 1) if step is None else np.full(len(span), step)
        nearly = 1e-9 * apart[owner]
    since = since + begin[owner]
    # Rounding leaves no reading beyond the last point.
    ends = number == lengths[owner] - 1
    since = np.where(ends, np.maximum(since, end[owner]), since)
    near = np.maximum(_nearest_before(rows, Points(names[owner], since + nearly)), 0)
    same = (rows.owner[near] == names[owner]) & (np.abs(rows.since[near] - since) <= nearly)
    since = np.where(same, rows.since[near], since)
    # Where ticks are too coarse for so many points, some fall together.
    new = (np.diff(owner, prepend=-1) != 0) | (np.diff(since, prepend=since[:1] - 1) != 0)
    return Points(names[owner[new]], since[new])


def resample(rows: Rows, points: Points, kind: str) -> Float[np.ndarray, "G C"]:
    """What each channel shows at the points: "last", "linear" or "mean". NaN for nothing."""
    if kind == "mean":
        return _mean(rows, points)
    begin = np.searchsorted(rows.owner, points.owner)
    end = np.searchsorted(rows.owner, points.owner, side="right")
    before = _nearest_before(rows, points)
    here = np.maximum(before, 0)
    after = np.where(before < 0, begin, here + (rows.since[here] < points.since))
    found = np.full((rows.values.shape[1], len(points.owner)), np.nan)
    for column, out in zip(np.ascontiguousarray(rows.values.T), found, strict=True):
        seen = ~np.isnan(column)
        if not seen.any():
            continue
        values, since = column[seen], rows.since[seen]
        # Of the values that were seen, in order: how many lie in the rows before each row.
        count = np.concatenate([[0], np.cumsum(seen)])
        earlier, later = count[before + 1] - 1, count[after]
        heard, awaited = earlier >= count[begin], later < count[end]
        earlier, later = np.maximum(earlier, 0), np.minimum(later, len(values) - 1)
        out[heard] = values[earlier[heard]]
        if kind == "linear":
            first = awaited & ~heard
            out[first] = values[later[first]]
            at = np.flatnonzero(heard & awaited & (earlier < later))
            a, b = earlier[at], later[at]
            share = (points.since[at] - since[a]) / (since[b] - since[a])
            out[at] = values[a] + share * (values[b] - values[a])
    return found.T


def numbered(
    owner: Int[np.ndarray, " T"], counted: Bool[np.ndarray, " T"]
) -> Float[np.ndarray, " T"]:
    """0, 1, 2, ... for what counts in each series; the rows between at 1/2, 2/3, 3/4, ... of one.

    So no number is made of how many rows come after it.
    """
    place = np.arange(len(owner))
    opens = np.diff(owner, prepend=-1) != 0
    begun = np.maximum.accumulate(np.where(opens, place, 0))
    seen = np.cumsum(counted)
    number = seen - (seen - counted)[begun] - 1.0
    # A run of rows that do not count: how far along it each is.
    starts = opens | counted | np.concatenate([[True], counted[:-1]])
    along = place - np.maximum.accumulate(np.where(starts, place, 0)) + 1
    return np.where(counted, number, number + along / (along + 1))


def _mean(rows: Rows, points: Points) -> Float[np.ndarray, "G C"]:
    """The mean of the readings since the point before, and up to this one."""
    # The first point at or after each row. Rows before the first point hold nothing.
    before = _nearest_before(points, rows)
    here = np.maximum(before, 0)
    point = here + ((before >= 0) & (points.since[here] < rows.since))
    found = np.full((rows.values.shape[1], len(points.owner)), np.nan)
    for column, out in zip(np.ascontiguousarray(rows.values.T), found, strict=True):
        seen = ~np.isnan(column)
        count = np.bincount(point[seen], minlength=len(out))
        total = np.bincount(point[seen], column[seen], minlength=len(out))
        np.divide(total, count, out=out, where=count > 0)
    return found.T


def _nearest_before(rows: Rows | Points, points: Rows | Points) -> Int[np.ndarray, " G"]:
    """The last row of the same series at or before each point; -1 where there is none."""
    n_rows = len(rows.owner)
    owner = np.concatenate([rows.owner, points.owner])
    since = np.concatenate([rows.since, points.since])
    order = np.lexsort((np.arange(len(owner)) >= n_rows, since, owner))
    last = np.empty(len(owner), np.int64)
    last[order] = np.maximum.accumulate(np.where(order < n_rows, order, -1))
    last = last[n_rows:]
    begin = np.searchsorted(rows.owner, points.owner)
    return np.where(last >= begin, last, -1)

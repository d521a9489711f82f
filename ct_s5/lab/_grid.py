"""A regular grid in place of each series' own times, and what stands at its points."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Num

from ct_s5.frames import FrameSchema, read_unit

Grid = int | str | float | None
"""How many points a series gets, or the step between them; None for as many as it has readings."""

_MOST = 100_000_000


class Rows(NamedTuple):
    """R rows of some series, series by series and in order of time."""

    owner: Int[np.ndarray, " R"]
    since: Num[np.ndarray, " R"]
    """Time since the series' first row, in ticks, or in numbers of the time column."""
    reading: Bool[np.ndarray, " R"]
    values: Float[np.ndarray, "R C"]
    """NaN where not observed."""


class Points(NamedTuple):
    """G points of the grids of all series."""

    owner: Int[np.ndarray, " G"]
    since: Num[np.ndarray, " G"]


def lay_grid(rows: Rows, grid: Grid, per_unit: int, schema: FrameSchema) -> Points:
    """The points of every series, from its first reading to its last.

    Args:
        rows: Of all series; of one without a reading all rows count.
        grid: See `Grid`. With a step the last point may lie beyond the last reading.
        per_unit: Ticks in a second.
        schema: Tells what kind of length a step is.

    Raises:
        ValueError: No number of points and no length of time; or more points than fit anywhere.
    """
    names, inverse = np.unique(rows.owner, return_inverse=True)
    heard = np.bincount(inverse, rows.reading, minlength=len(names)) > 0
    counted = rows.reading | ~heard[inverse]
    whose = inverse[counted]
    first = np.searchsorted(whose, np.arange(len(names)))
    last = np.searchsorted(whose, np.arange(len(names)), side="right") - 1
    begin = rows.since[counted][first]
    span = (rows.since[counted][last] - begin).astype(np.float64)
    step = None
    if grid is None:
        n_points = last - first + 1
    elif isinstance(grid, int | np.integer) and not isinstance(grid, bool):
        if grid < 2:
            raise ValueError(f"grid={grid}: a grid has at least 2 points.")
        n_points = np.full(len(names), int(grid))
    else:
        step = read_unit(grid, schema.time_kind, schema.time_col, "grid") * per_unit
        n_points = np.ceil(span / step) + 1
    n_points = np.where(span > 0, n_points, 1)
    if n_points.sum() > _MOST:
        raise ValueError(
            f"grid={grid!r} makes {n_points.sum():,.0f} points in all: name a longer step."
        )
    n_points = n_points.astype(np.int64)
    owner = np.repeat(np.arange(len(names)), n_points)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(n_points) - n_points, n_points)
    if step is None:
        since = span[owner] * (number / np.maximum(n_points - 1, 1)[owner])
    else:
        since = number * step
    if rows.since.dtype.kind != "f":
        since = np.round(since).astype(np.int64)
    since = since + begin[owner]
    # Where ticks are too coarse for so many points, some fall together.
    new = (np.diff(owner, prepend=-1) != 0) | (np.diff(since, prepend=since[:1] - 1) != 0)
    return Points(names[owner[new]], since[new])


def resample(rows: Rows, points: Points, kind: str) -> Float[np.ndarray, "G C"]:
    """What each channel shows at the points: "last", "linear" or "mean". NaN for nothing."""
    if kind == "mean":
        return _mean(rows, points)
    before = _nearest_before(rows, points)
    earlier = _filled(rows, before)
    if kind == "last":
        return _taken(rows.values, earlier)
    # The same from the other end gives the nearest at or after.
    mirrored = Rows(rows.owner[::-1], -rows.since[::-1], rows.reading[::-1], rows.values[::-1])
    turned = Points(points.owner[::-1], -points.since[::-1])
    after = _nearest_before(mirrored, turned)
    later = _filled(mirrored, after)[::-1]
    later = np.where(later >= 0, len(rows.owner) - 1 - later, -1)
    a, b = _taken(rows.values, earlier), _taken(rows.values, later)
    start = rows.since[earlier].astype(np.float64)
    width = rows.since[later] - start
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(width > 0, (points.since[:, None] - start) / width, 0.0)
    line = a + share * (b - a)
    return np.where(earlier < 0, b, np.where(later < 0, a, line))


def numbered(
    owner: Int[np.ndarray, " T"], counted: Bool[np.ndarray, " T"]
) -> Float[np.ndarray, " T"]:
    """0, 1, 2, ... for what counts in each series; the rows between lie evenly between."""
    place = np.arange(len(owner))
    opens = np.diff(owner, prepend=-1) != 0
    begun = np.maximum.accumulate(np.where(opens, place, 0))
    seen = np.cumsum(counted)
    number = seen - (seen - counted)[begun] - 1.0
    # A run of rows that do not count: how far along it each is, and how long it is.
    starts = opens | counted | np.concatenate([[True], counted[:-1]])
    run = np.cumsum(starts) - 1
    along = place - np.maximum.accumulate(np.where(starts, place, 0)) + 1
    return np.where(counted, number, number + along / (np.bincount(run)[run] + 1))


def _mean(rows: Rows, points: Points) -> Float[np.ndarray, "G C"]:
    """The mean of the readings since the point before, and up to this one."""
    # A reading belongs to the first point at or after it; the last point has none after it.
    mirrored = Rows(points.owner[::-1], -points.since[::-1], np.ones(0), np.ones(0))
    turned = Points(rows.owner[::-1], -rows.since[::-1])
    point = len(points.owner) - 1 - _nearest_before(mirrored, turned)[::-1]
    found = np.full((len(points.owner), rows.values.shape[1]), np.nan)
    for c, column in enumerate(rows.values.T):
        seen = ~np.isnan(column) & (point < len(points.owner))
        count = np.bincount(point[seen], minlength=len(found))
        total = np.bincount(point[seen], column[seen], minlength=len(found))
        found[count > 0, c] = total[count > 0] / count[count > 0]
    return found


def _nearest_before(rows: Rows, points: Points) -> Int[np.ndarray, " G"]:
    """The last row of the same series at or before each point; -1 where there is none.

    Both come in the same order of series, be it rising or falling, and of time.
    """
    if not len(rows.owner):
        return np.full(len(points.owner), -1)
    n_rows = len(rows.owner)
    owner = np.concatenate([rows.owner, points.owner])
    since = np.concatenate([rows.since, points.since])
    place = np.arange(len(owner))
    order = np.lexsort((place >= n_rows, since, owner if owner[0] <= owner[-1] else -owner))
    last = np.empty(len(owner), np.int64)
    last[order] = np.maximum.accumulate(np.where(order < n_rows, order, -1))
    last = last[n_rows:]
    same = (last >= 0) & (rows.owner[np.maximum(last, 0)] == points.owner)
    return np.where(same, last, -1)


def _filled(rows: Rows, before: Int[np.ndarray, " G"]) -> Int[np.ndarray, "G C"]:
    """The last row, up to those named, in which each channel was observed; -1 for none."""
    place = np.arange(len(rows.owner))
    seen = np.where(np.isnan(rows.values), -1, place[:, None])
    seen = np.maximum.accumulate(seen, axis=0)[before]
    opens = np.diff(rows.owner, prepend=rows.owner[:1] - 1) != 0
    begun = np.maximum.accumulate(np.where(opens, place, 0))[before]
    return np.where((before[:, None] >= 0) & (seen >= begun[:, None]), seen, -1)


def _taken(values: Float[np.ndarray, "R C"], row: Int[np.ndarray, "G C"]):
    found = np.take_along_axis(values, np.maximum(row, 0), axis=0)
    return np.where(row >= 0, found, np.nan)

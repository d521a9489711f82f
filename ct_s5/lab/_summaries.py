"""A series as one row of numbers, or its history as one row at each reading."""

import numpy as np
from jaxtyping import Float

from ct_s5.batch import SeriesSet

STATISTICS = ("count", "mean", "sd", "min", "max", "first", "last", "slope", "since last")
"""Of each channel of a whole series; NaN where there are too few readings for one."""

HISTORY = ("last", "mean", "count", "age")
"""Of each channel up to a row."""


def summarise(series: SeriesSet) -> Float[np.ndarray, "N F"]:
    """`STATISTICS` of each channel, then the span, the number of readings and the static features.

    The slope is that of the least squares line over time. Times are in model units; "since last"
    runs from the channel's last value to the last reading of the series.
    """
    n = len(series)
    times = series.elapsed
    begin, end = np.full(n, np.nan), np.full(n, np.nan)
    rows = np.flatnonzero(series.reading)
    owner = series.owners
    # Written in order, so that the first or the last of several stays.
    begin[owner[rows[::-1]]] = times[rows[::-1]]
    end[owner[rows]] = times[rows]
    columns: list[Float[np.ndarray, " N"]] = []
    for c, seen in enumerate(series.observed.T):
        rows = np.flatnonzero(seen)
        whose, at, x = owner[rows], times[rows], series.values[rows, c].astype(np.float64)
        count = np.bincount(whose, minlength=n).astype(np.float64)

        def mean(values, whose=whose, count=count):
            total = np.bincount(whose, values, minlength=n)
            return np.divide(total, count, out=np.full(n, np.nan), where=count > 0)

        middle, moment = mean(x), mean(at)
        dx, dt = x - middle[whose], at - moment[whose]
        spread, steepness = mean(dt**2), mean(dx * dt)
        # A time that comes twice is one row, so two readings always have a spread in time.
        slope = np.divide(steepness, spread, out=np.full(n, np.nan), where=spread > 0)
        low, high = np.full(n, np.inf), np.full(n, -np.inf)
        np.minimum.at(low, whose, x)
        np.maximum.at(high, whose, x)
        first, last, lately = (np.full(n, np.nan) for _ in range(3))
        first[whose[::-1]] = x[::-1]
        last[whose], lately[whose] = x, at
        low, high = np.where(count > 0, low, np.nan), np.where(count > 0, high, np.nan)
        columns += [count, middle, np.sqrt(mean(dx**2)), low, high, first, last, slope]
        columns.append(end - lately)
    heard = np.bincount(owner, series.reading, minlength=n)
    return np.column_stack([*columns, end - begin, heard, series.static])


def last_values(series: SeriesSet) -> Float[np.ndarray, "N F"]:
    """Each channel's last value, then the static features."""
    last = np.full((len(series), series.values.shape[1]), np.nan)
    owner = series.owners
    for c, seen in enumerate(series.observed.T):
        last[owner[seen], c] = series.values[seen, c]
    return np.column_stack([last, series.static])


def histories(series: SeriesSet, only_last: bool = False) -> Float[np.ndarray, "R F"]:
    """What is known at each row, itself included and nothing after it.

    `HISTORY` of each channel, then the time since the first row, the number of readings and the
    static features; with `only_last` each channel's last value and the static features alone.
    """
    owner, seen = series.owners, series.observed
    place = np.arange(len(owner))
    begun = series.offsets[:-1][owner]
    row = np.maximum.accumulate(np.where(seen, place[:, None], -1), axis=0)
    there = row >= begun[:, None]
    values = np.take_along_axis(series.values, np.maximum(row, 0), axis=0).astype(np.float64)
    last = np.where(there, values, np.nan)
    static = series.static[owner]
    if only_last:
        return np.column_stack([last, static])
    times = series.elapsed
    count = _running(seen.astype(np.float64), begun)
    total = _running(np.where(seen, series.values, 0.0).astype(np.float64), begun)
    mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    age = np.where(there, times[:, None] - times[np.maximum(row, 0)], np.nan)
    heard = _running(series.reading.astype(np.float64)[:, None], begun)
    return np.column_stack([last, mean, count, age, times, heard, static])


def _running(values: Float[np.ndarray, "R C"], begun) -> Float[np.ndarray, "R C"]:
    """Sums over each series up to and with each row."""
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    return total[1:] - total[begun]

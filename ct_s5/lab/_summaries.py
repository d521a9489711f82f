"""A series as one row of numbers, or its history as one row at each reading."""

import numpy as np
import pandas as pd
from jaxtyping import Float, Shaped

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
    owner = series.owners
    n_rows, n_channels = series.values.shape
    place, begun = np.arange(n_rows), series.offsets[:-1][owner]
    static = series.static[owner]
    times = series.elapsed
    found = np.full((1 if only_last else len(HISTORY), n_channels, n_rows), np.nan)
    for c in range(n_channels):
        seen, values = series.observed[:, c], series.values[:, c].astype(np.float64)
        row = np.maximum.accumulate(np.where(seen, place, -1))
        there = row >= begun
        row = row[there]
        found[0, c, there] = values[row]
        if not only_last:
            count, total = _running(seen, owner), _running(np.where(seen, values, 0.0), owner)
            np.divide(total, count, out=found[1, c], where=there)
            found[2, c] = count
            found[3, c, there] = times[there] - times[row]
    known = found.reshape(-1, n_rows).T
    if only_last:
        return np.column_stack([known, static])
    return np.column_stack([known, times, _running(series.reading, owner), static])


def _running(values: Shaped[np.ndarray, " R"], owner) -> Float[np.ndarray, " R"]:
    """Sums over each series up to and with each row; no series' values touch another's digits."""
    return pd.Series(values, dtype=np.float64).groupby(owner).cumsum().to_numpy()

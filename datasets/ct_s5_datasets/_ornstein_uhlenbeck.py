"""The Ornstein-Uhlenbeck process at irregular times: exact sampling and the best forecast.

A value that is pulled back to its mean and pushed about by white noise; Gaussian and Markov, so
that all conditionals are known in closed form whatever the gaps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class OrnsteinUhlenbeck:
    """A stationary process with correlation exp(-gap / timescale), read with an error.

    Attributes:
        mean: What it returns to.
        deviation: Its standard deviation at any one time.
        timescale: Seconds in which the correlation falls to 1 / e.
        noise: Standard deviation of a reading's error; 0 for exact readings.

    """

    mean: float
    deviation: float
    timescale: float
    noise: float = 0.0

    def __post_init__(self):
        for name in ("deviation", "timescale"):
            if not 0 < getattr(self, name) < np.inf:
                raise ValueError(f"{name}={getattr(self, name)} must be a number above 0.")
        if not 0 <= self.noise < np.inf:
            raise ValueError(f"noise={self.noise} must be a number, 0 or more.")
        if not np.isfinite(self.mean):
            raise ValueError(f"mean={self.mean} must be a number.")

    def sample(
        self, draws: np.random.Generator, series: np.ndarray, seconds: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw true values and readings at given times; nothing is approximated.

        Args:
            draws: Where the chance comes from.
            series: The series of each row, sorted.
            seconds: Its time, rising within a series.

        """
        gaps = _gaps(series, seconds)
        kicks = draws.normal(size=len(series))
        true = np.empty(len(series))
        for rows, before in _by_position(series):
            last = self.mean if before is None else true[before]
            mean, variance = self._later(last, 0.0, gaps[rows])
            true[rows] = mean + np.sqrt(variance) * kicks[rows]
        return true, true + self.noise * draws.normal(size=len(series))

    def forecast(self, readings: pd.DataFrame, queries: pd.DataFrame) -> pd.DataFrame:
        """Mean and variance of the process at later times, given the readings until then.

        No forecaster has a smaller mean squared error than this mean, whose error is `variance` on
        average; against readings instead of true values, `variance + noise**2`.

        Args:
            readings: `unique_id`, `ds` (timedeltas or timestamps) and `value`, in any order. NaN
                is no reading.
            queries: `unique_id`, `ds`, and, if wanted, `known_until`: readings up to this time,
                itself included, are known. Without it, those before `ds` are, so that a frame
                asked about itself gives the forecast of each reading from those before it.

        Returns:
            `unique_id`, `ds`, `mean` and `variance`, with the rows and the index of `queries`.
            Where nothing is known yet, the process's own mean and variance.

        Raises:
            ValueError: A column is absent, a time or an id is missing, unknown or given twice, a
                value is infinite, or `known_until` is after `ds`.

        """
        _check(readings, queries)
        ids, origin = pd.Index(readings["unique_id"].unique()), readings["ds"].min()
        known = readings.loc[readings["value"].notna()]
        series, at = _numbers(known, ids), _nanoseconds(known["ds"], origin)
        order = np.lexsort((at, series))
        series, at = series[order], at[order]
        means, variances = self._filter(series, at, known["value"].to_numpy(np.float64)[order])

        given = "known_until" in queries
        until = _nanoseconds(queries["known_until" if given else "ds"], origin)
        row = _last_row((series, at), (_numbers(queries, ids), until), or_equal=given)
        # Row -1, where nothing is known yet, is one more at the end, infinitely long ago.
        since = _nanoseconds(queries["ds"], origin) - np.append(at, 0)[row]
        mean, variance = self._later(
            np.append(means, self.mean)[row],
            np.append(variances, 0.0)[row],
            np.where(row < 0, np.inf, since / 1e9),
        )
        return queries[["unique_id", "ds"]].assign(mean=mean, variance=variance)

    def _filter(
        self, series: np.ndarray, nanoseconds: np.ndarray, values: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance just after each reading, given it and those before it (Kalman)."""
        gaps = _gaps(series, nanoseconds) / 1e9
        means, variances = np.empty(len(values)), np.empty(len(values))
        error = self.noise**2
        for rows, before in _by_position(series):
            last = (0.0, 0.0) if before is None else (means[before], variances[before])
            mean, variance = self._later(*last, gaps[rows])
            gain = variance / (variance + error)
            means[rows] = mean + gain * (values[rows] - mean)
            variances[rows] = gain * error
        return means, variances

    def _later(self, mean, variance, gap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What is known of the value a gap later; an infinite gap forgets everything."""
        decay = np.exp(-gap / self.timescale)
        grown = -np.expm1(-2 * gap / self.timescale) * self.deviation**2
        return self.mean + (mean - self.mean) * decay, variance * decay**2 + grown


def _gaps(series: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Time since the row before; infinite at the first of each series."""
    gaps = np.diff(times, prepend=times[:1]).astype(np.float64)
    gaps[np.flatnonzero(np.diff(series, prepend=-1))] = np.inf
    return gaps


def _by_position(series: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """First rows of all series, then second rows with the first ones, and so on."""
    _, starts, lengths = np.unique(series, return_index=True, return_counts=True)
    for position in range(lengths.max(initial=0)):
        rows = starts[lengths > position] + position
        yield rows, rows - 1 if position else None


def _numbers(table: pd.DataFrame, ids: pd.Index) -> np.ndarray:
    return ids.get_indexer(pd.Index(table["unique_id"]))


def _nanoseconds(times, origin) -> np.ndarray:
    return (times - origin).dt.as_unit("ns").astype("int64").to_numpy()


def _last_row(
    known: tuple[np.ndarray, np.ndarray], asked: tuple[np.ndarray, np.ndarray], *, or_equal: bool
) -> np.ndarray:
    """Of each asked (series, time): the last known row of that series before it, or -1.

    Known rows are sorted. Both go into one order, where the greatest row so far is the last.
    """
    n_known = len(known[0])
    series, times = (np.concatenate(both) for both in zip(known, asked, strict=True))
    is_asked = np.arange(len(series)) >= n_known
    order = np.lexsort((is_asked == or_equal, times, series))
    found = np.empty(len(series), dtype=np.int64)
    found[order] = np.maximum.accumulate(np.where(is_asked[order], -1, order))
    found = found[n_known:]
    same_series = np.append(known[0], -1)[found] == asked[0]
    return np.where(same_series, found, -1)


def _check(readings: pd.DataFrame, queries: pd.DataFrame) -> None:
    for what, table, columns in (
        ("readings", readings, ("unique_id", "ds", "value")),
        ("queries", queries, ("unique_id", "ds")),
    ):
        absent = [name for name in columns if name not in table]
        if absent:
            raise ValueError(f"{what} has no column {absent[0]!r}; it needs {', '.join(columns)}.")
        if (
            table["ds"].dtype.kind not in "mM"
            or table["ds"].dtype.kind != readings["ds"].dtype.kind
        ):
            raise ValueError(
                f"{what} has ds as {table['ds'].dtype}. Give timedeltas in both readings and "
                "queries, or timestamps in both."
            )
        if table[["unique_id", "ds"]].isna().to_numpy().any():
            raise ValueError(f"{what} has a row without unique_id or ds. Drop it, or give both.")
    if np.isinf(readings["value"].to_numpy(dtype=np.float64)).any():
        raise ValueError("readings has an infinite value. Make it NaN where nothing was read.")
    twice = readings.loc[readings.duplicated(["unique_id", "ds"])]
    if len(twice):
        series, when = twice["unique_id"].tolist()[0], twice["ds"].tolist()[0]
        raise ValueError(f"readings has series {series!r} twice at {when}. Keep one row a time.")
    known = set(readings["unique_id"])
    unknown = [series for series in queries["unique_id"].unique().tolist() if series not in known]
    if unknown:
        raise ValueError(f"queries asks about series {unknown[0]!r}, readings has none of it.")
    if "known_until" in queries:
        late = queries.loc[~(queries["known_until"] <= queries["ds"])]
        if len(late):
            told = (late[name].tolist()[0] for name in ("unique_id", "known_until", "ds"))
            raise ValueError(
                "queries, series {!r}: known_until {} is not at or before ds {}. "
                "Only later times are forecast.".format(*told)
            )

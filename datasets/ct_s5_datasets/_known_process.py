"""A process whose best forecast is known, so that a forecaster is set against what is possible.

Made from a seed, nothing is read. What is in it: `datasets/cards/ornstein_uhlenbeck.md`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ._dataset import Column, Dataset, read_card
from ._ornstein_uhlenbeck import OrnsteinUhlenbeck
from ._splits import seeded_splits

PROCESSES = {
    "noisy": OrnsteinUhlenbeck(mean=20.0, deviation=2.0, timescale=10.0, noise=1.0),
    "exact": OrnsteinUhlenbeck(mean=20.0, deviation=2.0, timescale=10.0),
}
"""The process behind each part; its `forecast` gives the best mean and variance."""

PARTS = tuple(PROCESSES)

_SHORTEST, _LONGEST = 40, 80  # readings of one series
_MEDIAN_GAP, _SPREAD = 2.0, 1.2  # seconds; standard deviation of the gap's logarithm


def load(
    root: object = None, part: str = "noisy", *, n_series: int = 500, seed: int = 0
) -> Dataset:
    """Simulate series of an Ornstein-Uhlenbeck process, read at irregular times.

    Args:
        root: Not looked at: nothing is read.
        part: "noisy": each reading has an error of 1, half the process's own deviation; "exact":
            none. `PROCESSES` has the parameters and the best forecast of each. Times and true
            values are the same in both.
        n_series: How many.
        seed: The same seed gives the same series.

    Returns:
        `frame` has the one channel `value` and `ds`, a timedelta since the first reading; ids are 0
        to n_series - 1. There are no labels: the question is what comes next.

    Raises:
        ValueError: There is no such part, or no series is asked for.

    """
    if part not in PROCESSES:
        raise ValueError(
            f"part={part!r}: ornstein_uhlenbeck has the parts {' and '.join(map(repr, PARTS))}."
        )
    if n_series < 1:
        raise ValueError(f"n_series={n_series}: ask for at least one series.")
    process = PROCESSES[part]
    draws = np.random.default_rng(seed)
    lengths = draws.integers(_SHORTEST, _LONGEST + 1, n_series)
    series = np.repeat(np.arange(n_series), lengths)
    gaps = _MEDIAN_GAP * np.exp(_SPREAD * draws.normal(size=len(series)))
    microseconds = np.cumsum(np.maximum(np.rint(gaps * 1e6).astype(np.int64), 1))
    first = np.cumsum(lengths) - lengths
    microseconds -= microseconds[first][series]
    _, values = process.sample(draws, series, microseconds / 1e6)
    frame = pd.DataFrame(
        {"unique_id": series, "ds": microseconds.astype("timedelta64[us]"), "value": values}
    )
    return Dataset(
        frame=frame,
        labels=None,
        static=None,
        schema={
            "unique_id": Column("unique_id", "number of the series", ""),
            "ds": Column("ds", "time since the first reading", "timedelta, microseconds"),
            "value": Column("value", "the process, with the part's error", "any"),
        },
        splits=seeded_splits(np.arange(n_series)),
        card=read_card("ornstein_uhlenbeck") + _counted(part, process, frame, seed),
    )


def _counted(part: str, process: OrnsteinUhlenbeck, frame: pd.DataFrame, seed: int) -> str:
    lines = [
        f"- part: {part}: {process}",
        f"- seed: {seed}",
        f"- series: {frame['unique_id'].nunique()}",
        f"- rows: {len(frame)}",
    ]
    return "\n## Counted in this load\n\n" + "\n".join(lines) + "\n"

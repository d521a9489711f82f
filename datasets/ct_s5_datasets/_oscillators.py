"""Damped oscillators in closed form, read with jitter, in bursts and with drop-outs; which class?

Made from a seed, nothing is read. What is in it: `datasets/cards/oscillators.md`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from ._dataset import Column, Dataset, read_card
from ._splits import seeded_splits

PARTS = ("frequency", "damping")

FREQUENCIES = {"slow": 0.4, "medium": 0.7, "fast": 1.2}  # Hz
DAMPINGS = {"light": 0.05, "moderate": 0.12, "heavy": 0.29}  # 1 / s

_CLASSES = {"frequency": FREQUENCIES, "damping": DAMPINGS}
_WITHIN_CLASS = 0.15  # half-width, as a share
_TICKS, _BURSTS, _BURST_LENGTH, _DROPOUTS = 80, 4, 6, 2
_MEAN_GAPS = (0.07, 0.42)  # seconds between ticks
_POSITION_ONLY, _VELOCITY_ONLY = 0.4, 0.4  # shares of the rows; the rest have both


class Motion(NamedTuple):
    """What the series truly do, one element a series: A exp(-damping t) cos(2 pi f t + phase)."""

    amplitude: np.ndarray
    phase: np.ndarray
    frequency: np.ndarray
    damping: np.ndarray

    def at(self, series: np.ndarray, seconds: np.ndarray) -> np.ndarray:
        """Position, and velocity over 2 pi f: (rows, 2), without noise."""
        amplitude, phase, frequency, damping = (each[series] for each in self)
        angular = 2 * np.pi * frequency
        envelope = amplitude * np.exp(-damping * seconds)
        turned = angular * seconds + phase
        position = envelope * np.cos(turned)
        velocity = -envelope * np.sin(turned) - damping / angular * position
        return np.stack([position, velocity], axis=1)


def load(
    root: object = None,
    part: str = "frequency",
    *,
    n_series: int = 360,
    seed: int = 0,
    noise: float = 0.1,
) -> Dataset:
    """Simulate oscillators and label each with its class.

    Args:
        root: Not looked at: nothing is read.
        part: What tells the classes apart, "frequency" or "damping"; the other is drawn alike for
            all.
        n_series: How many; the classes are as even as that allows.
        seed: The same seed gives the same series.
        noise: Standard deviation of a reading's error, as a share of the series' amplitude.

    Returns:
        `frame` has `position` and `velocity` (NaN where that sensor did not report) and `ds`, a
        timedelta since the first reading; ids are 0 to n_series - 1. `labels` is the class.

    Raises:
        ValueError: There is no such part, no series is asked for, or the noise is negative.

    """
    if part not in PARTS:
        raise ValueError(f"part={part!r}: oscillators has the parts {PARTS[0]!r} and {PARTS[1]!r}.")
    if n_series < 1:
        raise ValueError(f"n_series={n_series}: ask for at least one series.")
    if not 0 <= noise < np.inf:
        raise ValueError(f"noise={noise}: give a share of the amplitude, 0 or more.")
    draws = np.random.default_rng(seed)
    motion, classes = draw_motion(draws, n_series, part)
    series, microseconds = _draw_times(draws, n_series)
    values = motion.at(series, microseconds / 1e6)
    values += noise * motion.amplitude[series, None] * draws.normal(size=values.shape)
    reports = draws.random(len(values))
    values[reports < _POSITION_ONLY, 1] = np.nan
    values[reports >= 1 - _VELOCITY_ONLY, 0] = np.nan
    frame = pd.DataFrame(values, columns=["position", "velocity"])
    frame.insert(0, "unique_id", series)
    frame.insert(1, "ds", microseconds.astype("timedelta64[us]"))
    ids = pd.RangeIndex(n_series, name="unique_id")
    labels = pd.Series(classes, index=ids.astype("int64"), name=part)
    return Dataset(
        frame=frame,
        labels=labels,
        static=None,
        schema=_schema(part),
        splits=seeded_splits(labels.index.to_numpy()),
        card=read_card("oscillators") + _counted(frame, labels, seed, noise),
    )


def draw_motion(draws: np.random.Generator, n_series: int, part: str) -> tuple[Motion, np.ndarray]:
    """Draw what the series do, and the class of each."""
    told = _CLASSES[part]
    classes = draws.permutation(np.resize(np.array(list(told), dtype=object), n_series))
    middle = np.array([told[name] for name in classes])
    mine = middle * draws.uniform(1 - _WITHIN_CLASS, 1 + _WITHIN_CLASS, n_series)
    range_of_other = (0.03, 0.06) if part == "frequency" else (0.5, 1.0)
    other = _log_uniform(draws, *range_of_other, n_series)
    frequency, damping = (mine, other) if part == "frequency" else (other, mine)
    amplitude = _log_uniform(draws, 0.5, 2, n_series)
    phase = draws.uniform(0, 2 * np.pi, n_series)
    return Motion(amplitude, phase, frequency, damping), classes


def _draw_times(draws: np.random.Generator, n_series: int) -> tuple[np.ndarray, np.ndarray]:
    """Series and microseconds of each row, sorted by both, the first of a series at 0."""
    # In units of the mean gap until the end, so that the order of the readings betrays no class.
    ticks = np.arange(_TICKS) + draws.uniform(-0.35, 0.35, (n_series, _TICKS))
    begin = draws.uniform(0, _TICKS, (n_series, _BURSTS, 1))
    burst = begin + draws.uniform(0.05, 0.15, (n_series, _BURSTS, _BURST_LENGTH)).cumsum(axis=2)
    times = np.concatenate([ticks, burst.reshape(n_series, -1)], axis=1)
    silence = draws.uniform(5, _TICKS - 15, (n_series, _DROPOUTS, 1))
    lasts = draws.uniform(6, 14, (n_series, _DROPOUTS, 1))
    silent = (times[:, None] >= silence) & (times[:, None] < silence + lasts)
    times[silent.any(axis=1)] = np.inf  # sorted to the end
    times.sort(axis=1)
    gap = _log_uniform(draws, *_MEAN_GAPS, (n_series, 1))
    times = (times - times[:, :1]) * gap
    there = np.isfinite(times)
    series, _ = np.nonzero(there)
    microseconds = np.rint(times[there] * 1e6).astype(np.int64)
    again = (np.diff(series) == 0) & (np.diff(microseconds) == 0)
    distinct = np.concatenate([[True], ~again])
    return series[distinct], microseconds[distinct]


def _log_uniform(draws: np.random.Generator, low: float, high: float, shape) -> np.ndarray:
    return np.exp(draws.uniform(np.log(low), np.log(high), shape))


def _schema(part: str) -> dict[str, Column]:
    columns = (
        Column("unique_id", "number of the oscillator", ""),
        Column("ds", "time since the first reading", "timedelta, microseconds"),
        Column("position", "where it is, with the sensor's error", "any"),
        Column("velocity", "velocity over 2 pi times the frequency, with error", "as position"),
        Column(part, f"class of its {part}: {', '.join(_CLASSES[part])}", ""),
    )
    return {column.name: column for column in columns}


def _counted(frame: pd.DataFrame, labels: pd.Series, seed: int, noise: float) -> str:
    lines = [
        f"- part: {labels.name}",
        f"- seed: {seed}",
        f"- noise: {noise}",
        f"- series: {len(labels)}",
        f"- rows: {len(frame)}",
    ]
    return "\n## Counted in this load\n\n" + "\n".join(lines) + "\n"

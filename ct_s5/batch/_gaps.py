"""From times to gaps: on the host, in float64, before anything is cast."""

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from numpy.typing import ArrayLike


def gaps_from_times(
    times: ArrayLike,
    reading: ArrayLike | None = None,
    first_gap: float = 1.0,
) -> tuple[Float[np.ndarray, " L"], Float[np.ndarray, " L"]]:
    """The time since the reading before each step, and to the reading after it.

    A step is a reading or a query. Both look back to the last *reading* before them in row order
    and forward to the first reading after them, so asking a query changes no gap but its own. Two
    readings at one time have a gap of 0 between them.

    Args:
        times: Sorted times (L,) of one series, in the unit the gaps shall have. Any origin; the
            difference of whole numbers is taken exactly, however large they are.
        reading: (L,), False where a step is a query. All are readings when left out.
        first_gap: What the first reading met in a direction gets (and queries before it), in the
            unit of `times`: there is no reading to measure from.

    Returns:
        `gaps`, for the forward direction, and `gaps_after`, for the backward one.

    Raises:
        ValueError: Times that are not finite, or go back.
        TypeError: Timestamps, which have no one unit.
    """
    times = np.asarray(times)
    if times.dtype.kind not in "iuf":
        raise TypeError(
            f"times are numbers in the unit the gaps shall have; got {times.dtype}. Take "
            "timestamps from the first one on: (times - times[0]) / np.timedelta64(1, 'h')."
        )
    if times.dtype.kind == "f":
        times = times.astype(np.float64)
    if not 0 <= first_gap < np.inf:
        raise ValueError(f"first_gap must be a finite number of at least 0; got {first_gap}.")
    if times.ndim != 1:
        raise ValueError(f"times must be one series of shape (L,); got shape {times.shape}.")
    if reading is None:
        reading = np.ones(times.shape, dtype=bool)
    reading = np.asarray(reading, dtype=bool)
    if reading.shape != times.shape:
        raise ValueError(
            f"reading has shape {reading.shape}, times has {times.shape}: one flag a step."
        )
    if not np.isfinite(times).all():
        row = int(np.flatnonzero(~np.isfinite(times))[0])
        raise ValueError(f"times[{row}] is {times[row]}. Drop that step or give it a time.")
    back = np.flatnonzero(times[1:] < times[:-1])
    if back.size:
        row = int(back[0]) + 1
        raise ValueError(
            f"times go back at step {row}: {times[row]} comes after {times[row - 1]}. "
            "Sort the steps by time first, for instance with np.argsort(times, kind='stable')."
        )
    if times.dtype.kind in "iu" and len(times):
        # From the first on, modulo 2^64: narrow or signed ones might not hold their differences.
        times = times.astype(np.uint64) - times[:1].astype(np.uint64)
    return flat_gaps((times,), reading, np.array([0, len(times)]), first_gap)


def flat_gaps(
    times: tuple[Shaped[np.ndarray, " R"], ...],
    reading: Bool[np.ndarray, " R"],
    offsets: Int[np.ndarray, " _"],
    first_gap: float,
    unit: float = 1.0,
    earlier: tuple[Float[np.ndarray, " N"], ...] | None = None,
) -> tuple[Float[np.ndarray, " R"], Float[np.ndarray, " R"]]:
    """`gaps_from_times` for N series end to end; series n owns rows offsets[n]:offsets[n+1].

    A time may come as a sum of parts, whole seconds and the fraction of one: their differences are
    taken part by part, so that a short gap late in a long series loses no digit.

    `earlier` is, in the same parts, when each series was last read before its first row; NaN for
    the series that begin there.
    """
    before = _last_reading_before(reading, offsets)
    # The backward direction is the forward one of the mirrored rows.
    mirrored = (len(reading) - offsets)[::-1]
    after = len(reading) - 1 - _last_reading_before(reading[::-1], mirrored)[::-1]
    row = np.arange(len(reading))
    gaps = _apart(times, row, before, unit, first_gap)
    if earlier is not None:
        parts = zip(times, earlier, strict=True)
        lengths = np.diff(offsets)
        since = sum(part - np.repeat(last, lengths) for part, last in parts) / unit
        gaps = np.where((before < 0) & ~np.isnan(since), since, gaps)
    return gaps, _apart(times, np.where(after < len(row), after, -1), row, unit, first_gap)


def _last_reading_before(reading, offsets):
    """The row of the series' last reading strictly before each row; -1 where there is none."""
    row = np.arange(len(reading))
    upto = np.maximum.accumulate(np.where(reading, row, -1)) if len(row) else row
    before = np.concatenate([[-1], upto[:-1]])[: len(row)]
    start = np.repeat(offsets[:-1], np.diff(offsets))
    return np.where(before >= start, before, -1)


def _apart(times, later, earlier, unit, first_gap):
    known = (later >= 0) & (earlier >= 0)
    parts = (part[later] - part[earlier] for part in times)
    return np.where(known, sum(parts) / unit, first_gap)

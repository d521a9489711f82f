"""Long series cut into windows, so that memory and compile time stay bounded."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Int

from ct_s5.batch._series import SeriesSet


def windows(
    series: SeriesSet, length: int, context: int = 0
) -> tuple[SeriesSet, Int[np.ndarray, " M"], Bool[np.ndarray, " R"]]:
    """Cut each series into windows of at most `length` rows.

    Args:
        series: N series; those of up to `length` rows stay whole.
        length: Rows of a window, `context` among them.
        context: Rows that a window repeats of the one before it, so that what follows them is not
            without a past.

    Returns:
        The M windows as series of their own, in order; the series that each was cut from; and for
        each of their rows whether it is new, rather than context.

    Raises:
        ValueError: A context that leaves no row of a window new.
    """
    if not 0 <= context < length:
        raise ValueError(f"A window of {length} rows cannot repeat {context} of them.")
    fresh = length - context
    more = np.maximum(series.lengths - length, 0)
    n_windows = 1 + -(-more // fresh)
    owner = np.repeat(np.arange(len(series)), n_windows)
    k = np.arange(len(owner)) - np.repeat(np.cumsum(n_windows) - n_windows, n_windows)
    begin = series.offsets[owner] + k * fresh
    end = np.minimum(begin + length, series.offsets[owner + 1])
    offsets = np.concatenate([[0], np.cumsum(end - begin)])
    step = np.arange(offsets[-1]) - np.repeat(offsets[:-1], end - begin)
    rows = np.repeat(begin, end - begin) + step
    new = (step >= context) | np.repeat(k == 0, end - begin)
    earlier = series.earlier and tuple(np.where(k == 0, t[owner], np.nan) for t in series.earlier)
    return series.regrouped(rows, offsets, series.static[owner], earlier), owner, new


def pieces(series: SeriesSet, length: int) -> tuple[SeriesSet, Int[np.ndarray, " M"]]:
    """Cut each series into pieces of `length` rows, the last one shorter, that go on one another.

    No row is repeated, so row r of the pieces is row r of the series; and gaps are what they were,
    also those that reach back into the piece before. For a model that takes up each piece in the
    state that the one before left.

    Args:
        series: N series; those of up to `length` rows stay whole.
        length: Rows of a piece.

    Returns:
        The M pieces, and the series that each was cut from.
    """
    told, owner, _ = windows(series, length)
    row = np.arange(len(series.times))
    last = np.maximum.accumulate(np.where(series.reading, row, -1)) if len(row) else row
    before = np.concatenate([[-1], last])[told.offsets[:-1]]
    known = before >= series.offsets[owner]
    times = (series.times,) if series.fractions is None else (series.times, series.fractions)
    if not len(row):
        return told, owner
    begun = series.earlier or tuple(np.full(len(series), np.nan) for _ in times)
    earlier = tuple(
        np.where(known, part[before], first[owner])
        for part, first in zip(times, begun, strict=True)
    )
    return dataclasses.replace(told, earlier=earlier), owner

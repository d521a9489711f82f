"""Ragged series drawn at random."""

import numpy as np

from ct_s5.batch import SeriesSet

C, S = 2, 1


def draw_series(seed, lengths=(5, 0, 9, 1, 3, 9), queries=0.3):
    """Series of these lengths; every value is the number of its row, so that it can be traced."""
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(int)
    n_rows = offsets[-1]
    # Quarters: sums and differences are exact, and some steps share a time.
    times = [np.cumsum(rng.integers(0, 8, n)) / 4 for n in lengths]
    return SeriesSet(
        values=np.arange(n_rows * C, dtype=np.float32).reshape(n_rows, C),
        observed=rng.random((n_rows, C)) < 0.8,
        times=np.concatenate([*times, np.zeros(0)]),
        reading=rng.random(n_rows) >= queries,
        offsets=offsets,
        static=np.arange(len(lengths) * S, dtype=np.float32).reshape(-1, S),
        first_gap=0.75,
    )


def spans(series):
    """The slice of rows that each series owns."""
    return [slice(a, b) for a, b in zip(series.offsets[:-1], series.offsets[1:], strict=True)]

"""How much time an answer has to bridge: what its interval is calibrated by."""

import numpy as np
from jaxtyping import Float

from ct_s5.batch import SeriesSet


def since_last(series: SeriesSet) -> Float[np.ndarray, "R 1"]:
    """Time since the last reading before each row, in model units; infinite where there is none."""
    readings = np.cumsum(series.reading) - series.reading
    begun = readings > readings[series.offsets[series.owners]]
    return np.where(begun, series.gaps, np.inf)[:, None]


def from_nearest(series: SeriesSet, channels: tuple[int, ...]) -> Float[np.ndarray, "R K"]:
    """Time to each channel's nearest value on either side, in model units.

    It is 0 at a row that has one, and infinite where the series has none.

    Args:
        series: The readings.
        channels: K channels, by their places.
    """
    rows = np.arange(len(series.times))
    begin, end = series.offsets[:-1][series.owners, None], series.offsets[1:][series.owners, None]
    seen = series.observed[:, list(channels)] & series.reading[:, None]
    before = np.maximum.accumulate(np.where(seen, rows[:, None], -1))
    after = np.minimum.accumulate(np.where(seen, rows[:, None], len(rows))[::-1])[::-1]
    elapsed = series.elapsed[:, None]

    def apart(nearest, there):
        known = elapsed[np.where(there, nearest, 0), 0] if len(rows) else elapsed
        return np.where(there, np.abs(elapsed - known), np.inf)

    return np.minimum(apart(before, before >= begin), apart(after, after < end))

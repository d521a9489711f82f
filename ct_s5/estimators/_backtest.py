"""Every reading foreseen from so long before it: what forecasts would have said."""

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int

from ct_s5.batch import SeriesSet, one_clock
from ct_s5.frames import EncodedFrame


def origins(
    series: SeriesSet, ahead: float, within: float
) -> tuple[Int[np.ndarray, " M"], Int[np.ndarray, " M"]]:
    """The readings that can be foreseen, and the row from which each is.

    Args:
        series: The readings.
        ahead: How long before a reading its origin lies at least, in model units: the origin is the
            last reading up to then.
        within: How much longer before it the origin may lie.
    """
    rows = np.flatnonzero(series.reading)
    owner = series.owners[rows]
    clock = one_clock(series, rows, apart=2 * (ahead + within))
    origin = np.searchsorted(clock, clock - ahead * (1 - 1e-9), side="right") - 1
    near = clock - clock[origin] <= (ahead + within) * (1 + 1e-9)
    there = (origin >= 0) & (owner[origin] == owner) & near & (origin < np.arange(len(rows)))
    return rows[there], rows[origin[there]]


def keys(encoded: EncodedFrame, wanted, origin) -> list[tuple[str, Any]]:
    """Whose, when, and when it was told."""
    times: pd.Series = encoded.index.times.column
    return [
        (encoded.schema.id_col, encoded.ids.take(encoded.index.series[wanted]).array),
        (encoded.schema.time_col, times.take(wanted).array),
        ("told_at", times.take(origin).array),
    ]

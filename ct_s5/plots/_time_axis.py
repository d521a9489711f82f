"""The real time axis: dates in their own zone, lengths of time in a handy unit, numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jaxtyping import Float

from ct_s5.plots._units import unit_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SECOND = pd.Timedelta(seconds=1)


class TimeAxis:
    """Where times lie on an axis, and how that axis is labelled."""

    def __init__(self, times: Sequence[pd.Series], number_word: str = "time"):
        """Args: every time that will be drawn, of one kind; what numbers count."""
        some = times[0]
        self.zone = getattr(some.dt, "tz", None) if some.dtype.kind == "M" else None
        self.kind = "M" if isinstance(some.dtype, pd.DatetimeTZDtype) else some.dtype.kind
        self._size, self._word = 1.0, number_word
        if self.kind == "m":
            ends = [(part.min(), part.max()) for part in times if len(part)]
            low, high = (min(low for low, _ in ends), max(high for _, high in ends))
            self._size, word = unit_for((high - low) / _SECOND)
            self._word = f"time, {word}"

    def places(self, times: pd.Series) -> Float[np.ndarray, " L"]:
        """Times in the units of the axis: days for dates."""
        if self.kind == "M":
            from matplotlib.dates import date2num

            naive = times if self.zone is None else times.dt.tz_convert("UTC").dt.tz_localize(None)
            return np.asarray(date2num(naive.to_numpy()), np.float64)
        if self.kind == "m":
            return (times / _SECOND).to_numpy(np.float64) / self._size
        return times.to_numpy(np.float64)

    def label(self, axes: Axes) -> None:
        """Ticks, and the unit where there is one to tell."""
        if self.kind != "M":
            axes.set_xlabel(self._word)
            return
        from matplotlib import dates

        # With matplotlib's own five at least, no interval fits three to five days, and it warns.
        locator = dates.AutoDateLocator(tz=self.zone, minticks=3, maxticks=8)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=self.zone))


def silences(times: Float[np.ndarray, " L"], longest: float) -> list[tuple[float, float]]:
    """(start, end) of the gaps longer than so many mean gaps, and wide enough to be seen."""
    if len(times) < 2:
        return []
    gaps = np.diff(times)
    # A hairline beside each reading, which else would seem to lie in the silences at its sides.
    ends = np.minimum(np.sum(gaps) / 500, gaps / 4)
    # The mean, not the median: where half of the readings come in bursts, every pause between two
    # bursts is many median gaps long.
    long = np.flatnonzero(gaps > np.maximum(longest * gaps.mean(), np.sum(gaps) / 100))
    return [(times[i] + ends[i], times[i + 1] - ends[i]) for i in long]

"""plot_gaps: how uneven is the sampling?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ct_s5.frames import gaps_between, to_long
from ct_s5.plots._style import INK, colours, look, new_figure
from ct_s5.plots._units import duration, duration_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_gaps(
    data,
    *,
    counts=None,
    median: float | None = None,
    numbers: bool = False,
    id_col: str = "unique_id",
    time_col: str = "ds",
) -> Figure:
    """A histogram of the gaps between readings, on a logarithmic axis, the median marked.

    Args:
        data: Gaps, in seconds, as an array; a frame of readings; or, with `counts`, the edges of
            bins.
        counts: Gaps in each bin, one fewer than edges.
        median: The median gap, where only bins are known; else that of the middle bin is shown.
        numbers: The gaps are numbers of a unit of their own rather than seconds.
        id_col: Column of the series id, for a frame.
        time_col: Column of the time, for a frame.

    Raises:
        ValueError: No positive gap to show.
        ImportError: matplotlib is not installed.
    """
    unit = "in their own unit"
    if hasattr(data, "columns"):
        unit = f"in units of {time_col}"
        data, numbers = _gaps_of(data, id_col, time_col)
    data = np.asarray(data, np.float64)
    if counts is None:
        gaps = data[np.isfinite(data) & (data > 0)]
        if not len(gaps):
            raise ValueError("There is no positive gap to show: no series has two distinct times.")
        low, high = gaps.min() * (1 - 1e-9), gaps.max() * (1 + 1e-9)
        edges = np.geomspace(low, high, 41 if high > 1.01 * low else 2)
        counts = np.histogram(gaps, edges)[0]
        median = float(np.median(gaps)) if median is None else median
    else:
        edges, counts = data, np.asarray(counts)
        if not np.sum(counts) or len(edges) != len(counts) + 1:
            raise ValueError(
                "There is no positive gap to show: give edges, and a count between two."
            )
        if median is None:
            below = int(np.searchsorted(np.cumsum(counts), counts.sum() / 2))
            median = float(np.sqrt(edges[below] * edges[below + 1]))
    if len(edges) == 2 and edges[1] < 1.1 * edges[0]:
        # Gaps that are all alike get a bar that can be seen too.
        edges = np.sqrt(edges[0] * edges[1]) * np.array([1 / 1.1, 1.1])
    with look():
        figure, (axes,) = new_figure(1.9)
        axes.set_xscale("log")
        bar = colours(["gaps"])["gaps"]
        axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=bar, alpha=0.85)
        axes.axvline(median, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        word = f"{median:.3g}" if numbers else duration(median)
        axes.set_title(f"median {word}", loc="center", x=_across(edges, median))
        if not numbers:
            ticks, words = duration_ticks(edges[0], edges[-1])
            axes.set_xticks(ticks, words)
            axes.set_xticks([], minor=True)
        axes.set_xlabel("gap between readings" + (f", {unit}" if numbers else ""))
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.margins(x=0.02)
    return figure


def _across(edges, value: float) -> float:
    """Where a value lies between the edges, as a share of the width, and away from both ends."""
    low, high = np.log(edges[0]), np.log(edges[-1])
    return float(np.clip((np.log(value) - low) / max(high - low, 1e-12), 0.12, 0.88))


def _gaps_of(frame, id_col, time_col):
    long = to_long(frame, id_col=id_col, time_col=time_col)
    gaps = gaps_between(long, np.flatnonzero(~np.isnan(long.values).all(axis=1)))
    return gaps, long.times.kind == "number"

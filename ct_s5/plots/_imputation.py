"""plot_imputation: the readings, and what fills the cells between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ct_s5.plots import _panels as panels
from ct_s5.plots._style import look

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_imputation(
    frame,
    filled,
    *,
    actual=None,
    series=None,
    channels=None,
    silence: float = 3.0,
    title: str = "",
    id_col: str = "unique_id",
    time_col: str = "ds",
) -> Figure:
    """Readings as dots, the filled series as a line with its intervals, long gaps shaded.

    Args:
        frame: Readings, NaN where nothing was measured.
        filled: The same cells filled, perhaps more rows; with `<channel>-lo-90` and
            `<channel>-hi-90` where there are intervals, of any level. Where a cell was read, the
            interval closes on the reading.
        actual: What the empty cells hold in truth, where that is known: drawn as rings.
        series: An id, or several; the first three when left out.
        channels: A channel, or several; all when left out.
        silence: Gaps of a channel longer than this many of its mean gaps are shaded.
        title: A line above.
        id_col: Column of the series id.
        time_col: Column of the time.

    Raises:
        ValueError: A series or channel that `filled` lacks; more than 12 panels; times of several
            kinds; or what `to_long` refuses.
        ImportError: matplotlib is not installed.
    """
    with look():
        read, full = (panels.read(part, id_col, time_col) for part in (frame, filled))
        true = None if actual is None else panels.read(actual, id_col, time_col)
        names = panels.chosen(series, full.ids.tolist(), "series", 3)
        shown = panels.chosen(channels, panels.answered(full.channels), "channel")
        axis = panels.time_axis([read, full, true], time_col)
        grid = panels.Panels(names, shown, axis)
        for name, channel, axes in grid:
            answers, told = (panels.curves(part, name, axis) for part in (full, read))
            assert answers is not None
            times, values = np.zeros(0), np.zeros(0)
            if told is not None and told.has(channel):
                times, values = told.known(channel)
            panels.draw_silences(axes, times, silence)
            panels.draw_readings(axes, times, values)
            panels.draw_line(axes, *answers.known(channel), "filled in")
            panels.draw_bands(axes, answers, channel, np.isin(answers.times, times))
            truth = panels.curves(true, name, axis)
            if truth is not None and truth.has(channel):
                when, what = truth.known(channel)
                hidden = ~np.isin(when, times)
                panels.draw_truth(axes, when[hidden], what[hidden], "hidden")
        return grid.finish(title)

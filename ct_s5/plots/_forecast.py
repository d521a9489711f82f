"""plot_forecast: what came, what is expected, and what did come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ct_s5.plots import _panels as panels
from ct_s5.plots._style import INK, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FEWEST = 8


def plot_forecast(
    history,
    forecast,
    *,
    actual=None,
    series=None,
    channels=None,
    past: float = 3.0,
    silence: float = 3.0,
    title: str = "",
    id_col: str = "unique_id",
    time_col: str = "ds",
) -> Figure:
    """Readings as dots, the forecast as a line with its intervals, on the real time axis.

    A dashed line marks the last reading; long silences before it are shaded.

    Args:
        history: Readings, as the forecaster was given them.
        forecast: Its answers: id, time, `<channel>`, and where there are intervals
            `<channel>-lo-90` and `<channel>-hi-90`, of any level and of several.
        actual: Readings of the time ahead, where they are known: drawn as rings.
        series: An id, or several; the first three of the forecast when left out.
        channels: A channel, or several; all of the forecast when left out.
        past: How much of the history is shown, in lengths of the forecast, but eight readings at
            least; `float("inf")` for all.
        silence: Gaps longer than this many mean gaps are shaded.
        title: A line above.
        id_col: Column of the series id.
        time_col: Column of the time.

    Raises:
        ValueError: A series or channel that the forecast lacks; more than 12 panels; times of
            several kinds; or what `to_long` refuses.
        ImportError: matplotlib is not installed.
    """
    with look():
        known, ahead = (panels.read(frame, id_col, time_col) for frame in (history, forecast))
        came = None if actual is None else panels.read(actual, id_col, time_col)
        names = panels.chosen(series, ahead.ids.tolist(), "series", 3)
        shown = panels.chosen(channels, panels.answered(ahead.channels), "channel")
        axis = panels.time_axis([known, ahead, came], time_col)
        grid = panels.Panels(names, shown, axis)
        for name, channel, axes in grid:
            answers = panels.curves(ahead, name, axis)
            assert answers is not None
            since = -np.inf
            told = panels.curves(known, name, axis)
            if told is not None:
                since = _since(told, answers.times, past, shown)
                _draw_past(axes, told, channel, since, silence)
            times, values = answers.known(channel)
            panels.draw_line(axes, times, values, "forecast", dots=len(times) <= 24)
            panels.draw_bands(axes, answers, channel)
            truth = panels.curves(came, name, axis)
            if truth is not None and truth.has(channel):
                times, values = truth.known(channel)
                later = times >= since
                panels.draw_truth(axes, times[later], values[later], "what came")
        return grid.finish(title)


def _since(told: panels.Curves, ahead, past: float, channels: list[str]) -> float:
    """From which time on the history is shown: the same for all channels of a series."""
    if not len(told.times) or np.isinf(past):
        return -np.inf
    length = np.ptp(np.append(ahead, told.times[-1]))
    fewest = [told.known(c)[0][-_FEWEST:][:1] for c in channels if told.has(c)]
    return min([told.times[-1] - past * length, *np.concatenate([[np.inf], *fewest])])


def _draw_past(axes: Axes, told: panels.Curves, channel: str, since: float, silence: float):
    rows = [~np.isnan(values) for values in told.columns.values()]
    reading = told.times[np.any(rows, axis=0) & (told.times >= since)]
    panels.draw_silences(axes, reading, silence)
    if told.has(channel):
        times, values = told.known(channel)
        panels.draw_readings(axes, times[times >= since], values[times >= since])
    if len(reading):
        axes.axvline(reading[-1], color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=2)

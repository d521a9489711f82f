"""Frames as curves, and a panel for each channel of each series: what two figures share."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from ct_s5.frames import LongFrame, to_long
from ct_s5.plots._style import INK, colours, new_figure
from ct_s5.plots._time_axis import TimeAxis, silences

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 12
_MANY = 120
COLOURS = colours(["readings", "model"])
_INTERVAL = re.compile(r"(.+)-(lo|hi)-(\d+(?:\.\d+)?)")


@dataclasses.dataclass(frozen=True)
class Curves:
    """The columns of one series, in order of time."""

    times: Float[np.ndarray, " L"]
    columns: Mapping[str, Float[np.ndarray, " L"]]

    def known(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Times and values where a column has one."""
        values = self.columns[name]
        there = ~np.isnan(values)
        return self.times[there], values[there]

    def levels(self, channel: str) -> list[str]:
        """The intervals there are for a channel, widest first: 90, 50."""
        found = {m[3] for name in self.columns if (m := _INTERVAL.fullmatch(name))}
        both = [k for k in found if self.has(f"{channel}-lo-{k}") and self.has(f"{channel}-hi-{k}")]
        return sorted(both, key=float, reverse=True)

    def has(self, name: str) -> bool:
        """Whether there is such a column."""
        return name in self.columns


def read(frame, id_col: str, time_col: str) -> LongFrame:
    """A frame in its normal form, whose order does not matter."""
    return to_long(frame, id_col=id_col, time_col=time_col)


def answered(channels: Sequence[str]) -> list[str]:
    """The channels among columns that also hold the ends of intervals."""
    ends = (_INTERVAL.fullmatch(name) for name in channels)
    return [n for n, m in zip(channels, ends, strict=True) if m is None or m[1] not in channels]


def curves(long: LongFrame | None, name: Any, axis: TimeAxis) -> Curves | None:
    """The rows of one series; None where it has none."""
    if long is None or name not in long.ids:
        return None
    rows = np.flatnonzero(long.series == long.ids.get_loc(name))
    rows = rows[np.argsort(long.times.ticks[rows], kind="stable")]
    times = axis.places(long.times.column.iloc[rows])
    values = zip(long.channels, long.values[rows].T, strict=True)
    return Curves(times, dict(values))


def chosen(asked, known: Sequence, what: str, most: int | None = None) -> list:
    """The names asked for, one or several; the first so many where none are.

    Raises:
        ValueError: A name that is not known.
    """
    if asked is None:
        return list(known[:most])
    asked = list(asked) if pd.api.types.is_list_like(asked) else [asked]
    for name in asked:
        if name not in known:
            few = ", ".join(map(repr, list(known)[:5]))
            raise ValueError(f"There is no {what} {name!r} to draw. There are: {few}.")
    return asked


def time_axis(frames: Sequence[LongFrame | None], time_col: str) -> TimeAxis:
    """One axis for all frames.

    Raises:
        ValueError: Times of several kinds.
    """
    there = [long for long in frames if long is not None]
    kinds = list(dict.fromkeys(long.times.kind for long in there))
    if len(kinds) > 1:
        raise ValueError(f"The frames have times of several kinds: {', '.join(kinds)}.")
    return TimeAxis([long.times.column for long in there], time_col)


class Panels:
    """A figure with a panel for each (series, channel); those of a series share their times."""

    def __init__(self, series: Sequence, channels: Sequence[str], axis: TimeAxis):
        """Args: whose panels, of which channels, on which axis.

        Raises:
            ValueError: No panel, or too many.
        """
        n_panels = len(series) * len(channels)
        if not 0 < n_panels <= MOST_PANELS:
            raise ValueError(
                f"{len(series)} series with {len(channels)} channels are {n_panels} panels: name "
                f"1 to {MOST_PANELS} of them with series= and channels=."
            )
        self._axis, self._grid = axis, [(name, channel) for name in series for channel in channels]
        self._n_channels = len(channels)
        # Each series has tick labels of its own.
        height = (1.05 if n_panels > 1 else 1.6) * n_panels + 0.22 * len(series) + 0.4
        self.figure, self._panels = new_figure(height, n_panels)

    def __iter__(self) -> Iterator[tuple[Any, str, Axes]]:
        """(series, channel, axes) of every panel; what is drawn there is labelled afterwards."""
        for n, ((name, channel), axes) in enumerate(zip(self._grid, self._panels, strict=True)):
            first = n - n % self._n_channels
            if n > first:
                axes.sharex(self._panels[first])
            yield name, channel, axes
            several = len(self._grid) > self._n_channels
            axes.set_title(f"{name}, {channel}" if several else channel, pad=4)
            axes.locator_params(axis="y", nbins=3)
            axes.margins(x=0.02)
            last = n == first + self._n_channels - 1
            axes.tick_params(labelbottom=last)
            self._axis.label(axes)
            if not last:
                axes.set_xlabel("")
                axes.xaxis.get_offset_text().set_visible(False)

    def finish(self, title: str) -> Figure:
        """The figure with one legend for all panels."""
        found: dict[str, Any] = {}
        for axes in self._panels:
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
                found.setdefault(label, handle)
        legend = self.figure.legend(
            found.values(),
            found.keys(),
            loc="outside upper left",
            ncols=4,
            handlelength=1.1,
            columnspacing=1.1,
            handletextpad=0.5,
            borderaxespad=0.2,
            title=title or None,
            alignment="left",
        )
        legend.get_title().set_fontsize(10.5)
        for handle in legend.legend_handles:
            if handle is not None and "markersize" in handle.properties():
                handle.set(markersize=3.2, alpha=1)  # also where the dots are too many to be large
        return self.figure


def draw_readings(axes: Axes, times, values, label: str = "readings") -> None:
    """Dots, smaller where there are many."""
    size = 2.8 if len(times) <= _MANY else 2.0 if len(times) <= 4 * _MANY else 1.3
    axes.plot(times, values, "o", color=COLOURS["readings"], ms=size, mew=0, label=label, zorder=3)


def draw_truth(axes: Axes, times, values, label: str) -> None:
    """Rings around what the model was not told; pale dots, below its line, where there are many."""
    kind: dict[str, Any] = {"ms": 3.4, "mfc": "none", "mec": COLOURS["readings"], "mew": 0.8}
    if len(times) > _MANY:
        kind = {"ms": 1.4, "color": COLOURS["readings"], "mew": 0, "alpha": 0.55}
    zorder = 1.5 if len(times) > _MANY else 4
    axes.plot(times, values, "o", linestyle="none", label=label, zorder=zorder, **kind)


def draw_silences(axes: Axes, times, longest: float) -> None:
    """Shade the long gaps."""
    for start, end in silences(times, longest):
        axes.axvspan(start, end, color=INK, alpha=0.13, linewidth=0, zorder=0)


def draw_bands(axes: Axes, answers: Curves, channel: str, known=None) -> None:
    """The intervals of a channel, the inner ones over the outer; closed where a cell is known."""
    levels = answers.levels(channel)
    label = f"{'/'.join(reversed(levels))}% interval"
    for level in levels:
        low, high = (answers.columns[f"{channel}-{end}-{level}"] for end in ("lo", "hi"))
        if known is not None:
            low, high = (np.where(known, answers.columns[channel], end) for end in (low, high))
        kind = {"color": COLOURS["model"], "alpha": 0.22, "linewidth": 0, "zorder": 1}
        axes.fill_between(answers.times, low, high, label=label, **kind)


def draw_line(axes: Axes, times, values, label: str, dots: bool = False) -> None:
    """What the model says."""
    dot = {"marker": "o", "ms": 2.2, "mew": 0} if dots else {}
    axes.plot(times, values, color=COLOURS["model"], linewidth=1.2, label=label, zorder=2, **dot)

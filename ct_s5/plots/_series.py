"""plot_series: the readings of one series where they lie in time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ct_s5.plots._style import INK, colours, look, new_figure
from ct_s5.plots._time_axis import TimeAxis, silences

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_series(
    times,
    values,
    observed=None,
    *,
    channels: Sequence[str] | None = None,
    title: str = "",
    silence: float = 3.0,
    most: int | None = None,
) -> Figure:
    """Readings as dots on the real time axis, a panel a channel, long silences shaded.

    Args:
        times: L timestamps (those with a zone as a Series), timedeltas, or numbers, sorted.
        values: Readings (L, C), or (L,) for one channel.
        observed: Which cells are readings (L, C); those that are not NaN when left out.
        channels: C names; those of the columns where `values` is a frame.
        title: A line above.
        silence: Gaps longer than this many mean gaps are shaded; a reading of any channel ends one.
        most: Channels to draw: the first so many; all when left out.

    Raises:
        ValueError: Shapes that do not go together, or more than 12 channels to draw.
        ImportError: matplotlib is not installed.
    """
    if channels is None and isinstance(values, pd.DataFrame):
        channels = [str(name) for name in values.columns]
    times, values = pd.Series(times).reset_index(drop=True), np.asarray(values, np.float64)
    values = values[:, None] if values.ndim == 1 else values
    observed = ~np.isnan(values) if observed is None else np.asarray(observed, bool)
    observed = observed.reshape(values.shape) & ~np.isnan(values)
    n_channels = values.shape[1]
    names = [str(name) for name in (range(n_channels) if channels is None else channels)]
    n_panels = n_channels if most is None else min(n_channels, most)
    if len(times) != len(values) or len(names) != n_channels or not 0 < n_panels <= 12:
        raise ValueError(
            f"times has shape {times.shape}, values {values.shape}, and there are {len(names)} "
            "names: give one time a row and one name a channel, and draw 1 to 12 (most=...)."
        )
    axis = TimeAxis([times])
    with look():
        places = axis.places(times)
        spans = silences(places[observed.any(axis=1)], silence)
        figure, panels = new_figure(0.82 * n_panels + 0.8, n_panels, sharex=True)
        names = names[:n_panels]
        colour = colours(names)
        for c, (axes, name) in enumerate(zip(panels, names, strict=True)):
            for start, end in spans:
                axes.axvspan(start, end, color=INK, alpha=0.16, linewidth=0)
            seen = observed[:, c]
            axes.plot(places[seen], values[seen, c], "o", color=colour[name], ms=2.6)
            axes.set_title(name, pad=4)
            if seen.any():
                axes.locator_params(axis="y", nbins=3)
            else:
                axes.set_yticks([])
        axis.label(panels[-1])
        if title:
            figure.suptitle(title, x=0.01, ha="left", fontsize=10.5)
    return figure

"""plot_samples: one series in several states, one below the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ct_s5.plots._style import INK, colours, look, new_figure
from ct_s5.plots._time_axis import TimeAxis

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST = 12


def plot_samples(samples: Mapping[str, tuple[Sequence, Sequence[float]]]) -> Figure:
    """Readings of one channel as dots, a panel a state, with the first state faint behind all.

    What a state lost shows as a faint dot, what it moved as a dot beside a faint one. All panels
    share both axes.

    Args:
        samples: Times (timestamps, timedeltas, or numbers, of one kind in all) and values by the
            name of the state, as they are first. NaN is no reading.

    Raises:
        ValueError: No state or more than 12; or one whose times and values differ in number.
        ImportError: matplotlib is not installed.
    """
    if not 0 < len(samples) <= _MOST:
        raise ValueError(f"There are {len(samples)} states to draw: give 1 to {_MOST}.")
    for name, (times, values) in samples.items():
        if len(times) != len(values):
            raise ValueError(f"{name!r} has {len(times)} times and {len(values)} values.")
    columns = {name: pd.Series(times) for name, (times, _) in samples.items()}
    axis = TimeAxis(list(columns.values()))
    first, *_ = samples
    colour = colours([first, "state"])
    with look():
        figure, panels = new_figure(
            0.74 * len(samples) + 0.7, len(samples), sharex=True, sharey=True
        )
        whole = axis.places(columns[first]), np.asarray(samples[first][1], np.float64)
        for axes, (name, (_, values)) in zip(panels, samples.items(), strict=True):
            found = np.asarray(values, np.float64)
            kept = int((~np.isnan(found)).sum())
            if name != first:
                axes.plot(*whole, "o", color=INK, ms=2.2, alpha=0.35, zorder=1)
            dots = colour[first if name == first else "state"]
            axes.plot(axis.places(columns[name]), found, "o", color=dots, ms=3, zorder=2)
            axes.set_title(f"{name}: {kept:,} {'reading' if kept == 1 else 'readings'}", pad=4)
            axes.locator_params(axis="y", nbins=3)
        axis.label(panels[-1])
    return figure

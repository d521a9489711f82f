"""plot_scaling: cost against size, on logarithmic axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ct_s5.plots._style import colours, look, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MARKS = ("o", "s", "^", "D", "v", "P")


def plot_scaling(
    lines: Mapping[str, Sequence[tuple[float, float]]],
    *,
    size: str = "steps of a series",
    cost: str = "seconds",
) -> Figure:
    """Cost by size, a line a name; the first is drawn strongest.

    Args:
        lines: Pairs (size, cost), both above 0, by name.
        size: What is counted along the bottom.
        cost: What it costs, with its unit.

    Raises:
        ValueError: No line, or a size or cost that a logarithmic axis cannot show.
        ImportError: matplotlib is not installed.
    """
    if not lines:
        raise ValueError("There is nothing to show: lines is empty.")
    if bare := [name for name, pairs in lines.items() if not len(pairs)]:
        raise ValueError(f"There is nothing to show of {bare[0]!r}: it has no point.")
    for name, pairs in lines.items():
        if not (np.asarray(pairs, float) > 0).all():
            raise ValueError(f"Sizes and costs must be above 0; {name!r} has {list(pairs)}.")
    colour = colours(list(lines))
    with look():
        figure, (axes,) = new_figure(3.2 + 0.17 * len(lines))
        for n, (name, pairs) in enumerate(lines.items()):
            sizes, costs = np.array(sorted(pairs), float).T
            # A palette of ten goes around; the marks tell its rounds apart.
            axes.plot(
                *(sizes, costs),
                color=colour[name],
                marker=_MARKS[n % len(_MARKS)],
                markersize=4 if n else 5.5,
                linewidth=1.2 if n else 2.4,
                zorder=2 if n else 3,
                label=name,
            )
        axes.set_xscale("log")
        axes.set_yscale("log")
        # Plain numbers at the sizes there are: the powers that matplotlib writes need its mathtext.
        shown = sorted({pair[0] for pairs in lines.values() for pair in pairs})
        axes.set_xticks(shown, [f"{tick:,.15g}" for tick in shown], minor=False)
        axes.yaxis.set_major_formatter(lambda tick, _: f"{tick:g}")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_minor_formatter(lambda *_: "")
        axes.set_xlabel(size)
        axes.set_ylabel(cost)
        figure.legend(loc="outside lower left", ncols=1, handlelength=1.6)
    return figure

"""plot_time_constants: does a model remember for as long as it has to wait?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from ct_s5.plots._style import INK, colours, look, new_figure
from ct_s5.plots._units import duration, duration_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@runtime_checkable
class HalfLives(Protocol):
    """What `estimator.time_constants` found, as far as it is drawn."""

    half_lives: Any
    gaps: Any
    numbers: bool


def plot_time_constants(
    half_lives: Mapping[str, ArrayLike] | HalfLives,
    gaps: ArrayLike | None = None,
    *,
    numbers: bool = False,
) -> Figure:
    """The half-lives of the states, a line of dots a block, over the gaps between readings.

    On a logarithmic axis; the darker shade holds the middle half of the gaps, the paler one nine in
    ten, the dashed line is their median. States to the left of it forget before the next reading.

    Args:
        half_lives: What `estimator.time_constants` found, gaps and all; or half-lives by block,
            above 0, in seconds.
        gaps: Gaps between readings, in seconds; those above 0 are counted.
        numbers: All are numbers of a unit of their own rather than seconds.

    Raises:
        ValueError: No half-life to show, or one that is not above 0.
        ImportError: matplotlib is not installed.
    """
    if isinstance(half_lives, HalfLives):
        if gaps is not None:
            raise ValueError("What time_constants found brings its gaps along: leave gaps= out.")
        found, gaps, numbers = half_lives, half_lives.gaps, half_lives.numbers
        half_lives = {
            f"block {block}": part["half_life"] for block, part in found.half_lives.groupby("block")
        }
    lives = {name: np.asarray(values, np.float64) for name, values in half_lives.items()}
    drawn = np.concatenate([np.zeros(0), *lives.values()])
    if not len(drawn) or not ((drawn > 0) & np.isfinite(drawn)).all():
        raise ValueError("There is no half-life to show: each must be above 0 and finite.")
    gaps = np.zeros(0) if gaps is None else np.asarray(gaps, np.float64)
    gaps = gaps[gaps > 0]
    ends = np.concatenate([drawn, np.quantile(gaps, [0.05, 0.95])]) if len(gaps) else drawn
    # A margin, and a decade at least: what a logarithmic axis has ticks for.
    middle, half = np.sqrt(ends.min() * ends.max()), np.sqrt(ends.max() / ends.min())
    half = max(1.1 * half**1.06, np.sqrt(10.0) * 1.05)
    low, high = middle / half, middle * half
    with look():
        from matplotlib.ticker import LogLocator

        figure, (axes,) = new_figure(1.3 + 0.36 * len(lives))
        axes.set_xscale("log")
        if len(gaps):
            five, quarter, median, three, most = np.quantile(gaps, [0.05, 0.25, 0.5, 0.75, 0.95])
            for start, end in ((five, most), (quarter, three)):
                axes.axvspan(start, end, color=INK, alpha=0.15, linewidth=0)
            axes.axvline(median, color=INK, linewidth=1, linestyle=(0, (4, 3)))
            word = f"{median:.3g}" if numbers else duration(float(median))
            at = np.log(median / low) / np.log(high / low)
            axes.set_title(f"median gap {word}", loc="center", x=float(np.clip(at, 0.15, 0.85)))
        colour = colours(list(lives))
        for row, (name, values) in enumerate(lives.items()):
            # Dots of one length stand side by side: spread by rank, the same every time.
            spread = np.argsort(np.argsort(values, kind="stable")) * 0.618034 % 1
            spread = row + 0.5 * (spread - spread.mean())
            axes.plot(values, spread, "o", color=colour[name], ms=2.8, mew=0, alpha=0.8)
        axes.set_yticks(range(len(lives)), list(lives))
        axes.set_ylim(len(lives) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlim(low, high)
        if numbers:
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,)))
            axes.xaxis.set_major_formatter(lambda tick, _: f"{tick:g}")
        else:
            axes.set_xticks(*duration_ticks(low, high))
        axes.set_xticks([], minor=True)
        axes.set_xlabel("half-life of a state")
    return figure

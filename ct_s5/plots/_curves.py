"""plot_curves: a score against how much of the readings was spoiled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ct_s5.plots._style import INK, colours, look, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MARKS = ("o", "s", "^", "D", "v", "P")
_STROKES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
# Bands of more lines than this lie on one another and hide the lines.
_MOST_BANDS = 4


def plot_curves(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float], Sequence[float]]],
    *,
    rate: str = "rate",
    score: str = "score",
    chance: float | None = None,
    title: str = "",
    colour: Mapping[str, str] | None = None,
) -> Figure:
    """Mean score by rate, a line a name, with a band of one standard deviation to either side.

    The first line is drawn strongest. Lines of one colour (there are ten) differ in marks and
    strokes. Of more than four lines only the first has its band: so many would hide one another.

    Args:
        lines: Rates, means and standard deviations by name. A mean that is NaN breaks the line, a
            standard deviation that is NaN (one seed) leaves the band out there.
        rate: What is along the bottom.
        score: What is along the side.
        chance: What knowing nothing would score: a dashed line.
        title: A line above.
        colour: Of each name; by their order when left out.

    Raises:
        ValueError: No line, or rates, means and deviations that differ in number.
        ImportError: matplotlib is not installed.
    """
    if not lines:
        raise ValueError("There is nothing to show: lines is empty.")
    for name, parts in lines.items():
        if len({len(part) for part in parts}) != 1:
            raise ValueError(
                f"The line {name!r} has {', '.join(str(len(part)) for part in parts)} rates, means "
                "and standard deviations: give as many of each."
            )
        if not len(parts[0]):
            raise ValueError(f"There is nothing to show of {name!r}: it has no point.")
    colour = colours(list(lines)) if colour is None else colour
    # Names below one another, in two columns where they are short enough for a phone.
    columns = 2 if len(lines) > 4 and max(map(len, lines)) <= 18 else 1
    below = -(-len(lines) // columns)
    seen: dict[str, int] = {}
    with look():
        figure, (axes,) = new_figure(2.6 + 0.21 * below + (0.25 if title else 0))
        for n, (name, parts) in enumerate(lines.items()):
            rates, means, sds = (np.asarray(part, np.float64) for part in parts)
            again = seen[colour[name]] = seen.get(colour[name], -1) + 1
            axes.plot(
                *(rates, means),
                color=colour[name],
                marker=_MARKS[again % len(_MARKS)],
                linestyle=_STROKES[again % len(_STROKES)],
                markersize=4 if n else 5,
                linewidth=1.2 if n else 2.2,
                zorder=3 if n else 4,
                label=name,
            )
            if n == 0 or len(lines) <= _MOST_BANDS:
                low, high = means - sds, means + sds
                axes.fill_between(rates, low, high, color=colour[name], alpha=0.16, linewidth=0)
        if chance is not None:
            axes.axhline(chance, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
        ticks = sorted({rate for parts in lines.values() for rate in parts[0]})
        axes.set_xticks(_apart(ticks), [f"{tick:g}" for tick in _apart(ticks)])
        axes.yaxis.set_major_formatter(lambda tick, _: f"{tick:g}")
        axes.locator_params(axis="y", nbins=6)
        axes.set_xlabel(rate)
        axes.set_ylabel(score)
        if title:
            axes.set_title(title, pad=8)
        if len(lines) > 1:
            figure.legend(loc="outside lower left", ncols=columns, handlelength=2.6)
    return figure


def _apart(ticks: Sequence[float]) -> list[float]:
    """The first and the last tick, and of the others those whose numbers do not collide."""
    room = (ticks[-1] - ticks[0]) / 9
    kept = [ticks[0]]
    for tick in ticks[1:-1]:
        if tick - kept[-1] >= room and ticks[-1] - tick >= room:
            kept.append(tick)
    return kept if len(ticks) == 1 else [*kept, ticks[-1]]

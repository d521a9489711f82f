"""How the pictures of cards are drawn: dots at their times, silences grey, small files."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ct_s5.plots import figure_to_svg
from ct_s5.plots._style import INK, colours, look, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALETTE = list(colours([str(k) for k in range(8)]).values())


@contextlib.contextmanager
def sheet(
    title: str, n_panels: int, height: float, **keywords
) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure in the house's style, with panels one under the other and a line above.

    Args:
        title: Whose readings are seen, and how many of how many channels.
        n_panels: How many.
        height: Of the whole, in inches; all pictures are equally wide.
        **keywords: For `Figure.subplots`.
    """
    with look():
        figure, panels = new_figure(height, n_panels, **keywords)
        figure.suptitle(title, x=0.01, ha="left", fontsize=10.5)
        yield figure, panels


def dots(axes: Axes, times, values, colour: str = PALETTE[0], size: float = 3.0) -> None:
    """Readings where they lie in time; NaN is none."""
    values = np.asarray(values, float)
    strokes(axes, times, values, values, colour, size)


def strokes(axes: Axes, times, low, high, colour: str, size: float) -> None:
    """Upright strokes with round ends; one without length is a dot.

    All of them are one path, which takes a tenth of what as many markers would in the file.
    """
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    times, low, high = (np.asarray(numbers, float) for numbers in (times, low, high))
    seen = ~np.isnan(low)
    if not seen.any():
        return
    ends = np.stack([np.column_stack([times, y])[seen] for y in (low, high)], axis=1)
    path = Path(ends.reshape(-1, 2), [Path.MOVETO, Path.LINETO] * seen.sum())
    path.should_simplify = False  # a simplified path would lose most dots
    look = {"edgecolor": colour, "linewidth": size, "capstyle": "round", "fill": False}
    axes.add_patch(PathPatch(path, **look))
    axes.autoscale_view()


def legend(figure: Figure, words: Mapping[str, str]) -> None:
    """What the colours mean, in one line below all panels: word -> colour."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], marker="o", ls="", ms=3.4, color=colour) for colour in words.values()]
    figure.legend(
        handles,
        list(words),
        loc="outside lower center",
        ncols=len(words),
        handletextpad=0.0,
        columnspacing=1.2,
        borderpad=0.0,
    )


def silences(axes: Axes, times, longest: float = 3.0) -> None:
    """Shade the gaps longer than so many mean gaps."""
    times = np.unique(np.asarray(times, float))
    gaps = np.diff(times)
    edge = np.ptp(times) / 500  # a hairline beside a reading, which else would seem to lie in them
    for k in np.flatnonzero(gaps > longest * gaps.mean()):
        axes.axvspan(times[k] + edge, times[k + 1] - edge, color=INK, alpha=0.16, linewidth=0)


def bare(axes: Axes) -> None:
    """Take everything from around a picture."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def few_ticks(panels: Sequence[Axes]) -> None:
    """Two numbers on the upright axes, which are low: the least and the largest round one."""
    for axes in panels:
        low, high = axes.get_ylim()
        inside = [tick for tick in axes.get_yticks() if low <= tick <= high]
        axes.set_yticks([inside[0], inside[-1]])


def image(
    axes: Axes,
    pixels: np.ndarray,
    extent: tuple[float, float, float, float] | None = None,
    **keywords,
):
    """A grey picture whose pixels stay squares however large it is shown."""
    keywords = {"cmap": "gray", "vmin": 0, "vmax": 255, "interpolation": "none"} | keywords
    axes.imshow(pixels, extent=extent, **keywords)


def to_file(figure: Figure, words: str) -> bytes:
    """An SVG that stands by itself, the same bytes for the same figure.

    Args:
        figure: Drawn on a `sheet`.
        words: What it shows, for those who cannot see it.
    """
    svg = figure_to_svg(figure, words).replace("currentColor", INK)
    # A hundredth of a point is as fine as any screen; matplotlib writes millionths.
    svg = re.sub(
        r'(?<= )(d|x|y)="([^"]*)"', lambda m: f'{m[1]}="{_shorter(m[2])}"', svg, flags=re.DOTALL
    )
    wide, high = map(float, re.findall(r'viewBox="0 0 (\S+) (\S+)"', svg)[0])
    size = f'<svg width="{wide * 4 / 3:.0f}" height="{high * 4 / 3:.0f}"'
    return (svg.replace("<svg", size, 1) + "\n").encode()


def _shorter(path: str) -> str:
    path = re.sub(r"-?\d+\.\d+", lambda m: f"{float(m[0]):.2f}".rstrip("0").rstrip("."), path)
    path = re.sub(r"M (\S+ \S+) \nL \1 ", r"M\1h0", path)
    return re.sub(r"M (\S+) (\S+) \nL \1 (\S+) ", r"M\1 \2V\3", path).replace("\n", "")

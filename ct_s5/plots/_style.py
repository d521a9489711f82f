"""One look for all figures: quiet axes, few colours, legible on white and on black."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#7d8187"
"""Text and axes: a grey that can be read on white and on black. In an SVG it becomes the colour of
the text around it."""
_PALETTE = (
    "#1a8fc0",
    "#e0791b",
    "#8f74d6",
    "#d1527f",
    "#4a9d5b",
    "#b08a1e",
    "#3aa7a0",
    "#9c6b4f",
    "#5f78c9",
    "#7f9a2e",
)
WIDTH = 4.6
"""Inches, 331 points: about a phone's width, so that text is not scaled down there."""

_LOOK: dict[Any, Any] = {
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "axes.labelsize": 9.5,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.5,
    # A channel may be called "a$b": names are text, never formulas.
    "text.parse_math": False,
    "axes.unicode_minus": False,
    "svg.fonttype": "none",
    "timezone": "UTC",
}


@contextlib.contextmanager
def look() -> Iterator[None]:
    """Draw in the style of the house, whatever the caller's matplotlib is set to.

    Raises:
        ImportError: matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise ImportError(
            "Figures need matplotlib, which is not installed: pip install 'ct-s5[plots]'."
        ) from error
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_LOOK)
        yield


def new_figure(height: float, n_rows: int = 1, **keywords) -> tuple[Figure, list[Axes]]:
    """A figure of `n_rows` panels one under the other, bound to no window and no global state."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    panels = figure.subplots(n_rows, 1, squeeze=False, **keywords)
    return figure, list(panels[:, 0])


def colours(names: Sequence[str]) -> dict[str, str]:
    """A colour for each name, by order; the first is the one to look at."""
    return {name: _PALETTE[i % len(_PALETTE)] for i, name in enumerate(names)}

"""figure_to_svg: a figure as text that can stand inside a page."""

from __future__ import annotations

import io
import re
import warnings
from html import escape
from typing import TYPE_CHECKING

from ct_s5.plots._style import INK, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figure_to_svg(figure: Figure, name: str = "figure") -> str:
    """One `<svg>` element: no date, nothing loaded, the same bytes for the same figure.

    Its grey ink becomes `currentColor`, so that a page's own text colour, light or dark, is the
    figure's; its size is left to the page (the viewBox keeps the shape).

    Args:
        figure: Any matplotlib figure.
        name: What the figure shows, for those who cannot see it. Figures of one page need different
            names: the ids inside are made from them.

    Raises:
        ImportError: matplotlib is not installed.
    """
    with look(), warnings.catch_warnings():
        import matplotlib

        # The browser draws the text, in fonts that know more letters than matplotlib's own.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        matplotlib.rcParams["svg.hashsalt"] = name
        out = io.StringIO()
        blank = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(out, format="svg", metadata=blank, transparent=True)
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    # Names such as axes_1 would come again in the next figure, and nothing refers to them.
    svg = re.sub(r' id="[\w.]+_\d+"', "", svg)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{escape(name)}"', 1)
    # matplotlib's style rule names every element; inside a page that would mean the whole page.
    svg = svg.replace('<style type="text/css">*{', '<style type="text/css">svg *{')
    return svg.replace(INK, "currentColor").strip()

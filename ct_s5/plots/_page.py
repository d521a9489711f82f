"""render_page: text, tables and figures as one HTML file that needs nothing else."""

import importlib.resources
from collections.abc import Mapping
from typing import Any

from ct_s5.plots._style import look

BLOCKS = ("text", "note", "code", "figure", "table", "terms", "details")


def check_installed() -> None:
    """Find out now whether figures and pages can be made.

    Raises:
        ImportError: matplotlib or jinja2 is not installed.
    """
    _jinja2()
    with look():
        pass


def render_page(page: Mapping[str, Any]) -> str:
    """One self-contained page: no script, nothing loaded from anywhere, light and dark.

    All text is escaped; only the SVG of a figure goes in as it is, so it must come from
    `figure_to_svg`.

    Args:
        page: `title`, `headline`, `lead` (a line below it, may be missing) and `sections`: dicts of
            `title` and `blocks`. A block has one key that says what it is:
            `text`, `note` (something to beware of) or `code`: a string;
            `figure`: an SVG, with a `caption`;
            `table`: rows of cells, with `columns` and perhaps a `caption`; the first cell of a row
            names it, the others stand to the right;
            `terms`: pairs of a word and what it means, with `colours` by word or without;
            `details`: a summary, with `blocks` that open below it.

    Raises:
        ValueError: A block of no known kind.
        ImportError: jinja2 is not installed.
    """
    jinja2 = _jinja2()
    for section in page["sections"]:
        _check(section["blocks"])
    source = importlib.resources.files("ct_s5.plots").joinpath("report.html.jinja")
    rules = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    rules.globals["kinds"] = BLOCKS
    return rules.from_string(source.read_text(encoding="utf-8")).render(page=page)


def _jinja2():
    try:
        import jinja2
    except ImportError as error:
        raise ImportError(
            "Pages need jinja2, which is not installed: pip install 'ct-s5[plots]'."
        ) from error
    return jinja2


def _check(blocks) -> None:
    for block in blocks:
        if sum(kind in block for kind in BLOCKS) != 1:
            raise ValueError(
                f"A block has one of the keys {', '.join(BLOCKS)}; this one has {', '.join(block)}."
            )
        _check(block.get("blocks", ()))

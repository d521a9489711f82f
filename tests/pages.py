"""The pages a reader may copy from, and the blocks in them."""

import pathlib
import re

ROOT = pathlib.Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: pathlib.Path, language: str) -> list[str]:
    """The fenced blocks of one language."""
    # Every fence, opening or closing, so that the end of one block is not the start of the next.
    parts = re.split(r"^```(\w*)\n", page.read_text() + "\n", flags=re.MULTILINE)
    return [body for fence, body in zip(parts[1::4], parts[2::4], strict=True) if fence == language]

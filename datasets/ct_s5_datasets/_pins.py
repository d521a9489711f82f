"""What files were when they were first fetched, where nobody publishes a hash: `SHA256SUMS`.

In the form that `sha256sum --check` reads, beside the files.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

PINS = "SHA256SUMS"

_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *](?:\./)?(.+)")


def read_pins(folder: Path) -> dict[str, str]:
    """Name of each pinned file -> its SHA-256.

    Raises:
        ValueError: A line is no pin.

    """
    path = folder / PINS
    if not path.is_file():
        return {}
    pins = {}
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        found = _LINE.fullmatch(line.rstrip())
        if not found:
            raise ValueError(
                f"{path}, line {number}: {line[:40]!r} is not a SHA-256, two spaces and the name "
                "of a file. Mend the line, or remove it to accept the file as it is."
            )
        pins[found[2]] = found[1].lower()
    return pins


def keep_pin(folder: Path, name: str, sha256: str) -> None:
    """Add a pin; the file of pins is the old or the new one at any time."""
    pins = read_pins(folder) | {name: sha256}
    path = folder / PINS
    fresh = path.with_name(f".{PINS}.new")
    fresh.write_text("".join(f"{digest}  {of}\n" for of, digest in pins.items()), encoding="utf-8")
    os.replace(fresh, path)

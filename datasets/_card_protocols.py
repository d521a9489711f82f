"""The table of protocols in each card, made from their declarations.

python datasets/_card_protocols.py            writes them between the markers of each card
python datasets/_card_protocols.py --check    exit code 1 where a card says something else
"""

from __future__ import annotations

import pathlib
import re
import sys

from ct_s5_datasets import Protocol, describe

CARDS = pathlib.Path(__file__).parent / "cards"
_BLOCK = re.compile(r"(<!-- protocols -->\n).*?(<!-- end -->)", re.DOTALL)


def tables() -> dict[str, str]:
    """Name of a card -> its table, for every card whose sets have protocols."""
    found: dict[str, list[Protocol]] = {}
    for name, told in describe().items():
        card = told.card or name.replace("/", "_")
        found.setdefault(card, []).extend(told.protocols.values())
    return {card: table(protocols) for card, protocols in found.items() if protocols}


def table(protocols: list[Protocol]) -> str:
    """Markdown: a row a protocol."""
    head = (
        "protocol",
        "status",
        "train / validation / test",
        "scaling",
        "epoch chosen on",
        "leaks",
    )
    lines = [f"| {' | '.join(head)} |", "|---|---|---|---|---|---|"]
    for rules in protocols:
        sizes = [
            f"{n:,}" if n else "" for n in map(rules.sizes.get, ("train", "validation", "test"))
        ]
        cells = (
            f"`{rules.name.removeprefix(rules.set + '/')}`",
            rules.status,
            " / ".join(size or "-" for size in sizes) if any(sizes) else "",
            str(rules.normaliser),
            rules.selection,
            ", ".join(leaks(rules)),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def leaks(rules: Protocol) -> list[str]:
    """In a word each: "statistics", "epoch", and whose series are in several parts."""
    kinds = {
        "statistics": rules.normaliser.looks_at_test,
        "epoch": rules.selection == "test",
        rules.crosses: bool(rules.crosses),
    }
    return [kind for kind, is_so in kinds.items() if is_so]


def main(words: list[str]) -> int:
    stale = 0
    for card, text in tables().items():
        path = CARDS / f"{card}.md"
        old = path.read_text(encoding="utf-8")
        new, n = _BLOCK.subn(lambda found: found[1] + text + found[2], old)  # noqa: B023
        if not n:
            raise ValueError(f"{path} has no line <!-- protocols --> with <!-- end --> below it.")
        stale += new != old
        if new != old and "--check" not in words:
            path.write_text(new, encoding="utf-8")
        elif new != old:
            print(f"{path} is not what the declarations say.")
    return int(bool(stale) and "--check" in words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

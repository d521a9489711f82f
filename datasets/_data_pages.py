"""The tables of sets and of their uses in docs/data_*.md, made from what the sets declare.

python datasets/_data_pages.py            writes them between the markers of each page
python datasets/_data_pages.py --check    exit code 1 where a page says something else
"""

from __future__ import annotations

import pathlib
import re
import sys
from collections.abc import Sequence
from itertools import groupby

from _card_protocols import leaks

from ct_s5_datasets import Protocol, describe

DOCS = pathlib.Path(__file__).parents[1] / "docs"

# Page -> its sets. Every set is on one page: a test.
FAMILIES = {
    "data_clinical": (
        "physionet2012",
        "physionet2019",
        "mimic3",
        "mimic4",
        "glucose",
        "rr_intervals",
    ),
    "data_sensors": (
        "ushcn",
        "human_activity",
        "pam",
        "wearable",
        "earthquakes",
        "hurdat2",
        "gps",
        "uea",
    ),
    "data_simulated": ("oscillators", "ornstein_uhlenbeck", "pendulum"),
    "data_lra": (
        "lra/listops",
        "lra/text",
        "lra/retrieval",
        "lra/image",
        "lra/pathfinder",
        "lra/pathx",
        "mnist",
        "cifar10",
        "spoken_digits",
        "speech_commands",
    ),
}
_BLOCK = re.compile(r"(<!-- table: (sets|uses) -->\n).*?(<!-- end -->)", re.DOTALL)
_IN_WORDS = {
    "statistics": "test readings are in the statistics of the scaling",
    "epoch": "the epoch is chosen on the test part",
}


def page(text: str, sets: Sequence[str]) -> str:
    """A page with its two tables made anew.

    Raises:
        ValueError: The page does not have the markers of each table once.

    """
    tables = {"sets": table_of_sets(sets), "uses": table_of_uses(sets)}
    found = [kind for _, kind, _ in _BLOCK.findall(text)]
    if found != list(tables):
        raise ValueError(f"The page has markers for the tables {found}, not {list(tables)}.")
    return _BLOCK.sub(lambda block: f"{block[1]}{tables[block[2]]}{block[3]}", text)


def table_of_sets(sets: Sequence[str]) -> str:
    """Markdown: a row a set."""
    rows = []
    for name in sets:
        told = describe()[name]
        card = told.card or name.replace("/", "_")
        comes = "arrays" if told.arrays else "frame"
        link = f"[`{name}`](../datasets/cards/{card}.md)"
        rows.append((link, told.title, told.licence, told.size, comes))
    return _markdown(("set", "what it is", "licence", "files", "comes as"), rows)


def table_of_uses(sets: Sequence[str]) -> str:
    """Markdown: a row a published use; uses that differ in their parts alone share one."""
    rows = []
    for name in sets:
        known = describe()[name].protocols
        uses = [rules for rules in known.values() if "-leakfree@" not in rules.key]
        for _, together in groupby(uses, _alike):
            same = list(together)
            free = all(rules.key.replace("@", "-leakfree@") in known for rules in same)
            first = same[0]
            told = (first.status, first.task, first.metric, _leaks(leaks(first), free))
            rows.append((_first_to_last(same), *told))
    return _markdown(("protocol", "status", "what is seen and asked", "score", "leaks"), rows)


def _alike(rules: Protocol) -> tuple[str, ...]:
    return rules.status, rules.task, rules.metric, *leaks(rules)


def _first_to_last(same: Sequence[Protocol]) -> str:
    """Of many names the first two and the last; all but the first without the set."""
    names = [f"`{same[0].name}`", *(f"`{rules.key}`" for rules in same[1:])]
    return ", ".join(names) if len(names) < 4 else f"{names[0]}, {names[1]} to {names[-1]}"


def _leaks(kinds: Sequence[str], free: bool) -> str:
    words = [_IN_WORDS.get(kind, f"one {kind} is in several parts") for kind in kinds]
    if words:
        words.append("has a leak-free form" if free else "no leak-free form")
    return "; ".join(words)


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |\n" for cells in (head, *rows)]
    lines[1:1] = ["|---" * len(head) + "|\n"]
    return "".join(lines).replace("<", "&lt;")  # <eos> is no tag


def main(words: Sequence[str]) -> int:
    stale = 0
    for name, sets in FAMILIES.items():
        path = DOCS / f"{name}.md"
        old = path.read_text(encoding="utf-8")
        new = page(old, sets)
        stale += new != old
        if new != old and "--check" not in words:
            path.write_text(new, encoding="utf-8")
        elif new != old:
            print(f"{path} is not what the sets declare.")
    return int(bool(stale) and "--check" in words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Which sets there are: what is known of each before a file of it is opened."""

from __future__ import annotations

import difflib
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One set.

    Attributes:
        module: Its file in this package, opened on first use: listing names loads no pandas.
        title: What it is, in a line.
        licence: In a few words; the card has the attribution.
        size: Of the provider's files, in words.
        protocols: What its module offers beyond the set itself, as `protocol@version`.
        simulated: Whether it is made here, from a seed, and needs no file.

    """

    module: str
    title: str
    licence: str
    size: str
    protocols: tuple[str, ...] = ()
    simulated: bool = False


ENTRIES = {
    "physionet2012": Entry(
        "_physionet2012",
        "48 hours of intensive care; death in hospital",
        "ODC-BY 1.0",
        "20 MB",
        ("mtan-classif@1",),
    ),
}


def names() -> list[str]:
    """List all sets, each followed by its protocols as `set/protocol@version`."""
    return [
        name
        for entry, told in ENTRIES.items()
        for name in (entry, *(f"{entry}/{protocol}" for protocol in told.protocols))
    ]


def entry_and_protocol(name: str) -> tuple[str, str]:
    """The set and the protocol, "" for none, that a name stands for.

    Raises:
        ValueError: There is no such name; the message has the nearest one.

    """
    known = names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        raise ValueError(
            f"No data set {name!r}."
            + (f" Did you mean {near[0]!r}?" if near else "")
            + f" There are: {', '.join(known)}."
        )
    if name in ENTRIES:
        return name, ""
    entry, _, protocol = name.rpartition("/")
    return entry, protocol

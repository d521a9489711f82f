"""Public data sets as pandas frames: `names()` lists them, `load(name, root=...)` reads one.

`card(name)` is what to know of a set before its files are there.

Loaders read the providers' own files, fetch nothing, and need neither ct_s5 nor JAX.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from ._dataset import Column, Dataset, read_card

__all__ = ["Column", "Dataset", "card", "load", "names"]

# Set -> its file here, opened on first use: listing names loads no pandas.
_LOADERS = {"physionet2012": "_physionet2012"}
_PROTOCOLS = {"physionet2012": ("mtan-classif@1",)}


def names() -> list[str]:
    """List all sets, each followed by its protocols as `set/protocol@version`."""
    return [
        name
        for entry in _LOADERS
        for name in (entry, *(f"{entry}/{protocol}" for protocol in _PROTOCOLS.get(entry, ())))
    ]


def card(name: str) -> str:
    """Tell of a set's origin, licence, columns and defects, in Markdown.

    Args:
        name: One of `names()`; all protocols of a set share its card.

    Raises:
        ValueError: The name is unknown.

    """
    return read_card(_entry_and_protocol(name)[0])


def load(
    name: str, root: str | Path | None = None, *, part: str | Sequence[str] | None = None
) -> Dataset:
    """Read a set, or a set as one protocol uses it.

    Args:
        name: One of `names()`. With a protocol, such as "physionet2012/mtan-classif@1", the
            protocol chooses the part, and `splits` holds that protocol's split alone. Version 1
            fixes which series lie in which part, not how they are scaled or scored.
        root: That set's own folder. By default `$CT_S5_DATA/<set>`.
        part: Which of the set's files to read, in the set's own words ("a", "b" or ("a", "b") for
            physionet2012). By default its first.

    Raises:
        ValueError: The name is unknown, or the files are damaged.
        FileNotFoundError: A file is absent; the message says where to get it.

    """
    entry, protocol = _entry_and_protocol(name)
    loader = import_module(f".{_LOADERS[entry]}", __name__)
    if protocol:
        wanted = loader.PROTOCOLS[protocol]
        if part is not None and part != wanted:
            raise ValueError(
                f"{name} is defined on part {wanted!r}, not on part={part!r}. Leave part out, or "
                f"load {entry!r} with that part."
            )
        part = wanted
    chosen = {} if part is None else {"part": part}
    dataset = loader.load(_folder(entry, root), **chosen)
    if not protocol:
        return dataset
    if protocol not in dataset.splits:
        raise ValueError(
            f"{name} needs the whole part {part!r}; {len(dataset.labels)} series are there. "
            f"Load {entry!r} to use them without the protocol."
        )
    return replace(dataset, splits={protocol: dataset.splits[protocol]})


def _entry_and_protocol(name: str) -> tuple[str, str]:
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=1, cutoff=0.5)
        raise ValueError(
            f"No data set {name!r}."
            + (f" Did you mean {near[0]!r}?" if near else "")
            + f" There are: {', '.join(names())}."
        )
    entry, _, protocol = name.partition("/")
    return entry, protocol


def _folder(entry: str, root: str | Path | None) -> Path:
    if root is not None:
        return Path(root)
    base = os.environ.get("CT_S5_DATA")
    if not base:
        raise ValueError(
            f"Where is {entry}? Give root=, the folder of its files, or set the environment "
            f"variable CT_S5_DATA to the folder that holds {entry}/."
        )
    return Path(base) / entry

"""Public data sets as pandas frames: `names()` lists them, `load(name, root=...)` reads one.

`card(name)` is what to know of a set before its files are there, `describe()` one line on each;
`protocol(name)` is the rules of a published use: parts, scaling, score, and where it leaks;
`check(dataset)` looks for leaks between the parts of its splits. `PROCESSES` has the best forecast
of the set "ornstein_uhlenbeck".

Loaders read the providers' own files and need neither ct_s5 nor JAX. Nothing is fetched unless
`fetch(name)` or `load(name, download=True)` asks for it.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ._cache import cached, user_folder
from ._dataset import Column, Dataset, read_card
from ._normaliser import Normaliser
from ._noted import noting
from ._protocol import Protocol
from ._registry import ENTRIES, Entry, entry_and_protocol, names
from .protocols import PROTOCOLS

if TYPE_CHECKING:
    from ._check import check
    from ._known_process import PROCESSES
    from ._ornstein_uhlenbeck import OrnsteinUhlenbeck

__all__ = [
    "PROCESSES",
    "Column",
    "Dataset",
    "Entry",
    "Normaliser",
    "OrnsteinUhlenbeck",
    "Protocol",
    "card",
    "check",
    "describe",
    "fetch",
    "folder_of",
    "load",
    "names",
    "protocol",
]

_WHERE = ("store",)  # options that say where to keep something, not what to read

# What needs pandas or NumPy, which listing names does not, is opened on first use.
_LATER = {
    "check": "_check",
    "PROCESSES": "_known_process",
    "OrnsteinUhlenbeck": "_ornstein_uhlenbeck",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(f".{_LATER[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def card(name: str) -> str:
    """Tell of a set's origin, licence, columns and defects, in Markdown.

    Args:
        name: One of `names()`; all protocols of a set share its card.

    Raises:
        ValueError: The name is unknown.

    """
    entry = entry_and_protocol(name)[0]
    return read_card(ENTRIES[entry].card or entry.replace("/", "_"))


def describe() -> dict[str, Entry]:
    """What is known of every set before a file of it is opened: title, licence, size, protocols."""
    return dict(ENTRIES)


def load(
    name: str,
    root: str | Path | None = None,
    *,
    part: str | Sequence[str] | None = None,
    download: bool | Literal["pin"] = False,
    **options: Any,
) -> Any:
    """Read a set, or a set as one protocol uses it.

    What was parsed is kept as parquet in `$CT_S5_CACHE` (by default the user's cache folder) and
    read from there the next time, as long as neither the files nor this package change.

    Args:
        name: One of `names()`. With a protocol, such as "physionet2012/mtan-classif@1", the
            protocol chooses the part, `split` is its own, `scaling` and `scaled` are as it scales,
            and `cite()` gives name and hash for a results file. Files that seem not to be whole are
            warned of.
        root: That set's own folder; `folder_of(set)` when left out. Simulated sets need none.
        part: Which of the set's files to read, in the set's own words ("a", "b" or ("a", "b") for
            physionet2012). By default its first.
        download: Where files are missing, fetch them first, as `fetch` does. "pin" also takes files
            that have no published hash.
        **options: What else a set can be asked for, such as `order` of mnist or `rate` of
            speech_commands; its card tells.

    Returns:
        A `Dataset`. Sets too long for one frame (`describe()[name].arrays`) come as arrays, with
        `labels`, `static`, `schema`, `splits` and `card` alike, and methods `frame(ids)` and
        `scaled(ids)` that give the frame of chosen series.

    Raises:
        ValueError: The name is unknown, or the files are damaged.
        FileNotFoundError: A file is absent; the message says where to get it.

    """
    entry, _ = entry_and_protocol(name)
    told, rules = ENTRIES[entry], PROTOCOLS.get(name)
    given = options if part is None else {"part": part, **options}
    wanted = rules.asks if rules else {}
    for option, value in given.items():
        if option in wanted and value != wanted[option]:
            raise ValueError(
                f"{name} is defined on {option} {wanted[option]!r}, not on {option}={value!r}. "
                f"Leave {option} out, or load {entry!r} with it."
            )
    chosen: dict[str, Any] = {**told.options, **given, **wanted}
    module = import_module(f".{told.module}", __name__)
    parameters = inspect.signature(module.load).parameters
    takes = [*parameters][1:]
    open_ended = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    for option in given:
        if option not in takes and not open_ended:
            raise ValueError(
                f"{entry} has no option {option!r}; it takes {', '.join(takes) or 'none'}."
            )
    if told.simulated and (root is not None or download):
        raise ValueError(f"{entry} is made here and has no files: leave root and download out.")
    if download not in (True, False, "pin"):
        raise ValueError(f'download={download!r}: give True, False or "pin".')
    folder = None if told.simulated else folder_of(entry) if root is None else Path(root)

    def parse() -> Any:
        with noting() as files:
            dataset = module.load(folder, **chosen)
        return dataset.with_origin(files=files)

    def read() -> Any:
        return parse() if folder is None or told.arrays else cached(entry, folder, chosen, parse)

    try:
        dataset = read()
    except FileNotFoundError as error:
        parts = _parts(chosen.get("part", _defaults(module.load).get("part")))
        if folder is None or not download:
            raise FileNotFoundError(f"{error}{_how_to_have(entry, root, parts)}") from error
        from ._fetch import fetch as fetch_files

        fetch_files(entry, folder, parts, pin=download == "pin")
        dataset = read()
    asked = {**_defaults(module.load), **chosen}
    asked = {option: value for option, value in asked.items() if option not in _WHERE}
    dataset = dataset.with_origin(name=name, asked=asked)
    if rules is None:
        return dataset
    from ._recut import under

    return under(dataset, rules)


def protocol(name: str) -> Protocol:
    """The rules of a protocol, before a file of its set is opened.

    Args:
        name: One of `names()` with an "@" in it, such as "physionet2012/mtan-classif@1".

    Raises:
        ValueError: There is no such protocol.

    """
    if not entry_and_protocol(name)[1]:
        known = ", ".join(each for each, rules in PROTOCOLS.items() if rules.set == name) or "none"
        raise ValueError(f"{name} is a set, not a protocol; its protocols: {known}.")
    return PROTOCOLS[name]


def folder_of(entry: str) -> Path:
    """Where a set's files lie unless `root` says otherwise.

    `$CT_S5_DATA/<set>`, or, where that is not set, a folder in the user's cache.
    """
    base = os.environ.get("CT_S5_DATA")
    return (Path(base) if base else user_folder() / "files") / entry


def fetch(
    name: str,
    root: str | Path | None = None,
    *,
    part: str | Sequence[str] | None = None,
    pin: bool = False,
    progress: bool = True,
) -> list[Path]:
    """Download what is missing of a set's files, each checked by its hash.

    They appear in their folder when all of them are there. An interrupted download is resumed by
    the next call.

    Args:
        name: A set, or one of its protocols, whose part is then fetched.
        root: The folder to download into; `folder_of(set)` when left out.
        part: Which of the set's files, as `load` takes it; all that have a name of their own when
            left out.
        pin: Also take files that have no published hash, as they come. Their SHA-256 is kept in
            `SHA256SUMS` beside them, and every later download is checked against it.
        progress: Show a bar, on a terminal only.

    Returns:
        The files.

    Raises:
        ValueError: The name is unknown; the set has no files; no address is known for them, so that
            they are to be had by hand; a file has no published hash and `pin` is not given; or what
            came does not have the hash.
        OSError: The server cannot be reached or stopped halfway, or the disk is full. What came is
            kept for next time.

    """
    from ._fetch import fetch as fetch_files

    entry, _ = entry_and_protocol(name)
    if ENTRIES[entry].simulated:
        raise ValueError(f"{entry} is made here and has no files to fetch: load it.")
    folder = folder_of(entry) if root is None else Path(root)
    if part is None and name in PROTOCOLS:
        defaults = _defaults(import_module(f".{ENTRIES[entry].module}", __name__).load)
        part = {**defaults, **PROTOCOLS[name].asks}.get("part")
    return fetch_files(entry, folder, _parts(part), pin=pin, progress=progress)


def _parts(part: str | Sequence[str] | None) -> tuple[str, ...]:
    """Parts of a set as tuple, each without what is done to it, such as "/drop-30"."""
    several = () if part is None else (part,) if isinstance(part, str) else part
    named = isinstance(several, (tuple, list)) and all(isinstance(each, str) for each in several)
    if not named:
        raise TypeError(f"part={part!r}: give the name of a part, or a tuple of names.")
    return tuple(each.partition("/")[0] for each in several)


def _defaults(function: Any) -> dict[str, Any]:
    """What a loader does unless asked: a set loaded with and without its default is one set."""
    parameters = inspect.signature(function).parameters.values()
    return {
        each.name: each.default for each in parameters if each.default not in (None, each.empty)
    }


def _how_to_have(entry: str, root: str | Path | None, parts: tuple[str, ...]) -> str:
    """The next steps where a file is missing, after what its loader says of it."""
    from ._remotes import command, remotes_of

    steps = []
    if root is None:
        steps = [
            f"give root=, the folder of the files, or set the environment variable CT_S5_DATA to "
            f"the folder that holds {entry}/"
        ]
    if remotes := remotes_of(entry, parts):
        how = "True" if all(remote.check for remote in remotes) else '"pin"'
        steps.append(f"have them fetched: {command(entry, parts)}, or download={how}")
    said = "; or ".join(steps)
    return f" {said[0].upper()}{said[1:]}." if said else ""

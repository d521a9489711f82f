"""ct-s5 data: which sets there are, what is known of each, and whether their splits leak."""

import inspect
import pathlib
import sys
from typing import Annotated

import tyro

Name = Annotated[str, tyro.conf.arg(metavar="NAME")]
Root = Annotated[pathlib.Path | None, tyro.conf.arg(metavar="FOLDER", help_behavior_hint="")]

Part = Annotated[str | None, tyro.conf.arg(metavar="PART", help_behavior_hint="")]


def list_sets() -> None:
    """List every set by name: licence, size, whether its files are here, and its protocols.

    Each protocol has its status, "exact", "rebuilt" or "needs-file", and "leaks" where the
    published use looks at what it tests on; `ct-s5 data card NAME` says how. Files are looked for
    in the folder $CT_S5_DATA/NAME, or, without that variable, where `ct-s5 data fetch` puts them;
    "to fetch" are those that it can get, of others the card tells how to have them. The sets are
    those of this library's own package and of any other that announces some.
    """
    from ct_s5 import lab

    rows = [("name", "files", "size", "licence", "what")]
    protocols: dict[str, list[str]] = {}
    known = lab.providers()
    for name, provider in known.items():
        if told := provider.describe().get(name):
            place = _whereabouts(provider, name, told)
            rows.append((name, place, told.size, told.licence, told.title))
        else:
            protocols.setdefault(_set_of(name, known), []).append(name)
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    width = max((len(name) for some in protocols.values() for name in some), default=0)
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        print("  ".join([*cells, row[4]]))
        for name in protocols.get(row[0], []):
            print(f"  {name.ljust(width)}  {_status(known[name], name)}".rstrip())


def card(name: tyro.conf.Positional[Name], /) -> None:
    """Show what is known of a set: origin, licence, columns and units, splits, defects.

    Args:
        name: One of `ct-s5 data list`.
    """
    from ct_s5 import lab

    print(lab.provider_of(name).card(name).rstrip())


def fetch(
    name: tyro.conf.Positional[Name], /, *, root: Root = None, part: Part = None, pin: bool = False
) -> None:
    """Download the files of a set.

    Each is checked by its hash, files that are there are left alone, and an interrupted download is
    resumed the next time. Where no address is known the card tells how to get them.

    Args:
        name: One of `ct-s5 data list`.
        root: Folder to download into; $CT_S5_DATA/NAME, or one in the user's cache, when left out.
        part: Which of the set's files, as its card names them; all when left out. Several have
            commas between them: a,b.
        pin: Also take files that have no published hash, as they come. Their SHA-256 is kept beside
            them, in SHA256SUMS, and later downloads are checked against it.
    """
    from ct_s5 import lab

    provider = lab.provider_of(name)
    asked = {word: value for word, value in (("part", _several(part)), ("pin", pin)) if value}
    takes = inspect.signature(provider.fetch).parameters
    for word in asked:  # others' sets need not know of them
        if word not in takes and not any(each.kind is each.VAR_KEYWORD for each in takes.values()):
            raise ValueError(f"{name} takes no --{word}: its package fetches it whole.")
    for path in provider.fetch(name, root, **asked):
        print(path)


def check(name: tyro.conf.Positional[Name], /, *, root: Root = None, part: Part = None) -> None:
    """Read a set and look for leaks between the parts of its splits.

    Looked for are series, copies or overlapping windows of series, or series of one person on both
    sides of a split, a validation part that is the test part, test readings in the statistics of a
    scaling, and columns that are the label by another name. Exit code 1 where one is found.

    Args:
        name: One of `ct-s5 data list`.
        root: Folder of the files; $CT_S5_DATA/NAME when left out.
        part: Which of the set's files to read, in its own words (see its card); its first when left
            out. Several have commas between them: a,b.
    """
    from ct_s5 import lab

    provider = lab.provider_of(name)
    data = provider.load(name, root=root, part=_several(part))
    print(data)
    found = provider.check(data)
    for sentence in found:
        print(f"- {sentence}")
    counted = f"{len(found)} finding{'s' if found[1:] else ''}."
    print(counted if found else "No leak was found.")
    if found:
        sys.exit(1)


def _several(part: str | None) -> str | tuple[str, ...] | None:
    """The parts that a word with commas names."""
    return tuple(word.strip() for word in part.split(",")) if part and "," in part else part


def _set_of(protocol: str, known) -> str:
    """The set of a protocol, `set/protocol@version` or `set@version`."""
    words = protocol.rpartition("@")[0].removesuffix("-leakfree")
    return words if words in known else protocol.rpartition("/")[0]


def _status(provider, name: str) -> str:
    """What a provider tells of a protocol; nothing where it tells of names alone."""
    if not hasattr(provider, "protocol"):
        return ""
    rules = provider.protocol(name)
    return rules.status + (", leaks" if rules.leaks else "")


def _whereabouts(provider, name: str, told) -> str:
    if told.simulated:
        return "made here"
    folder = provider.folder_of(name)
    # Others' sets need not know what their files are called.
    here = told.lies_in(folder) if hasattr(told, "lies_in") else any(folder.glob("*"))
    return "here" if here else "to fetch" if getattr(told, "fetched", False) else "-"


COMMANDS = {"list": list_sets, "card": card, "fetch": fetch, "check": check}

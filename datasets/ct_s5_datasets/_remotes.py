"""Where the files of each set are to be had, and what each is checked by: the table `remotes.csv`.

The addresses are the providers' own, or, where those publish no hash or remake their files, public
repositories at a fixed commit: the files that a set's card counts, which says how they differ from
the provider's. PhysioNet's sizes and hashes are those that medical_ts_datasets records, those of
images, reviews and spoken commands TensorFlow Datasets', that of GRU-ODE-Bayes' table tsdm's, that
of NOAA's storms a pipeline's built on them, and the MD5 of the localisation data that of Latent
ODE's code; these files were not at hand. All others were: a test compares them.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("remotes.csv")
_ANY = "*"  # any part that no other row names
_PART = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Remote:
    """One file of a set where it is to be had.

    Attributes:
        name: What it is called in the set's folder.
        url: Where it is.
        check: What it must be: "sha256:..." or "md5:..." of the file, or "wav:...", SHA-256 over
            the names and hashes of an archive's recordings, where the archive is packed anew at
            every download; "" where nobody publishes a hash.
        n_bytes: Its size, where known.
        parts: The parts of the set that need it; () for all.

    """

    name: str
    url: str
    check: str = ""
    n_bytes: int | None = None
    parts: tuple[str, ...] = ()


@cache
def table() -> dict[str, tuple[Remote, ...]]:
    """All files of all sets that can be fetched."""
    found: dict[str, tuple[Remote, ...]] = {}
    with _TABLE.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            n_bytes = int(row["bytes"]) if row["bytes"] else None
            parts = tuple(row["part"].split())
            remote = Remote(row["name"], row["url"], row["check"], n_bytes, parts)
            found[row["set"]] = (*found.get(row["set"], ()), remote)
    return found


def remotes_of(entry: str, parts: tuple[str, ...] = ()) -> tuple[Remote, ...]:
    """The files of a set that some of its parts need; of all parts that have a name where () is.

    Nothing where no address is known, be it of one of these parts only.
    """
    own = table().get(entry, ())
    if not parts:
        return tuple(remote for remote in own if _ANY not in remote.parts)
    if not any(remote.parts for remote in own):  # its parts are ways to read the same files
        return own
    named = named_parts(entry)
    found = [remote for remote in own if not remote.parts or set(remote.parts) & {*parts} - {_ANY}]
    for part in (part for part in parts if part not in named):
        any_other = [_filled(remote, part) for remote in own if _ANY in remote.parts]
        if not any_other or not _PART.fullmatch(part):
            return ()
        found += any_other
    return tuple(found)


def named_parts(entry: str) -> list[str]:
    """The parts of a set that can be fetched by name."""
    own = table().get(entry, ())
    return sorted({part for remote in own for part in remote.parts if part != _ANY})


def command(entry: str, parts: tuple[str, ...] = ()) -> str:
    """What fetches a set, or some of its parts, on the command line."""
    remotes = remotes_of(entry, parts)
    part = f" --part {','.join(parts)}" if parts and any(r.parts for r in remotes) else ""
    pin = "" if all(remote.check for remote in remotes) else " --pin"
    return f"ct-s5 data fetch {entry}{part}{pin}"


def _filled(remote: Remote, part: str) -> Remote:
    name, url = remote.name.format(part=part), remote.url.format(part=part)
    return replace(remote, name=name, url=url, parts=(part,))

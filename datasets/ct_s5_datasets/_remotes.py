"""Where the files of each set are to be had, and what each is checked by: the table `remotes.csv`.

The addresses are the providers' own, or, where those publish no hash or remake their files, copies
in public repositories at a fixed commit that are byte for byte the providers' files. PhysioNet's
sizes and hashes are those that medical_ts_datasets records, those of images, reviews and spoken
commands TensorFlow Datasets', those of GRU-ODE-Bayes' table tsdm's, and the MD5 of the localisation
data that of Latent ODE's code; the files themselves were not at hand. All others were: a test
compares them.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("remotes.csv")
_ANY = "*"  # any part that no other row names


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

    Nothing where no address is known.
    """
    own = table().get(entry, ())
    if not parts:
        return tuple(remote for remote in own if _ANY not in remote.parts)
    named = {part for remote in own for part in remote.parts}
    found = []
    for remote in own:
        if not remote.parts or set(remote.parts) & set(parts):
            found.append(remote)
        elif _ANY in remote.parts:
            found += [_filled(remote, part) for part in parts if part not in named]
    return tuple(found)


def _filled(remote: Remote, part: str) -> Remote:
    name, url = remote.name.format(part=part), remote.url.format(part=part)
    return replace(remote, name=name, url=url, parts=(part,))

"""Find a task's folder in the release of Long Range Arena; read big text files in blocks."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path

from .._noted import note_hash

MADE = "GENERATED.txt"
"""What lies beside the files of a generator, and not in the release."""

_MIB = 2**20
_BLOCK = 16 * _MIB
_LONGEST_LINE = 16 * _MIB
_MOST = 8 * 2**30

SOURCE = (
    "Get lra_release.gz (a tar.gz of 8 GB) of Long Range Arena, "
    "https://github.com/google-research/long-range-arena (code under Apache-2.0), and unpack it"
)


def task_folder(root: str | Path, names: tuple[str, ...], *, holds: str, again: str) -> Path:
    """The folder of one task, wherever in the release `root` points.

    Args:
        root: The task's own folder, or the one that holds it, or `lra_release/` once or twice
            above it: releases are unpacked in both ways.
        names: Names the task's folder may have.
        holds: A file or folder that is in the task's folder; `.gz` behind it is fine too.
        again: The next step for the reader of an error.

    Raises:
        FileNotFoundError: It is in none of these places.

    """
    root = Path(root)
    above = (root, root / "lra_release", root / "lra_release" / "lra_release")
    places = [root, *(folder / name for folder in above for name in names)]
    for place in places:
        if (place / holds).exists() or (place / f"{holds}.gz").exists():
            return place
    inside = " or ".join(f"{name}/" for name in names)
    raise FileNotFoundError(
        f"{holds} is neither in {root} nor in {inside} there or under lra_release/. {again}"
    )


def blocks(path: Path, again: str) -> Iterator[bytes]:
    """A text file, or the same with `.gz`, as blocks of about 16 MB that end with a line's end.

    Raises:
        FileNotFoundError: Neither is there.
        ValueError: The file is an HTML page, cut short, damaged or without end.

    """
    packed = path.with_name(path.name + ".gz")
    if not path.is_file() and not packed.is_file():
        raise FileNotFoundError(
            f"Neither {path.name} nor {packed.name} is in {path.parent}. {again}"
        )
    opened = path if path.is_file() else packed
    rest, total, seen = b"", 0, hashlib.sha256()
    try:
        with path.open("rb") if opened is path else gzip.open(packed) as stream:
            while chunk := stream.read(_BLOCK):
                if total == 0 and (
                    b"<html" in chunk[:512].lower() or b"<!doc" in chunk[:512].lower()
                ):
                    raise ValueError(f"{opened} is an HTML page, not the file. {again}")
                total += len(chunk)
                seen.update(chunk)
                if total > _MOST:
                    raise ValueError(f"{opened} holds more than 8 GiB of text; refused. {again}")
                whole, end, rest = (rest + chunk).rpartition(b"\n")
                if len(rest) > _LONGEST_LINE:
                    raise ValueError(f"{opened} has a line of more than 16 MiB; refused. {again}")
                if end:
                    yield whole + end
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{opened} is cut short or damaged ({error}). {again}") from error
    note_hash(path.name, seen.hexdigest())
    if rest:
        yield rest + b"\n"

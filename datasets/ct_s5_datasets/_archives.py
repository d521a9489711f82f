"""Read many small files from a .tar.gz, a .zip or the folder it unpacks to, and trust none.

An archive is decompressed and read in memory; nothing is written, so no name in it can touch a
file here. The size of a .tar.gz is bounded while it is decompressed, before tarfile sees a header:
a header may itself be the bomb.
"""

import gzip
import io
import itertools
import os
import re
import tarfile
import zlib
from pathlib import Path

from ._limits import MIB, check_growth, check_name
from ._limits import Limits as Limits  # its readers name it from here
from ._noted import note
from ._zips import is_zip, read_zip

_CHUNK = MIB


def read_members(
    source: Path, wanted: str, *, again: str, limits: Limits | None = None
) -> list[tuple[str, bytes]]:
    """Read every file whose base name matches, under whatever folders it lies.

    Args:
        source: A `.tar.gz` file, a `.zip` file or a folder.
        wanted: Regular expression for the whole base name, such as `r"[0-9]+\\.txt"`.
            Other files are left alone; a link or a name that leaves the folder is refused even so.
        again: The next step for the reader of an error, such as where to get the file.
        limits: What to refuse as a bomb.

    Returns:
        (name, content) pairs, sorted by name. A name that the archive holds twice comes twice.

    Raises:
        ValueError: The archive is cut short, damaged, no archive at all, or unsafe.

    """
    limits = limits or Limits()
    read = _read_folder if source.is_dir() else _read_archive
    found = sorted(read(source, re.compile(wanted), limits, again), key=lambda pair: pair[0])
    for name, content in found:
        note(name, content)
    return found


def _read_archive(path: Path, wanted: re.Pattern[str], limits: Limits, again: str):
    with path.open("rb") as stream:
        start = stream.read(512)
    if is_zip(start):
        return read_zip(path, wanted, limits, again)
    if not start.startswith(b"\x1f\x8b"):
        if is_page(start):
            what = "is an HTML page, not an archive: the download met a login or an error page"
        else:
            what = f"is not a .tar.gz or .zip archive (it starts with {start[:16]!r})"
        raise ValueError(f"{path} {what}. {again}")
    return _read_tar(path, wanted, limits, again)


def _read_tar(path: Path, wanted: re.Pattern[str], limits: Limits, again: str):
    content = decompress(path, "archive", limits, again)
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            members = list(itertools.islice(archive, limits.members + 1))
            end = archive.offset
    # ValueError, OverflowError, RecursionError: what tarfile lets through for headers that lie.
    except (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError) as error:
        raise ValueError(
            f"{path} is damaged: not a readable tar inside ({error}). {again}"
        ) from error
    if len(members) > limits.members:
        raise ValueError(f"{path} holds more than {limits.members} members. {again}")
    # tarfile takes a broken header for the end of the archive and says nothing.
    if content[end:].strip(b"\0"):
        after = f"after {members[-1].name!r}" if members else "at its start"
        raise ValueError(f"{path} is damaged {after}. {again}")
    found = []
    for member in members:
        check_name(member.name, path, again)
        if member.isdir():
            continue
        if not member.isreg() or member.issparse() or member.size < 0:
            kind = "a link" if member.issym() or member.islnk() else "not a plain file"
            raise ValueError(f"{path}: member {member.name!r} is {kind}; refused. {again}")
        stop = member.offset_data + member.size
        if stop > len(content):
            raise ValueError(f"{path} is cut short in member {member.name!r}. {again}")
        if wanted.fullmatch(member.name.rsplit("/", 1)[-1]):
            found.append((member.name, content[member.offset_data : stop]))
    return found


def is_page(start: bytes) -> bool:
    """Whether a file that begins like this is a web page in place of data."""
    start = start[:512].lower()
    return b"<html" in start or b"<!doctype" in start


def decompress(path: Path, what: str, limits: Limits, again: str) -> bytes:
    """The content of a gzip file, bounded while it is decompressed.

    Args:
        path: The file.
        what: What it is called in messages: "archive", "file".
        limits: What to refuse as a bomb.
        again: The next step for the reader of an error.

    Raises:
        ValueError: The file is cut short, damaged, or a decompression bomb.

    """
    packed = path.stat().st_size
    chunks: list[bytes] = []
    total = 0
    try:
        with gzip.open(path) as stream:
            while chunk := stream.read(_CHUNK):
                total += len(chunk)
                check_growth(total, packed, path, limits, again)
                chunks.append(chunk)
    except EOFError as error:
        raise ValueError(
            f"{path} is cut short: {packed} bytes hold no whole {what}, "
            f"the download did not finish. {again}"
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} is damaged ({error}). {again}") from error
    return b"".join(chunks)


def _read_folder(folder: Path, wanted: re.Pattern[str], limits: Limits, again: str):
    found = []
    members = total = 0
    for here, folders, files in os.walk(folder):
        members += len(folders) + len(files)
        if members > limits.members:
            raise ValueError(f"{folder} holds more than {limits.members} members. {again}")
        for path in (Path(here, name) for name in (*folders, *files)):
            if path.is_symlink():
                raise ValueError(f"{path} is a link; refused. Put the file itself there. {again}")
        for path in (Path(here, name) for name in files if wanted.fullmatch(name)):
            if not path.is_file():
                raise ValueError(f"{path} is not a plain file; refused. {again}")
            total += path.stat().st_size
            if total > limits.total:
                raise ValueError(
                    f"{folder} holds more than {limits.total / MIB:g} MiB; refused. {again}"
                )
            found.append((path.relative_to(folder).as_posix(), path.read_bytes()))
    return found

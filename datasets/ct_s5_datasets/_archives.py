"""Read many small files from a .tar.gz, a .zip or the folder it unpacks to, and trust none.

Members are read as the archive is decompressed; nothing is written, so no name in it can touch a
file here. What a .tar.gz decompresses to is counted before tarfile sees it: a header may itself be
the bomb.
"""

import gzip
import os
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ._limits import MIB, check_growth, check_name, is_wanted
from ._limits import Limits as Limits  # its readers name it from here
from ._noted import note
from ._zips import is_zip, read_zip

_CHUNK = MIB
_HEADER = MIB // 4  # tarfile makes of an extended one many times its size


def read_members(
    source: Path,
    wanted: str,
    *,
    again: str,
    limits: Limits | None = None,
    under: re.Pattern[str] | None = None,
) -> list[tuple[str, bytes]]:
    """Read every file whose base name matches, under whatever folders it lies.

    Args:
        source: A `.tar.gz` file, a `.zip` file or a folder.
        wanted: Regular expression for the whole base name, such as `r"[0-9]+\\.txt"`.
            Other files are left alone; a link or a name that leaves the folder is refused even so.
        again: The next step for the reader of an error, such as where to get the file.
        limits: What to refuse as a bomb.
        under: What the whole name must match, folders and all, where the base name does not tell.

    Returns:
        (name, content) pairs, sorted by name. A name that the archive holds twice comes twice.

    Raises:
        ValueError: The archive is cut short, damaged, no archive at all, or unsafe.

    """
    limits = limits or Limits()
    read = _read_folder if source.is_dir() else _read_archive
    found = read(source, re.compile(wanted), limits, again)
    found = [(name, content) for name, content in found if not under or under.fullmatch(name)]
    found.sort(key=lambda pair: pair[0])
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


def stream_members(
    path: Path, wanted: str, *, again: str, limits: Limits
) -> Iterator[tuple[str, bytes]]:
    """The files of an archive that `read_members` finds, one at a time, as they come.

    For a .tar.gz that holds gigabytes. Arguments and errors are as there. The caller notes what it
    keeps.
    """
    yield from _read_archive(path, re.compile(wanted), limits, again)


def _read_tar(path: Path, wanted: re.Pattern[str], limits: Limits, again: str):
    with gzip.open(path) as packed:
        stream: Any = _Unpacked(packed, path, "archive", limits, again)
        archive = stream.tried(lambda: tarfile.TarFile(fileobj=stream), _HEADER)
        n_members, last = 0, None
        while (member := stream.tried(archive.next, _HEADER)) is not None:
            n_members, last = n_members + 1, member.name
            if n_members > limits.members:
                raise ValueError(f"{path} holds more than {limits.members} members. {again}")
            check_name(last, path, again)
            if member.isdir():
                continue
            if not member.isreg() or member.issparse() or member.size < 0:
                kind = "a link" if member.issym() or member.islnk() else "not a plain file"
                raise ValueError(f"{path}: member {last!r} is {kind}; refused. {again}")
            if is_wanted(last, wanted):
                content = archive.extractfile(member)
                yield last, stream.tried(content.read, limits.member)
        # tarfile takes a broken header, the block it read last, for the end of the archive, and
        # says nothing.
        rest = stream.block
        while rest:
            if rest.strip(b"\0"):
                after = f"after {last!r}" if last else "at its start"
                raise ValueError(f"{path} is damaged {after}. {again}")
            rest = stream.tried(lambda: stream.read(_CHUNK), _CHUNK)


class _Unpacked:
    """The content of a gzip file as tarfile wants it, refused as soon as it is too much.

    It is gone through once: members that lie on top of each other are refused.

    Attributes:
        block: What was read last.
        trouble: What was wrong with the file, once something is. tarfile makes errors of its own
            of those that it meets.

    """

    def __init__(self, packed: gzip.GzipFile, path: Path, what: str, limits: Limits, again: str):
        self.packed, self.path, self.what = packed, path, what
        self.limits, self.again = limits, again
        self.size = path.stat().st_size
        self.most = 0
        self.block = b""
        self.trouble: ValueError | None = None

    def tried(self, call: Callable[[], Any], most: int) -> Any:
        """What tarfile gives, reading so much at once at most, or an error in our words."""
        self.most = most
        try:
            return call()
        # What it lets through for headers that lie.
        except (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError) as error:
            raise self.trouble or ValueError(
                f"{self.path} is damaged: not a readable tar inside ({error}). {self.again}"
            ) from error

    def whole(self) -> bytes:
        """All of it; one byte beyond the limit would be refused."""
        return self._more(self.limits.total + 1)

    def tell(self) -> int:
        return self.packed.tell()

    def read(self, n_bytes: int) -> bytes:
        if n_bytes > self.most:
            self._refuse(f"holds a piece of more than {self.most / MIB:g} MiB; refused")
        self.block = self._more(n_bytes)
        return self.block

    def seek(self, place: int) -> None:
        left = place - self.packed.tell()
        if left < 0:
            self._refuse("is damaged: its members lie on top of each other")
        while left > 0 and (chunk := self._more(min(left, _CHUNK))):
            left -= len(chunk)

    def _more(self, n_bytes: int) -> bytes:
        chunks = []
        try:
            while n_bytes > 0 and (chunk := self.packed.read(min(n_bytes, _CHUNK))):
                check_growth(self.packed.tell(), self.size, self.path, self.limits, self.again)
                n_bytes -= len(chunk)
                chunks.append(chunk)
        except EOFError as error:
            self._refuse(
                f"is cut short: {self.size} bytes hold no whole {self.what}, the download did not "
                "finish",
                error,
            )
        except (gzip.BadGzipFile, zlib.error) as error:
            self._refuse(f"is damaged ({error})", error)
        except ValueError as error:
            self.trouble = error
            raise
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _refuse(self, why: str, error: Exception | None = None) -> None:
        self.trouble = ValueError(f"{self.path} {why}. {self.again}")
        raise self.trouble from error


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
    with gzip.open(path) as packed:
        return _Unpacked(packed, path, what, limits, again).whole()


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
        for path in (Path(here, name) for name in files if is_wanted(name, wanted)):
            if not path.is_file():
                raise ValueError(f"{path} is not a plain file; refused. {again}")
            total += path.stat().st_size
            if total > limits.total:
                raise ValueError(
                    f"{folder} holds more than {limits.total / MIB:g} MiB; refused. {again}"
                )
            found.append((path.relative_to(folder).as_posix(), path.read_bytes()))
    return found

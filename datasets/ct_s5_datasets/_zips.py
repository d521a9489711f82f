"""Read the small files of a .zip in memory, and trust neither its directory nor its members.

The directory at its end tells the sizes beforehand, and may lie: it is judged by what it tells, and
each member then by what comes out of it.
"""

import io
import re
import stat
import zipfile
import zlib
from pathlib import Path

from ._limits import MIB, Limits, check_growth, check_name, is_wanted

_ENTRY, _END, _END_BYTES = b"PK\x01\x02", b"PK\x05\x06", 22
_UNTOLD = 0xFFFF  # entries, where a Zip64 record tells the number
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What zipfile lets through for directories and members that lie; RuntimeError is for those packed
# in a way that it does not know.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OverflowError, RuntimeError)


def is_zip(start: bytes) -> bool:
    """Whether a file that begins like this is a zip archive, be it an empty one."""
    return start.startswith((b"PK\x03\x04", _END))


def read_zip(
    path: Path, wanted: re.Pattern[str], limits: Limits, again: str
) -> list[tuple[str, bytes]]:
    """Name and content of every file whose base name matches, in the directory's order.

    Args:
        path: A file that `is_zip`.
        wanted: What the whole base name must match.
        limits: What to refuse as a bomb.
        again: The next step for the reader of an error.

    Raises:
        ValueError: The archive is cut short, damaged, or unsafe.

    """
    if path.stat().st_size > limits.total:
        raise ValueError(f"{path} is larger than {limits.total / MIB:g} MiB; refused. {again}")
    packed = path.read_bytes()
    end = packed.rfind(_END)
    if end < 0 or end + _END_BYTES > len(packed):
        raise ValueError(
            f"{path} is cut short: {len(packed)} bytes hold no whole archive, "
            f"the download did not finish. {again}"
        )
    # Before zipfile makes an object of each entry: no entry goes without this signature.
    if packed.count(_ENTRY) > limits.members:
        raise ValueError(f"{path} holds more than {limits.members} members. {again}")
    try:
        archive = zipfile.ZipFile(io.BytesIO(packed))
    except _DAMAGE as error:
        raise ValueError(
            f"{path} is damaged: not a readable zip inside ({error}). {again}"
        ) from error
    with archive:
        members = archive.infolist()
        # zipfile does not count: an entry of damaged length hides the one after it.
        n_entries = int.from_bytes(packed[end + 10 : end + 12], "little")
        if n_entries not in (len(members), _UNTOLD):
            raise ValueError(
                f"{path} is damaged: {n_entries} members, {len(members)} in its directory. {again}"
            )
        # zipfile skips what lies before the first member: another archive, or the like.
        if members and min(member.header_offset for member in members) != 0:
            raise ValueError(f"{path} is damaged at its start. {again}")
        for member in members:
            _check_member(member, path, again)
        check_growth(sum(m.file_size for m in members), len(packed), path, limits, again)
        found = []
        for member in members:
            # The others are opened too: zipfile then compares a member's two names, and one that
            # is damaged does not pass for a file to be left alone.
            asked = is_wanted(member.orig_filename, wanted)
            content = _content(archive, member, asked, path, again)
            if asked:
                found.append((member.orig_filename, content))
        return found


def _check_member(member: zipfile.ZipInfo, path: Path, again: str) -> None:
    # Not `filename`, which zipfile ends at the first NUL.
    name = member.orig_filename
    check_name(name, path, again)
    kind = stat.S_IFMT(member.external_attr >> 16)  # 0 where the packer was no Unix
    if kind not in (0, stat.S_IFDIR if name.endswith("/") else stat.S_IFREG):
        said = "a link" if stat.S_ISLNK(kind) else "not a plain file"
        raise ValueError(f"{path}: member {name!r} is {said}; refused. {again}")
    # zipfile bounds what comes out of a member step by step for these methods alone.
    if member.compress_type not in _METHODS:
        raise ValueError(
            f"{path}: member {name!r} is packed by method {member.compress_type}, neither stored "
            f"nor deflated; refused. {again}"
        )
    if member.flag_bits & 1:
        raise ValueError(f"{path}: member {name!r} is encrypted; refused. {again}")


def _content(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, asked: bool, path: Path, again: str
) -> bytes:
    name, declared = member.orig_filename, member.file_size
    # zipfile ends a member at its declared size, whatever follows: one byte more shows the lie.
    member.file_size += 1
    try:
        with archive.open(member) as stream:
            content = stream.read(declared + 1) if asked else b""
    except _DAMAGE as error:
        raise ValueError(f"{path} is damaged in member {name!r} ({error}). {again}") from error
    if asked and len(content) != declared:
        other = "more" if len(content) > declared else "fewer"
        raise ValueError(
            f"{path} is damaged in member {name!r}: {other} than the {declared} bytes that it "
            f"declares. {again}"
        )
    return content

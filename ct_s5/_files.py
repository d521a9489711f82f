"""Files that are either whole or not there."""

import os
import pathlib
import stat
import tempfile


def _umask() -> int:
    """What the user withholds from new files; the system tells it only in exchange for another."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def write_atomically(path: str | os.PathLike, content: bytes) -> pathlib.Path:
    """Write a file so that a kill at any moment leaves the old one or the new one, never a part.

    A temporary file in the same folder is written, flushed to the disk and renamed. A file that is
    there already keeps its permissions, and a link goes on leading to it.
    """
    given = pathlib.Path(path)
    path = given.resolve()
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~_umask()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return given

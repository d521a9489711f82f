"""Write files and folders that are there whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def whole_files(paths: Sequence[Path]) -> Iterator[list[IO[bytes]]]:
    """Open files for writing under temporary names; they get their own at the very end.

    Where the block is left by an error or an interrupt, none of the files appears.

    Raises:
        FileExistsError: One of them is there already; nothing is overwritten.

    """
    for path in paths:
        refuse_existing(path)
        path.parent.mkdir(parents=True, exist_ok=True)
    streams: list[IO[bytes]] = []
    try:
        for path in paths:
            streams.append(
                tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False)  # noqa: SIM115
            )
        yield streams
        for stream in streams:
            stream.flush()
            os.fsync(stream.fileno())
            stream.close()
        for stream, path in zip(streams, paths, strict=True):
            refuse_existing(path)
            os.replace(stream.name, path)
            os.chmod(path, 0o644)
    finally:
        for stream in streams:
            stream.close()
            Path(stream.name).unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Make a folder under a temporary name beside its place; it gets its own at the end.

    Raises:
        FileExistsError: It is there already.

    """
    refuse_existing(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        yield temporary
        refuse_existing(path)
        os.chmod(temporary, 0o755)
        os.rename(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def refuse_existing(path: Path) -> None:
    """Raise where something of this name is there."""
    if path.exists():
        raise FileExistsError(f"{path} is there already. Remove it, or name another folder.")

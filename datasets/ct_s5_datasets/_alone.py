"""One process at a time at a file that grows: a lock on the file itself, which ends with it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


@contextlib.contextmanager
def alone(part: Path, progress: bool) -> Iterator[None]:
    """Wait until no other process writes this file; an empty one is not left behind.

    On Windows nothing keeps two processes apart but the hash at the end: what is held open there
    could not be moved into place.
    """
    if fcntl is None:
        yield
        return
    while True:
        with part.open("ab") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if progress:
                    print(
                        f"Another process fetches into {part.parent}; waiting for it.",
                        file=sys.stderr,
                    )
                fcntl.flock(held, fcntl.LOCK_EX)
            try:
                same = os.path.samestat(os.fstat(held.fileno()), part.stat())
            except FileNotFoundError:
                same = False
            if not same:  # who held the lock before moved or removed what it was on
                continue
            try:
                yield
            finally:
                if part.exists() and not part.stat().st_size:
                    part.unlink()
            return

"""Which raw files a load read, and the SHA-256 of each, for the manifest.

Files are noted where they are read, by their bare name and as decompressed: a set gives the same
notes packed and unpacked, whatever else lies beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_NOTES: ContextVar[dict[str, set[str]] | None] = ContextVar("notes", default=None)


class Notes(dict[str, str]):
    """Bare name of a file -> SHA-256 of its content; of all of them where several share a name."""


@contextmanager
def noting() -> Iterator[Notes]:
    """Collect what is read inside; the notes are complete when the block ends."""
    seen: dict[str, set[str]] = {}
    notes = Notes()
    token = _NOTES.set(seen)
    try:
        yield notes
        for name, hashes in sorted(seen.items()):
            notes[name] = joint(sorted(hashes)) if len(hashes) > 1 else hashes.pop()
    finally:
        _NOTES.reset(token)


def note(name: str, content: bytes | memoryview) -> None:
    """Note a file that was read whole."""
    if _NOTES.get() is not None:
        note_hash(name, hashlib.sha256(content).hexdigest())


def note_hash(name: str, sha256: str) -> None:
    """Note a file whose content was hashed while it was read in pieces."""
    notes = _NOTES.get()
    if notes is not None:
        notes.setdefault(name.rsplit("/", 1)[-1], set()).add(sha256)


def note_file(path: Path) -> None:
    """Note a file that is mapped, not read: it is read once for its hash."""
    if _NOTES.get() is not None:
        note_hash(path.name, sha256_of(path))


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, read a piece at a time."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def joint(words: list[str]) -> str:
    """One SHA-256 over several texts, in their order."""
    return hashlib.sha256("\0".join(words).encode()).hexdigest()

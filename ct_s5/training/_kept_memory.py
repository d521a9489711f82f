"""Memory that a training step gives back and the next one takes again, kept in between.

XLA on a CPU asks the C library anew, at every step, for room for all that the step works out on the
way. From 32 MB on glibc hands such a piece back to the system at once, and the next step touches
every page of it for the first time: ten thousand page faults a step and more, a fourth to two
fifths of the training time (`experiments/speed`). Within `kept_memory` glibc keeps it.
"""

import contextlib
import ctypes
import os
import platform
import sys
import threading
from collections.abc import Iterator

# As malloc.h has them; what glibc's own limits come to in a process with large arrays; and none.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_USUAL = {_MMAP_THRESHOLD: 32 << 20, _TRIM_THRESHOLD: 64 << 20}
_KEEPING = {_MMAP_THRESHOLD: -1, _TRIM_THRESHOLD: -1}

_lock, _n_inside = threading.Lock(), [0]


@contextlib.contextmanager
def kept_memory() -> Iterator[None]:
    """Free memory stays with the process until the end, when it goes back to the system.

    No number changes. Nothing is done where the C library is not glibc or one that refuses (before
    2.35), or where the environment tells it how to allocate (`MALLOC_...`, `GLIBC_TUNABLES`).
    Afterwards glibc gives back pieces from 32 MB on, whatever its limit was. Uses may nest, also in
    several threads.
    """
    glibc = _glibc()
    if glibc is None:
        yield
        return
    with _lock:
        keeps = bool(_n_inside[0]) or _set(glibc, _KEEPING)
        _n_inside[0] += keeps
    try:
        yield
    finally:
        with _lock:
            _n_inside[0] -= keeps
            if keeps and not _n_inside[0]:
                _set(glibc, _USUAL)
                glibc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    told = any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in os.environ)
    there = sys.platform == "linux" and platform.libc_ver()[0] == "glibc"
    return ctypes.CDLL(None) if there and not told else None


def _set(glibc: ctypes.CDLL, limits: dict[int, int]) -> bool:
    """Whether glibc took them; from the first that it refuses on, nothing is set."""
    return all(glibc.mallopt(limit, size) for limit, size in limits.items())

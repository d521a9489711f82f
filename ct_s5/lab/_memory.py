"""How much memory a run takes, as far as the system tells."""

import contextlib
import os
import pathlib
import threading
from collections.abc import Iterator

_SELF = pathlib.Path("/proc/self/statm")
_EVERY = 0.05  # seconds


class Peak:
    """The most that the process grew by while it was watched."""

    megabytes: int | None = None
    """None where the system does not say (all but Linux)."""


@contextlib.contextmanager
def watched() -> Iterator[Peak]:
    """Look at the process's memory twenty times a second until the block ends.

    What earlier runs left in the process and this one uses again is not counted, so that of two
    like runs the first looks larger: compare runs that came in the same order.
    """
    peak = Peak()
    if not _SELF.exists():
        yield peak
        return
    before, ended = _now(), threading.Event()

    def look() -> None:
        while not ended.wait(_EVERY):
            peak.megabytes = max(peak.megabytes or 0, (_now() - before) >> 20)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()
        peak.megabytes = max(peak.megabytes or 0, (_now() - before) >> 20)


def _now() -> int:
    """Bytes of the process that are in memory."""
    return int(_SELF.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

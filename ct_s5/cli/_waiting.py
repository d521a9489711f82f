"""Rows taken as they come, and signals that end the wait for them."""

import signal
from collections.abc import Iterable, Iterator

from ct_s5.cli._lines import Row


class Signals:
    """Ctrl-C and SIGTERM end the wait for a line, and never an update that is half done."""

    def __init__(self):
        self._waiting = self._stopped = False

    def __enter__(self):
        both = (signal.SIGINT, signal.SIGTERM)
        self._before = {number: signal.signal(number, self._stop) for number in both}
        return self

    def __exit__(self, *_) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _stop(self, *_) -> None:
        self._stopped = True
        if self._waiting:
            raise KeyboardInterrupt

    def between(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows; a signal is heeded while the next one is waited for."""
        source = iter(rows)
        while True:
            self._waiting = True
            try:
                if self._stopped:
                    raise KeyboardInterrupt
                row = next(source, None)
            finally:
                self._waiting = False
            if row is None:
                return
            yield row


def batches(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    """So many rows at a time; those before the end, or before a wrong line, are taken too."""
    taken: list[Row] = []
    end: BaseException | None = None
    try:
        for row in rows:
            taken.append(row)
            if len(taken) == size:
                full, taken = taken, []
                yield full
    except (KeyboardInterrupt, ValueError) as error:
        end = error
    if taken:
        yield taken
    if end is not None:
        raise end

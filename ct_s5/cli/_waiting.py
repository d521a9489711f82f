"""Rows taken as they come, and signals that end the wait for them."""

import contextlib
import math
import signal
from collections.abc import Callable, Iterable, Iterator

from ct_s5.cli._lines import Row


class Signals:
    """Ctrl-C, SIGTERM and a closed terminal end a wait, and never an update that is half done."""

    def __init__(self, tick: Callable[[], None], every: float):
        """Call `tick` every so many seconds (0: never), but in no update either."""
        self._tick, self._every = tick, every
        self._waiting = self._stopped = False

    def __enter__(self):
        ends = ("SIGINT", "SIGTERM", "SIGHUP")
        handlers = {name: self._stop for name in ends} | {"SIGALRM": self._wake}
        there = {getattr(signal, name): f for name, f in handlers.items() if hasattr(signal, name)}
        self._before = {number: signal.signal(number, f) for number, f in there.items()}
        self._set_timer(self._every)
        return self

    def __exit__(self, *_) -> None:
        self._set_timer(0.0)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _set_timer(self, every: float) -> None:
        if hasattr(signal, "setitimer") and math.isfinite(every):
            # Four times as often as there may be something to do.
            signal.setitimer(signal.ITIMER_REAL, every / 4, every / 4)

    def _stop(self, *_) -> None:
        self._stopped = True
        if self._waiting:
            raise KeyboardInterrupt

    def _wake(self, *_) -> None:
        if self._waiting:
            self._tick()

    @contextlib.contextmanager
    def heeded(self) -> Iterator[None]:
        """A wait: for a line to come, or for somebody to take an answer.

        A signal that came before it ends no wait: what is known is still answered.
        """
        self._waiting = True
        try:
            yield
        finally:
            self._waiting = False

    def between(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows; a signal is heeded while the next one is waited for."""
        source = iter(rows)
        while True:
            with self.heeded():
                if self._stopped:
                    raise KeyboardInterrupt
                row = next(source, None)
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

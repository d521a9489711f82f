"""What a stream knows of its series, kept in a file."""

import os
import pathlib
import sys
import time


class States:
    """The states of all series on disk, as far as the caller named a file for them."""

    def __init__(self, estimator, path: pathlib.Path | None, every: float):
        self._estimator, self._path, self._every = estimator, path, every
        self._saved = time.monotonic()
        self.moved = False
        """Whether there is anything new to write."""
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        self._stamp = _stamp(path)
        if self._stamp is None:
            print(f"ct-s5: {path} is not there yet: every series begins anew.", file=sys.stderr)
            return
        try:
            estimator.import_state(path.read_bytes())
        except ValueError as error:
            raise ValueError(f"--state {path}: {error}") from error

    def now_and_then(self) -> None:
        if time.monotonic() - self._saved >= self._every:
            self._save()

    def _save(self) -> None:
        from ct_s5._files import write_atomically

        self._saved, moved, self.moved = time.monotonic(), self.moved, False
        if self._path is None or not moved:
            return
        other = _stamp(self._path) not in (None, self._stamp)
        path = self._path.with_name(f"{self._path.name}.{os.getpid()}") if other else self._path
        write_atomically(path, self._estimator.export_state())
        if other:
            raise ValueError(
                f"--state {self._path}: another process has written this file since this stream "
                f"did. It is left as it is, and what this stream knows is in {path}. Give each "
                "stream a file of its own."
            )
        self._stamp = _stamp(path)

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self._save()


def _stamp(path: pathlib.Path) -> tuple[int, ...] | None:
    """What tells a file from any that another process puts in its place."""
    if not path.exists():
        return None
    told = path.stat()
    return told.st_ino, told.st_mtime_ns, told.st_size

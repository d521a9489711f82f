"""What a stream knows of its series, kept in a file."""

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
        if not path.exists():
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

        if self._path is not None and self.moved:
            write_atomically(self._path, self._estimator.export_state())
        self._saved, self.moved = time.monotonic(), False

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self._save()

"""What is finished stays finished: the runs of a comparison on disk, one line each."""

import hashlib
import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any

from ct_s5.lab._surroundings import elsewhere


class RunStore:
    """Finished runs by a key of all that fixes them, in a file of JSON lines that only grows.

    A line is whole or, where a process was killed while writing it, the last and ignored.
    """

    def __init__(self, path: str | os.PathLike | None, here: Mapping[str, Any]):
        """Open the file.

        Args:
            path: Made with its folder when the first run ends; None keeps nothing.
            here: Versions, commit and machine, which go with every run that is kept.
        """
        self._path = None if path is None else pathlib.Path(path)
        self._here = here
        self._runs: dict[str, list[dict[str, Any]]] = {}
        if self._path is not None and self._path.exists():
            self._runs = _read(self._path, here)

    def get(self, key: str) -> list[dict[str, Any]] | None:
        """The records of a run, if it is finished; `made` says what was not as it is here."""
        return self._runs.get(key)

    def put(self, key: str, records: list[dict[str, Any]]) -> None:
        """Keep the records of a run."""
        self._runs[key] = records
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        entry = {"key": key, "made": self._here, "records": records}
        line = json.dumps(entry, allow_nan=False) + "\n"
        with open(self._path, "ab+") as file:
            if file.tell() and not _ends_a_line(file):
                line = "\n" + line
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())


def run_key(**fixes) -> str:
    """sha256 of everything that fixes the outcome of a run."""
    text = json.dumps(fixes, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _read(path: pathlib.Path, here: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        try:
            entry = json.loads(line)
        except ValueError:  # the last line before a kill; `put` begins a new one after it
            continue
        if not isinstance(entry, dict) or set(entry) - {"made"} != {"key", "records"}:
            raise ValueError(f"{path}, line {number}, is no run of a comparison.")
        made = elsewhere(entry.get("made"), here)
        told = {} if made == {} else {"made": made}
        found[entry["key"]] = [record | told for record in entry["records"]]
    return found


def _ends_a_line(file) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"

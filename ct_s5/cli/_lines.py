"""Rows as they come, a line each: CSV with a header, or JSON lines; and answers the same way."""

import csv
import json
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Literal, NamedTuple, TextIO

_LONGEST = 2**24  # bytes; a line of a hundred thousand channels has some two million


class Row(NamedTuple):
    """One line: whose, when, and what was read."""

    number: int
    """Of the line, from 1 on."""
    cells: dict[str, Any]
    """By column: text from CSV, anything of JSON from JSON lines."""


class Lines:
    """The rows of a source, each handed out before the next one is waited for.

    Args:
        source: Where lines come from.
        columns: Id and time, which every row has, then the channels, of which JSON lines leave out
            those that were not read.
        ignore: Other columns that may be there.
    """

    def __init__(self, source: BinaryIO, columns: Sequence[str], ignore: Sequence[str] = ()):
        self.form: Literal["csv", "json"] = "csv"
        """What the lines are; known with the first row."""
        self._source = source
        self._columns, self._ignore = tuple(columns), frozenset(ignore)

    def __iter__(self) -> Iterator[Row]:
        """Rows, one a line that is not blank.

        Raises:
            ValueError: A line that is neither; the message names it.
        """
        header: list[str] | None = None
        for number, text in self._texts():
            if header is None and text.startswith("{"):
                self.form = "json"
            if self.form == "json":
                cells = _object(number, text)
                self._check(number, list(cells), sparse=True)
            elif header is None:
                header = _cells(number, text)
                self._check(number, header, sparse=False)
                continue
            else:
                told = _cells(number, text)
                if len(told) != len(header):
                    raise ValueError(
                        f"line {number} has {len(told)} cells, the header has {len(header)}: "
                        f"{text[:80]!r}. Leave cells empty where nothing was measured."
                    )
                cells = dict(zip(header, told, strict=True))
            yield Row(number, {name: cells.get(name) for name in self._columns})

    def _texts(self) -> Iterator[tuple[int, str]]:
        number = 0
        while line := self._source.readline(_LONGEST + 1):
            number += 1
            if len(line) > _LONGEST:
                raise ValueError(f"line {number} is longer than {_LONGEST:,} bytes: no row is.")
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip("\r\n")
            except UnicodeDecodeError as error:
                raise ValueError(f"line {number} is no UTF-8 text: {error}.") from error
            if text.strip():
                yield number, text

    def _check(self, number: int, names: list[str], sparse: bool) -> None:
        """Id and time are there, nothing twice, nothing unknown; in a header all channels too."""
        needed = self._columns[:2] if sparse else self._columns
        missing = [name for name in needed if name not in names]
        new = [name for name in names if name not in self._columns and name not in self._ignore]
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if not (missing or new or twice):
            return
        told = [
            f"{word} {', '.join(map(repr, some[:5]))}"
            for word, some in (("lacks", missing), ("has unknown", new), ("has twice", twice))
            if some
        ]
        words = f"line {number}, {'an object' if sparse else 'the header'}, {' and '.join(told)}."
        words += f" Columns of the model: {', '.join(self._columns[:20])}."
        if missing and not sparse:
            words += " The first line names the columns; an unmeasured channel has empty cells."
        raise ValueError(words + (" Columns to pass over: --ignore COLUMN." if new else ""))


class Answers:
    """Answers written as they come, each batch flushed.

    Args:
        out: Where to.
    """

    def __init__(self, out: TextIO):
        self._out = out
        self._begun = False

    def write(self, columns: Sequence[str], rows, form: Literal["csv", "json"]) -> None:
        """Write rows of answers, the names of the columns once before them in CSV."""
        table = csv.writer(self._out, lineterminator="\n")
        if form == "csv" and not self._begun:
            table.writerow(columns)
        self._begun = True
        for row in rows:
            cells = [_plain(value) for value in row]
            if form == "csv":
                table.writerow(cells)
            else:
                told = dict(zip(columns, cells, strict=True))
                self._out.write(json.dumps(told, ensure_ascii=False, allow_nan=False) + "\n")
        self._out.flush()


def _cells(number: int, line: str) -> list[str]:
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise ValueError(f"line {number} is no line of CSV ({error}): {line[:80]!r}.") from error


def _object(number: int, line: str) -> dict[str, Any]:
    try:
        # Pairs first: json would keep the last of two values of one name.
        told = json.loads(line, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"line {number} is no JSON object ({error}): {line[:80]!r}.") from error
    if not isinstance(told, dict):
        raise ValueError(f"line {number} is no JSON object: {line[:80]!r}.")
    return told


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) < len(pairs):
        raise ValueError("a name comes twice")
    return told


def _plain(value: Any) -> Any:
    """A cell as text, number or nothing."""
    import numpy as np
    import pandas as pd

    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, pd.Timestamp | pd.Timedelta):
        return str(value)
    return None if isinstance(value, float) and not np.isfinite(value) else value

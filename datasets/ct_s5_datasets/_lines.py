"""Many small text tables of one kind as one: every line counted, then all parsed at once.

Ten thousand files parsed one by one take minutes; joined, seconds. What is wrong with a line is
still told by its own file and number.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Lines:
    """The lines of all files, headers aside, one after the other.

    Attributes:
        text: Each line ends with a newline.
        rows: How many lines each file has.
        places: Each file's name, for messages.
        separator: Between two cells of a line, one character.
        first: Number of each file's first line in its own file: 2 after a header.
        again: The next step for the reader of an error, such as where to get the file.

    """

    text: bytes
    rows: np.ndarray
    places: Sequence[str]
    separator: str
    first: int
    again: str

    def fail(self, row: int, what: str) -> NoReturn:
        """Refuse one line, named by its file and its number there."""
        of = int(np.searchsorted(np.cumsum(self.rows), row, side="right"))
        line = int(row) - int(self.rows[:of].sum()) + self.first
        raise ValueError(f"{self.places[of]}, line {line}: {what}. {self.again}")

    def refuse(self, wrong: np.ndarray, what: str, *shown: np.ndarray) -> None:
        """Refuse the first line that is wrong; `what` has a `{}` for each of its shown values."""
        if wrong.any():
            row = int(wrong.argmax())
            self.fail(row, what.format(*(values[row] for values in shown)))

    def starts(self) -> np.ndarray:
        """Where each file's lines begin."""
        return np.cumsum(self.rows) - self.rows


def join_lines(
    files: Sequence[tuple[str, bytes]],
    *,
    cells: int,
    separator: str = ",",
    header: str | None = None,
    again: str,
) -> Lines:
    """Join the files, and check that each has the header, a line, and `cells` cells in each.

    Args:
        files: (place, content) pairs, at least one; a place names the file in messages.
        cells: How many each line has.
        separator: One ASCII character.
        header: Of every file, as it must stand there; None where there is none.
        again: The next step for the reader of an error.

    Raises:
        ValueError: A file has another header or no line, or a line has another number of cells.

    """
    bodies = [_body(place, data, header, again) for place, data in files]
    rows = np.array([body.count(b"\n") for body in bodies])
    places = [place for place, _ in files]
    first = 1 if header is None else 2
    lines = Lines(b"".join(bodies), rows, places, separator, first, again)
    letters = np.frombuffer(lines.text, np.uint8)
    starts = np.append(0, np.flatnonzero(letters == ord("\n"))[:-1] + 1)
    found = np.add.reduceat(letters == ord(separator), starts, dtype=np.int64) + 1
    lines.refuse(found != cells, f"{{}} values, not {cells}", found)
    return lines


def numbers(lines: Lines, names: Sequence[str], missing: Sequence[str] = ()) -> np.ndarray:
    """All cells as float64, (line, column); a cell of `missing` becomes NaN.

    Raises:
        ValueError: A cell is no finite number, told with the column's name.

    """
    try:
        table = pd.read_csv(
            io.BytesIO(lines.text),
            sep=lines.separator,
            header=None,
            dtype=np.float64,
            na_values=list(missing),
            keep_default_na=False,
            skip_blank_lines=False,
            quoting=3,
        )
    except ValueError:
        text = lines.text.decode(errors="replace")
        for row, line in enumerate(text.split("\n")[:-1]):
            for name, cell in zip(names, line.split(lines.separator), strict=True):
                if cell not in missing and not _is_number(cell):
                    lines.fail(row, f"{name} is {cell[:40]!r}, not a number")
        raise
    values = table.to_numpy()
    if np.isinf(values).any():
        for name, column in zip(names, values.T, strict=True):
            lines.refuse(np.isinf(column), f"{name} is {{}}", column)
    return values


def _body(place: str, data: bytes, header: str | None, again: str) -> bytes:
    body = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    if header is not None:
        head, _, body = body.partition(b"\n")
        if head != header.encode():
            wanted = header if len(header) < 60 else f"{header[:20]}...{header[-20:]}"
            raise ValueError(
                f"{place} does not begin with the header {wanted} but with "
                f"{head[:60].decode(errors='replace')!r}. {again}"
            )
    if not body.strip():
        raise ValueError(f"{place} holds no line of data. {again}")
    return body if body.endswith(b"\n") else body + b"\n"


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return cell.lower().strip(" -+") != "nan" and "_" not in cell

"""The cells of a small CSV file as text, and as numbers where they are numbers."""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd


def read_cells(content: bytes, path: Path, wanted: list[str], *, again: str) -> pd.DataFrame:
    """The wanted columns of a CSV file with a header, every cell as text.

    Args:
        content: Of the file; cells may be quoted.
        path: For messages.
        wanted: Columns that must be there; others are left out.
        again: The next step for the reader of an error.

    Returns:
        One row a line after the header, in the file's order.

    Raises:
        ValueError: A column is absent, or a line has more or fewer cells than the header.

    """
    text = content.decode("utf-8-sig", errors="replace").rstrip() + "\n"
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise ValueError(f"{path} is damaged: {error}. {again}") from error
    header = rows[0]
    absent = [name for name in wanted if header.count(name) != 1]
    if absent:
        raise ValueError(
            f"{path}: the header lacks {', '.join(absent)} or has it twice; it begins with "
            f"{','.join(header)[:60]!r}. {again}"
        )
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise ValueError(f"{path}, line {number}: {len(row)} cells, not {len(header)}. {again}")
    cells = np.array(rows[1:], dtype=object).reshape(-1, len(header))
    return pd.DataFrame(cells[:, [header.index(name) for name in wanted]], columns=wanted)


def numbers(
    cells: pd.DataFrame, column: str, path: Path, *, again: str, optional: bool = False
) -> np.ndarray:
    """A column of `read_cells` as floats; where `optional`, an empty cell is NaN.

    Raises:
        ValueError: A cell is no finite number.

    """
    text = cells[column].to_numpy().astype(str)
    values = np.asarray(pd.to_numeric(pd.Series(text, dtype=object), errors="coerce"), float)
    empty = text == "" if optional else np.zeros(len(text), bool)
    refuse(~np.isfinite(values) & ~empty, cells, column, path, "no number", again=again)
    return values


def refuse(
    bad: np.ndarray, cells: pd.DataFrame, column: str, path: Path, what: str, *, again: str
) -> None:
    """Name the first line where `bad` is True, and the cell that is at fault there."""
    if bad.any():
        row = int(np.argmax(bad))
        shown = str(cells[column].iloc[row])
        raise ValueError(f"{path}, line {row + 2}: {column} is {shown!r}, {what}. {again}")

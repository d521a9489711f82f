"""Channel columns: whatever counts as numbers becomes float64, NaN where nothing was measured."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float

from ct_s5._words import first, shown


def read_channels(
    rest: pd.DataFrame, names: Sequence[str], place: Callable[[int], str]
) -> Float[np.ndarray, "R C"]:
    """The cells of all channels.

    Integers, floats, booleans and their nullable and pyarrow kinds are numbers; pd.NA and None are
    NaN, which is "not observed".

    Args:
        rest: The frame without its id and time columns.
        names: What the channels are called, in the order of the columns.
        place: Words for a row, such as "series 'b', row 3".

    Raises:
        TypeError: A column that holds something else, text for instance.
        ValueError: An infinite cell.
    """
    values = np.empty((len(rest), len(names)))
    for c, (name, (_, column)) in enumerate(zip(names, rest.items(), strict=True)):
        values[:, c] = read_numbers(column, name, place)
    refuse_infinite(values, names, place)
    return values


def read_numbers(
    column: pd.Series, name: str, place, what="a channel", table: str | None = "frame"
) -> Float[np.ndarray, " R"]:
    """One column as float64; `table` is what the caller may drop it from."""
    if not column.notna().any():
        return np.full(len(column), np.nan)  # whatever the type of a column of nothing
    given = column
    if isinstance(column.dtype, pd.ArrowDtype) and column.dtype.kind == "O":
        column = column.astype(object)  # decimals are numbers here too
    if column.dtype == object:
        column = column.infer_objects()
    if column.dtype == object:
        kind = pd.api.types.infer_dtype(column, skipna=True)
        if kind in ("boolean", "integer", "floating", "mixed-integer-float", "decimal", "empty"):
            return column.where(column.notna(), np.nan).astype(np.float64).to_numpy()
    if getattr(column.dtype, "kind", "O") not in "biuf":
        raise TypeError(_no_numbers(given, name, place, what, table))
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _no_numbers(column: pd.Series, name: str, place, what: str, table: str | None) -> str:
    drop = f", or leave the column out: {table}.drop(columns=[{name!r}])" if table else ""
    there = column.notna().to_numpy()
    cells = column.astype(object).map(str)
    odd = there & np.isnan(np.asarray(pd.to_numeric(cells, errors="coerce"), np.float64))
    if 0 < odd.sum() < there.sum():
        row = first(odd)
        return (
            f"Column {name!r} is taken for {what} but no number stands in {odd.sum()} of its "
            f"{there.sum()} filled cells, the first is {shown(column.iloc[row])} at {place(row)}. "
            "Correct such a cell, or empty it where nothing was measured (pd.to_numeric(..., "
            f"errors='coerce') makes NaN of them all){drop}."
        )
    seen = ""
    if there.any():
        row = first(there)
        seen = f", for instance {shown(column.iloc[row])} at {place(row)}"
    return (
        f"Column {name!r} is taken for {what} but its dtype is {column.dtype}, not a number{seen}. "
        f"Turn it into numbers ({_way_to_numbers(pd.Series(cells[there]))}){drop}."
    )


def _way_to_numbers(cells: pd.Series) -> str:
    """From text of the cells of a column that are filled."""
    if len(cells) and cells.str.fullmatch(r"\s*[+-]?\d+,\d+\s*").all():
        return "with points for commas: .str.replace(',', '.').astype(float)"
    if len(cells) and cells.str.fullmatch(r"[^\d\[\]{}()]+").all():
        return "a column a word, empty where the word is missing: docs/frames.md, Words"
    return "pd.to_numeric"


def refuse_infinite(values: Float[np.ndarray, "R C"], names, place) -> None:
    """Raise ValueError at the first infinite cell."""
    infinite = np.isinf(values)
    if infinite.any():
        row, c = np.argwhere(infinite)[0].tolist()
        raise ValueError(
            f"Channel {names[c]!r} holds {values[row, c]} at {place(row)}; {infinite.sum()} "
            "infinite cells in all. Where nothing was measured, put NaN: frame.replace([np.inf, "
            "-np.inf], np.nan), or array[np.isinf(array)] = np.nan."
        )

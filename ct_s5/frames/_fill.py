"""Answers put into the cells of the caller's frame that hold none."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Float

from ct_s5._words import shown
from ct_s5.frames._channels import read_numbers
from ct_s5.frames._decode import refuse_doubled
from ct_s5.frames._encode import EncodedFrame
from ct_s5.frames._native import as_pandas, is_frame


def fill_missing(
    data, encoded: EncodedFrame, columns: Mapping[str, Mapping[str, Float[np.ndarray, " R"]]]
) -> pd.DataFrame | np.ndarray:
    """The caller's frame, with answers where a channel was not observed; an array for an array.

    All other cells are left as they came. Columns keep their dtype, but whole numbers and flags
    become float64 where a cell of their column is filled in.

    Args:
        data: What was encoded: a frame with a row a (series, time), or an array; also a frame that
            was taken for an array (N, L), with a row a series and a column a step.
        encoded: What it became.
        columns: Of each channel its columns by name, with an answer for each row of
            `encoded.series`. The one named as the channel fills its missing cells; the others are
            put behind the frame's own columns, and hold the reading itself where there is one.

    Raises:
        TypeError: Neither one frame with a column a channel nor one array.
        ValueError: A whole number that float64 does not hold, in a column to fill in; a column to
            put behind the others that has the name of one of them.
    """
    origin, channels = encoded.index.origin, encoded.schema.channels
    row_of = encoded.row_of_input
    plain = all([*columns.get(name, ())] == [name] for name in channels)

    def place(row: int) -> str:
        whose = encoded.ids[encoded.index.series[row_of[row]]]
        return f"series {shown(whose)}, {origin.place(row)}"

    if origin.form == "array" and plain and not isinstance(data, list | tuple):
        answers = np.stack([columns[name][name] for name in channels], axis=1)
        answers = answers[row_of].reshape(np.shape(data))
        if is_frame(data):
            return _fill_table(as_pandas(data), answers, place)
        filled = np.array(data)
        missing = pd.isna(filled)
        filled[missing] = answers[missing]
        return filled
    if not is_frame(data) or origin.form in ("list", "array") or origin.cell_channel is not None:
        raise TypeError(
            "Only a frame with a row a (series, time) and a column a channel has cells to fill in. "
            "predict(data) answers for lists and frames with a row a cell, and for arrays of which "
            "some channels, or intervals, are wanted."
        )
    frame = as_pandas(data).copy()
    label_of = {str(label): label for label in frame.columns}
    behind = [name for channel, own in columns.items() for name in own if name != channel]
    refuse_doubled([*label_of, *behind])
    rows = np.arange(len(frame))
    for channel, own in columns.items():
        label = label_of[channel]
        column: pd.Series = frame[label]  # pyright: ignore[reportAssignmentType]
        cells = read_numbers(column, channel, place)
        seen = ~np.isnan(cells)
        for name, answers in own.items():
            # Rows of one time are one reading: what one of them leaves out another may have.
            read = np.full(len(answers), np.nan)
            read[row_of[seen]] = cells[seen]
            answers = np.where(np.isnan(read), answers, read)[row_of]
            if name == channel:
                frame[label] = _put(column, answers, rows, place)
            else:
                frame[name] = np.where(seen, cells, answers)
    return frame


def _fill_table(table: pd.DataFrame, answers: Float[np.ndarray, "N L"], place) -> pd.DataFrame:
    """A frame with a row a series and a column a step."""
    filled, rows = table.copy(), np.arange(table.size).reshape(table.shape)
    for step in range(table.shape[1]):
        told = _put(table.iloc[:, step], answers[:, step], rows[:, step], place)
        filled.isetitem(step, told)
    return filled


def _put(column: pd.Series, answers, rows, place) -> pd.Series:
    """A column with answers in its empty cells; `rows` are the input rows of its cells."""
    cells = read_numbers(column, str(column.name), lambda cell: place(int(rows[cell])))
    seen = ~np.isnan(cells)
    if seen.all():
        return column
    if column.dtype == object:
        told = column.to_numpy(copy=True)
        told[~seen] = answers[~seen]
        return pd.Series(told, column.index, dtype=object)
    if column.dtype.kind in "iu":
        # Python compares whole numbers with floats exactly, NumPy as floats.
        for cell, whole in zip(np.flatnonzero(seen), column[seen].tolist(), strict=True):
            if whole != cells[cell].item():
                raise ValueError(
                    f"Column {column.name!r} holds {whole} at {place(int(rows[cell]))}, which "
                    "float64 does not, and answers are float64. To have such numbers rounded, say "
                    f"so: frame.astype({{{column.name!r}: float}})."
                )
    dtype = column.dtype if column.dtype.kind == "f" else np.float64
    return pd.Series(np.where(seen, cells, answers), column.index).astype(dtype)

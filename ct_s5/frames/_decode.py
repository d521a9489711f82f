"""decode: from arrays back to the caller's frame, ids and timestamps."""

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Shaped

from ct_s5._words import listed
from ct_s5.frames._encode import EncodedFrame


def decode(encoded: EncodedFrame) -> pd.DataFrame:
    """The frame that was encoded: its columns, ids, timestamps, index and row order.

    Values are what the model saw, in the caller's units: float32, whose rounding is relative to the
    spread (and distance from the mean) of the channel, and NaN where nothing was observed. Rows
    that were merged come back as one, at the place of the first of them. Arrays come back as a
    frame.
    """
    series = encoded.series
    values = encoded.schema.restore(series.values).astype(np.float32)
    values[~series.observed] = np.nan
    origin, order = encoded.index.origin, encoded.index.order
    if origin.cell_channel is not None:
        return _decode_cells(encoded, values)
    columns = _keys(encoded, order)
    channels = {name: values[order, c] for c, name in enumerate(encoded.schema.channels)}
    labels = list(origin.columns)
    if origin.form == "array":
        labels = [*columns, *channels]
    elif origin.form == "list" and encoded.schema.id_col not in labels:
        labels.insert(0, encoded.schema.id_col)
    told = [(x, columns[x] if x in columns else channels[str(x)]) for x in labels]
    return side_by_side(told, origin.index.take(encoded.index.input_row[order]))


def _decode_cells(encoded: EncodedFrame, values) -> pd.DataFrame:
    """The four-column form again: one row a cell."""
    origin = encoded.index.origin
    assert origin.cell_channel is not None
    assert origin.channel_labels is not None
    # Cells that ended in one place come back once, at the first of them.
    key = encoded.row_of_input * (values.shape[1] + 1) + origin.cell_channel + 1
    inputs = np.sort(np.unique(key, return_index=True)[1])
    rows, channel = encoded.row_of_input[inputs], origin.cell_channel[inputs]
    columns = _keys(encoded, rows)
    columns["channel"] = origin.channel_labels.take(inputs).array
    columns["value"] = np.where(channel >= 0, values[rows, channel], np.float32(np.nan))
    labels = list(origin.columns)
    if origin.form == "list" and encoded.schema.id_col not in labels:
        labels.insert(0, encoded.schema.id_col)
    told = [(label, columns[label]) for label in labels]
    return side_by_side(told, origin.index.take(inputs))


def decode_steps(
    encoded: EncodedFrame, values: Shaped[np.ndarray, "R *K"], columns: Sequence[str]
) -> pd.DataFrame:
    """Answers at every step as a flat frame: id, time, then `columns`, in the caller's row order.

    One row a distinct (series, time); `encoded.row_of_input` says which input rows share one.

    Args:
        encoded: The frame the answers are about.
        values: An answer for each row of `encoded.series`; (R,) is taken for one column.
        columns: K names.

    Warns:
        UserWarning: Rows of one series and time, so that there are fewer answers than rows.
    """
    merged = len(encoded.row_of_input) - len(encoded.series.times)
    if merged and encoded.index.origin.cell_channel is None:  # where cells are rows they always do
        keys = [encoded.schema.id_col, encoded.schema.time_col]
        warnings.warn(
            f"{merged:,} of {len(encoded.row_of_input):,} rows share series and time with one "
            "before, and get one answer together: the answers are fewer than the rows. Put them "
            f"beside the rows by frame.merge(answers, on={keys}).",
            UserWarning,
            stacklevel=4,
        )
    values = np.asarray(values)
    values = values[:, None] if values.ndim == 1 else values
    if values.shape != (len(encoded.series.times), len(columns)):
        raise ValueError(
            f"values has shape {values.shape}; expected {len(encoded.series.times)} rows and "
            f"{len(columns)} columns."
        )
    order = encoded.index.order
    keys = _keys(encoded, order)
    told = [*keys.items(), *zip(columns, values[order].T, strict=True)]
    return side_by_side(told, pd.RangeIndex(len(order)))


def decode_series(
    encoded: EncodedFrame,
    values: Shaped[np.ndarray, "N *K"],
    columns: Sequence[str] | pd.Index | None = None,
    name: str | None = None,
) -> pd.Series | pd.DataFrame:
    """One answer a series, indexed by id: a Series for values (N,), a frame for (N, K).

    Args:
        encoded: The frame the answers are about.
        values: Answers in the order of `encoded.ids`.
        columns: K names, for a frame.
        name: The name of the Series.
    """
    values = np.asarray(values)
    if len(values) != len(encoded.ids):
        raise ValueError(f"{len(values)} answers do not go with {len(encoded.ids)} series.")
    index = encoded.ids.rename(encoded.schema.id_col)
    if values.ndim == 1:
        return pd.Series(values, index=index, name=name)
    return pd.DataFrame(values, index=index, columns=None if columns is None else list(columns))


def _keys(encoded: EncodedFrame, rows) -> dict:
    """The id and time columns of some rows, in the caller's dtypes."""
    ids = encoded.ids.take(encoded.index.series[rows])
    times = encoded.index.times.column.take(rows)
    return {encoded.schema.id_col: ids.array, encoded.schema.time_col: times.array}


def side_by_side(columns: Iterable[tuple[Any, Any]], index: pd.Index | None = None) -> pd.DataFrame:
    """Pairs of label and cells as the columns of a frame, whatever the labels are.

    Raises:
        ValueError: A label that comes twice.
    """
    labels, cells = zip(*columns, strict=True)
    refuse_doubled(labels)
    # By position, as a dict would lose labels that are not text.
    frame = pd.DataFrame(dict(enumerate(cells)), index=index)
    frame.columns = pd.Index(labels)
    return frame


def refuse_doubled(labels) -> None:
    """Raise ValueError where two columns of an answer would have one name."""
    doubled = [label for label, times in Counter(labels).items() if times > 1]
    if doubled:
        raise ValueError(
            f"Two columns of the answer would be called {listed(doubled)}. Rename the channel, "
            "target or class of that name, or the id or time column, and fit again."
        )

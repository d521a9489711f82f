"""A column of labels, taken out of a frame before anything takes it for a channel."""

from typing import Literal

import numpy as np
import pandas as pd

from ct_s5._words import first, listed, near, shown
from ct_s5.frames._forms import index_levels
from ct_s5.frames._native import as_pandas


def pop_labels(
    data,
    column: str,
    *,
    per: Literal["series", "step"] = "series",
    id_col: str = "unique_id",
    time_col: str = "ds",
):
    """Take a column of labels out of a frame, so that it is no channel.

    Args:
        data: A frame, or a list of frames.
        column: The column of labels.
        per: "series" when all rows of a series hold one value (NaN aside), "step" when each row
            has its own.
        id_col: Column, or index level, of the series id.
        time_col: Column, or index level, of the time.

    Returns:
        The data without the column, and a Series: indexed by series id (by position for a list
        without ids), or with the frame's own index for steps.

    Raises:
        ValueError: No such column; a series with two labels.
    """
    frames = [as_pandas(item) for item in data] if isinstance(data, list | tuple) else None
    for frame in [as_pandas(data)] if frames is None else frames:
        if column not in frame.columns:
            raise ValueError(
                f"The frame has no column {column!r} for the labels. It has "
                f"{listed(frame.columns, 12)}.{near(column, frame.columns)}"
            )
    if frames is None:
        whole = as_pandas(data)
        rest = whole.drop(columns=[column])
    else:
        whole = pd.concat(frames)
        rest = [frame.drop(columns=[column]) for frame in frames]
    labels = whole.loc[:, column]
    if per == "step":
        return rest, labels
    if id_col in whole.columns:
        ids = pd.Index(whole[id_col])
    elif frames is not None:
        ids = pd.Index(np.repeat(np.arange(len(frames)), [len(frame) for frame in frames]))
    elif whole.index.nlevels == 2:
        ids = whole.index.get_level_values(index_levels(whole.index, id_col, time_col)[0])
    else:
        raise ValueError(
            f"The frame has no column {id_col!r} for the series id, so nothing says which label is "
            "whose. Another name: id_col=..."
        )
    return rest, _one_each(labels, ids, column)


def _one_each(labels: pd.Series, ids: pd.Index, column: str) -> pd.Series:
    series, found = pd.factorize(ids)
    codes, values = pd.factorize(labels.reset_index(drop=True))
    order = np.lexsort((codes < 0, series))  # of each series' labels, a known one comes first
    chosen = codes[order[np.searchsorted(series[order], np.arange(len(found)))]]
    differs = (codes >= 0) & (codes != chosen[series]) & (series >= 0)
    if differs.any():
        row = first(differs)
        raise ValueError(
            f"Column {column!r} is not one label a series: series {shown(found[series[row]])} has "
            f"{shown(values[chosen[series[row]]])} and, at row {row}, {shown(values[codes[row]])}. "
            "For a label a row, ask for per='reading'."
        )
    index, known = pd.Index(found), chosen >= 0
    if not known.any():
        return pd.Series(np.nan, index=index, name=column)
    picked = pd.Series(values).take(np.maximum(chosen, 0)).set_axis(index).rename(column)
    return picked if known.all() else picked.where(pd.Series(known, index=index))

"""Labels: one a series or one a step, brought into the order of the encoded series."""

import numpy as np
import pandas as pd
from jaxtyping import Shaped

from ct_s5._words import first, listed, shown
from ct_s5.frames._encode import EncodedFrame
from ct_s5.frames._native import as_pandas, is_frame


def align_labels(encoded: EncodedFrame, y) -> Shaped[np.ndarray, "N *K"]:
    """Labels of the series, in the order of `encoded.ids`.

    Args:
        encoded: The series.
        y: A Series (or, for K targets, a frame) indexed by series id. With a list or an array of
            series also an array or a list, one label a series in the same order; if these series
            have no ids, a Series is taken in that order too. A column of the frame is taken out
            beforehand with `pop_labels`.

    Raises:
        TypeError: Labels without ids for a frame.
        ValueError: A label for a series that is not there, or the reverse; two labels for a
            series; a label that is missing or infinite.
    """
    ids, id_col = encoded.ids, encoded.schema.id_col
    if is_frame(y):
        y = as_pandas(y)
        y = y.set_index(id_col) if id_col in y.columns else y
        y = y.iloc[:, 0] if y.shape[1] == 1 else y
    indexed = isinstance(y, pd.Series | pd.DataFrame)
    if isinstance(ids, pd.RangeIndex) or (encoded.wants_arrays and not indexed):
        y = y if indexed else pd.DataFrame(y) if np.ndim(y) == 2 else pd.Series(y)
        if len(y) != len(ids):
            raise ValueError(
                f"{len(y)} labels do not go with {len(ids)} series: give one a series."
            )
        y = y.set_axis(ids, axis=0)
    elif not indexed:
        raise TypeError(
            f"Labels of a frame are a Series indexed by series id; got {type(y).__name__}, which "
            "does not say which label is whose. Write pd.Series(labels, index=ids), or name the "
            "column of the frame that holds them."
        )
    if not y.index.is_unique:
        doubled = y.index[y.index.duplicated()].unique()
        raise ValueError(f"Series {listed(doubled)} has more than one label. Keep one a series.")
    without, unknown = ids.difference(y.index, sort=False), y.index.difference(ids, sort=False)
    if len(without) or len(unknown):
        rowless = without.intersection(ids[encoded.series.lengths == 0], sort=False)
        advice = ""
        if len(unknown) or len(rowless) < len(without):
            advice = (
                f" Ids are {ids.dtype} in the frame and {y.index.dtype} in the labels; "
                "y[y.index.isin(ids)] and frame[frame[id].isin(y.index)] keep what both have."
            )
        if len(rowless):
            advice += (
                f" Only static knows {listed(rowless)}: static.loc[y.index], by id, leaves them "
                "out."
            )
        raise ValueError(
            f"Labels and series do not match. Series without a label: {listed(without) or 'none'}; "
            f"labels for a series that is not in the frame: {listed(unknown) or 'none'}.{advice}"
        )
    y = y.reindex(ids)
    _refuse_unusable(y)
    return y.to_numpy()


def _refuse_unusable(y: pd.Series | pd.DataFrame) -> None:
    missing = y.isna().to_numpy().reshape(len(y), -1).any(axis=1)
    if missing.any():
        raise ValueError(
            f"The label of series {listed(y.index[np.flatnonzero(missing)])} is missing (NaN). "
            "Leave these series out, of the frame too, or give them a label."
        )
    for _, column in y.items() if isinstance(y, pd.DataFrame) else [(None, y)]:
        if (
            getattr(column.dtype, "kind", "O") == "f"
            and np.isinf(column.to_numpy(np.float64)).any()
        ):
            row = first(np.isinf(column.to_numpy(np.float64)))
            raise ValueError(
                f"The label of series {shown(y.index[row])} is {shown(column.iloc[row])}. Targets "
                "must be finite: leave the series out, or transform the target."
            )


def align_step_labels(encoded: EncodedFrame, y) -> Shaped[np.ndarray, "R *K"]:
    """Labels of the steps, in the order of the rows of `encoded.series`.

    NaN is a step without a label. Input rows that were merged must agree; one with a label and one
    without do.

    Args:
        encoded: The series.
        y: One label (or a row of K) an input row: a Series or frame with the frame's own index, an
            array, or a list with an array a series. For arrays (N, L) also shaped (N, L).

    Raises:
        ValueError: Another number of labels than of rows; another index; merged rows that disagree.
    """
    origin, n_rows = encoded.index.origin, len(encoded.row_of_input)
    labelled = isinstance(y, pd.Series | pd.DataFrame)
    # Arrow's text compares with no (series, time) pair: it raises.
    by_id = labelled and not isinstance(y.index, pd.MultiIndex)
    by_id = by_id and encoded.ids.isin(y.index).all() and y.index.isin(encoded.ids).all()
    if by_id and not y.index.equals(origin.index):
        raise ValueError(
            "The labels are indexed by series id, one a series, where one a row is asked for. "
            f"frame[{encoded.schema.id_col!r}].map(labels) gives each row that of its series; "
            "per='series' has one answer a series."
        )
    if labelled and not y.index.equals(origin.index):
        raise ValueError(
            "The index of the step labels is not the frame's. Labels go by row: give them the same "
            "index, labels.reindex(frame.index), or none, labels.to_numpy()."
        )
    if isinstance(y, list | tuple) and len(y) and all(np.ndim(item) for item in y):
        y = np.concatenate([np.asarray(item) for item in y])
    labels = np.asarray(y)
    if origin.form == "array" and labels.ndim > 1 and len(labels) != n_rows:
        labels = labels.reshape(-1, *labels.shape[2:])
    if len(labels) != n_rows or labels.ndim > 2:
        raise ValueError(
            f"Step labels have shape {np.shape(y)}; the frame has {n_rows} rows, with one label "
            "each."
        )
    table = labels[:, None] if labels.ndim == 1 else labels
    aligned = np.stack([_merge(encoded, column) for column in table.T], axis=1)
    return aligned[:, 0] if labels.ndim == 1 else aligned


def _merge(encoded: EncodedFrame, labels: Shaped[np.ndarray, " M"]) -> Shaped[np.ndarray, " R"]:
    row_of = encoded.row_of_input
    missing = pd.isna(labels)
    if labels.dtype == object:  # pd.NA compares with nothing, and is no float
        labels = np.where(missing, np.nan, labels)
    order = np.lexsort((missing, row_of))  # of each row's labels, a known one comes first
    chosen = order[np.searchsorted(row_of[order], np.arange(len(encoded.series.times)))]
    differs = ~missing & (labels != labels[chosen][row_of])
    if differs.any():
        row = first(differs)
        other = int(chosen[row_of[row]])
        origin = encoded.index.origin
        raise ValueError(
            f"Two rows of one time have different step labels: {shown(labels[other])} at "
            f"{origin.place(other)} and {shown(labels[row])} at {origin.place(row)}. Rows of one "
            "series and time are one step, which has one label: give both the same, or leave one "
            "out."
        )
    return labels[chosen]


def has_fractions(labels) -> bool:
    """Whether labels are numbers of which some are not whole: then they are values, not classes."""
    known = pd.Series(np.ravel(np.asarray(labels))).dropna().infer_objects()
    return known.dtype.kind == "f" and bool((known % 1 != 0).any())

"""Answers put into the cells of the caller's frame that hold none."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Float

from ct_s5.frames._encode import EncodedFrame
from ct_s5.frames._native import as_pandas, is_frame


def fill_missing(
    data, encoded: EncodedFrame, columns: Mapping[str, Float[np.ndarray, " R"]]
) -> pd.DataFrame | np.ndarray:
    """The caller's frame, with answers where a channel was not observed; an array for an array.

    Args:
        data: What was encoded: a frame with a row a (series, time), or an array.
        encoded: What it became.
        columns: An answer for each row of `encoded.series`. Those named as a channel fill its
            missing cells; all others, named `<channel>-...`, are put behind the frame's own
            columns, and hold the reading itself where there is one.

    Raises:
        TypeError: Neither one frame with a column a channel nor one array.
    """
    origin = encoded.index.origin
    if isinstance(data, np.ndarray) and set(columns) == set(encoded.schema.channels):
        answers = np.stack([columns[name] for name in encoded.schema.channels], axis=1)
        cells = data.astype(np.float64, copy=False)
        filled = answers[encoded.row_of_input].reshape(data.shape)
        return np.where(np.isnan(cells), filled, cells)
    if not is_frame(data) or origin.form == "list" or origin.cell_channel is not None:
        raise TypeError(
            "Only a frame with a row a (series, time) and a column a channel has cells to fill in. "
            "predict(data) answers for lists and frames with a row a cell, and for arrays of which "
            "some channels, or intervals, are wanted."
        )
    frame = as_pandas(data).copy()
    label_of = {str(label): label for label in frame.columns}
    row_of = encoded.row_of_input
    missing = {name: frame[label].isna().to_numpy() for name, label in label_of.items()}
    for name, answers in columns.items():
        if name in encoded.schema.channels:
            if missing[name].any():
                filled = frame[label_of[name]].astype(np.float64).to_numpy(na_value=np.nan).copy()
                filled[missing[name]] = answers[row_of][missing[name]]
                observed = frame[label_of[name]]
                # A column of float32 stays one, so that what was observed keeps its bits.
                dtype = observed.dtype if observed.dtype.kind == "f" else np.float64
                frame[label_of[name]] = pd.Series(filled, frame.index).astype(dtype)
            continue
        channel = max((c for c in encoded.schema.channels if name.startswith(f"{c}-")), key=len)
        own = as_pandas(data)[label_of[channel]].astype(np.float64).to_numpy(na_value=np.nan)
        frame[name] = np.where(missing[channel], answers[row_of], own)
    return frame

"""Answers put into the cells of the caller's frame that hold none."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Float

from ct_s5.frames._encode import EncodedFrame
from ct_s5.frames._native import as_pandas, is_frame


def fill_missing(
    data, encoded: EncodedFrame, columns: Mapping[str, Mapping[str, Float[np.ndarray, " R"]]]
) -> pd.DataFrame | np.ndarray:
    """The caller's frame, with answers where a channel was not observed; an array for an array.

    Args:
        data: What was encoded: a frame with a row a (series, time), or an array.
        encoded: What it became.
        columns: Of each channel its columns by name, with an answer for each row of
            `encoded.series`. The one named as the channel fills its missing cells; the others are
            put behind the frame's own columns, and hold the reading itself where there is one.

    Raises:
        TypeError: Neither one frame with a column a channel nor one array.
    """
    origin, channels = encoded.index.origin, encoded.schema.channels
    plain = all([*columns.get(name, ())] == [name] for name in channels)
    if isinstance(data, np.ndarray) and plain:
        answers = np.stack([columns[name][name] for name in channels], axis=1)
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
    for channel, own in columns.items():
        label = label_of[channel]
        missing = frame[label].isna().to_numpy()
        cells = frame[label].astype(np.float64).to_numpy(na_value=np.nan)
        for name, answers in own.items():
            # Rows of one time are one reading: what one of them leaves out another may have.
            read = np.full(len(answers), np.nan)
            read[row_of[~missing]] = cells[~missing]
            answers = np.where(np.isnan(read), answers, read)[row_of]
            filled = np.where(missing, answers, cells)
            if name != channel:
                frame[name] = filled
            elif missing.any():
                # A column of float32 stays one, so that what was observed keeps its bits.
                observed = frame[label].dtype
                dtype = observed if observed.kind == "f" else np.float64
                frame[label] = pd.Series(filled, frame.index).astype(dtype)
    return frame

"""Arrays of regular data, in the normal form of frames."""

import numpy as np
import pandas as pd

from ct_s5.frames._channels import refuse_infinite
from ct_s5.frames._long import LongFrame, Origin
from ct_s5.frames._native import ACCEPTED
from ct_s5.frames._times import TimeColumn


def from_arrays(data, id_col: str, time_col: str) -> LongFrame:
    """Regular data: an array (N, L) or (N, L, C), or a list of arrays (L, C); the gaps are all 1.

    Series and channels are called by their position. NaN is not observed.
    """
    arrays = list(data) if _ragged(data) else _cube(data)
    lengths = np.array([len(array) for array in arrays])
    n_channels = arrays[0].shape[1] if len(arrays) else 0
    if not lengths.sum() or not n_channels:
        raise ValueError(
            "The array is empty: it needs at least one series, one step and one channel."
        )
    odd = [i for i, array in enumerate(arrays) if array.ndim != 2 or array.shape[1] != n_channels]
    if odd:
        raise ValueError(
            f"Array {odd[0]} of the list has shape {arrays[odd[0]].shape}; array 0 has "
            f"{n_channels} channels. Give each series an array (L, C) with the same channels."
        )
    values = np.concatenate(arrays).astype(np.float64)
    series = np.repeat(np.arange(len(arrays)), lengths)
    starts = np.cumsum(lengths) - lengths
    steps = np.arange(len(series)) - np.repeat(starts, lengths)
    origin = Origin("array", pd.RangeIndex(len(series)), starts=starts)
    channels = tuple(str(c) for c in range(n_channels))
    refuse_infinite(values, channels, lambda row: f"series {series[row]}, {origin.place(row)}")
    times = TimeColumn("number", None, pd.Series(steps), steps, 1)
    ids, rows = pd.RangeIndex(len(arrays)), np.arange(len(series))
    return LongFrame(ids, series, times, values, channels, id_col, time_col, origin, rows, rows)


def _ragged(data) -> bool:
    """A list of 2-D arrays, which need not be of one length."""
    return isinstance(data, list | tuple) and len(data) > 0 and all(map(_is_table, data))


def _is_table(item) -> bool:
    return isinstance(item, np.ndarray) and item.ndim == 2 and item.dtype.kind in "biuf"


def _cube(data) -> np.ndarray:
    try:
        array = np.asarray(data)
        if array.dtype.kind == "O" and array.ndim in (2, 3):
            array = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"Expected {ACCEPTED}; this cannot be read as numbers: {error}") from error
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"Expected {ACCEPTED}; got {type(data).__name__} with values of type {array.dtype}."
        )
    if array.ndim not in (2, 3):
        raise ValueError(
            f"Expected an array (N, L) or (N, L, C); got shape {array.shape}. One series of one "
            "channel is array.reshape(1, -1)."
        )
    return array if array.ndim == 3 else array[:, :, None]

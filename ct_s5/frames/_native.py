"""Polars and pyarrow frames become pandas frames, by way of narwhals."""

import os

import narwhals as nw
import numpy as np
import pandas as pd

ACCEPTED = (
    "a pandas, polars or pyarrow frame, a list of them (one a series), a list of arrays (L, C), or "
    "an array (N, L) or (N, L, C)"
)


def is_frame(data) -> bool:
    """Whether narwhals knows `data` as a frame that lies in memory."""
    if isinstance(data, pd.DataFrame):
        return True
    return isinstance(nw.from_native(data, eager_only=True, pass_through=True), nw.DataFrame)


def no_data(data) -> TypeError:
    """What to raise for an object of a type that is none of those accepted."""
    hint = ""
    if hasattr(data, "collect"):
        hint = " Call .collect() on it first."
    elif isinstance(data, str | os.PathLike):
        hint = " Read the file first: ct_s5.frames.read_frame(path, time_col='ds')."
    elif isinstance(data, dict):
        hint = " Make it a frame: pd.DataFrame(...)."
    elif isinstance(data, pd.Series):
        hint = " Make it a frame with its ids and times as columns, one row a reading."
    return TypeError(f"Expected {ACCEPTED}; got {type(data).__name__}.{hint}")


def as_pandas(data) -> pd.DataFrame:
    """The same frame in pandas. A pandas frame passes untouched; its columns are never written to.

    Times keep their unit and zone. Whole numbers with nulls become floats with NaN, categories stay
    categories.

    Raises:
        TypeError: Not a frame, or a lazy one.
    """
    if isinstance(data, pd.DataFrame):
        return data
    frame = nw.from_native(data, eager_only=True, pass_through=True)
    if not isinstance(frame, nw.DataFrame):
        raise no_data(data)
    return pd.DataFrame({name: _column(frame[name]) for name in frame.columns})


def _column(column: nw.Series) -> pd.Series:
    dtype = column.dtype
    if isinstance(dtype, nw.Datetime) and dtype.time_zone:
        naive = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        utc = pd.Series(naive.to_numpy()).dt.tz_localize("UTC")
        return utc.dt.tz_convert(dtype.time_zone)
    if isinstance(dtype, nw.Categorical | nw.Enum):
        return pd.Series(column.cast(nw.String()).to_list(), dtype="category")
    if isinstance(dtype, nw.Boolean | nw.Decimal) or str(dtype) == "Unknown":
        # Booleans with nulls would arrive as objects; a column of nulls has no type at all.
        missing = column.is_null().to_numpy()
        if missing.all():
            return pd.Series(np.full(len(missing), np.nan))
        if missing.any() or not isinstance(dtype, nw.Boolean):
            return pd.Series(column.cast(nw.Float64()).to_numpy())
    return pd.Series(column.to_numpy())

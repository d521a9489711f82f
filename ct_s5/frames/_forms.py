"""`to_long`: tell the accepted forms of input apart and bring each to `LongFrame`."""

import dataclasses

import numpy as np
import pandas as pd

from ct_s5._words import first, listed, near, shown
from ct_s5.frames._arrays import from_arrays
from ct_s5.frames._cells import gather_cells
from ct_s5.frames._channels import read_channels
from ct_s5.frames._long import LongFrame, Origin
from ct_s5.frames._native import as_pandas, is_frame, no_data
from ct_s5.frames._times import read_times


def to_long(data, *, id_col: str = "unique_id", time_col: str = "ds") -> LongFrame:
    """Bring frames and arrays to one normal form, and refuse what cannot be right.

    Args:
        data: One of
            a frame (pandas, polars, pyarrow) with a row a (series, time) and a column a channel,
            NaN where not observed; the id and the time are columns or a two-level MultiIndex;
            the same with the columns `channel` and `value` in place of the channels, a row a cell;
            a list of frames, one a series, with or without the id column;
            a LongFrame, which comes back as it is;
            regular data as an array (N, L) or (N, L, C), or a list of arrays (L, C): unit gaps.
        id_col: Column of the series id.
        time_col: Column of the time.

    Raises:
        TypeError: Not such data; a time or channel column of a type that is none.
        ValueError: Empty data; a missing or doubled column; a missing id, a missing or infinite
            time, an infinite value.
    """
    if isinstance(data, LongFrame):
        return data
    if is_frame(data) or hasattr(data, "collect"):  # a lazy frame is refused in its own words
        return _from_frame(as_pandas(data), id_col, time_col)
    if isinstance(data, list | tuple) and len(data) and all(is_frame(item) for item in data):
        return _from_frames([as_pandas(item) for item in data], id_col, time_col)
    array = hasattr(data, "__array__") and not isinstance(data, pd.Series | pd.Index)
    if not array and not isinstance(data, list | tuple):
        raise no_data(data)
    return from_arrays(data, id_col, time_col)


def _from_frame(frame: pd.DataFrame, id_col: str, time_col: str) -> LongFrame:
    columns = _columns(frame)
    form = "frame"
    if id_col not in columns and time_col not in columns and frame.index.nlevels == 2:
        form = "multiindex"
        levels = index_levels(frame.index, id_col, time_col)
        ids, times = (pd.Series(frame.index.get_level_values(level)) for level in levels)
        rest, names = frame, columns
    else:
        for role, column in (("id_col", id_col), ("time_col", time_col)):
            if column not in columns:
                raise ValueError(missing_column(frame, role, column))
        ids, times = frame[id_col], frame[time_col]
        # Half the time of `drop`, which a stream of single rows would wait for.
        places = [c for c, name in enumerate(columns) if name not in (id_col, time_col)]
        rest, names = frame.iloc[:, places], tuple(columns[c] for c in places)
    origin = Origin(form, frame.index, columns)
    return _assemble(ids, times, rest, names, id_col, time_col, origin)


def _from_frames(frames: list[pd.DataFrame], id_col: str, time_col: str) -> LongFrame:
    named = [id_col in frame.columns for frame in frames]
    if any(named) and not all(named):
        raise ValueError(
            f"Frame {first(~np.array(named))} of the list has no column {id_col!r}, others have. "
            "Give every frame its id, or none (ids are then 0, 1, 2, ...)."
        )
    lengths = [len(frame) for frame in frames]
    starts = np.cumsum([0, *lengths[:-1]])
    filled = [frame for frame in frames if len(frame)]
    for i, frame in enumerate(frames):
        if set(_columns(frame)) != set(frames[0].columns):
            odd = set(frame.columns) ^ set(frames[0].columns)
            raise ValueError(
                f"Frame {i} of the list has other columns than frame 0: they differ in "
                f"{listed(odd)}. Give every frame all channels, NaN where not observed."
            )
    if not filled:
        raise ValueError("The list of frames holds no row at all: there is nothing to read.")
    whole = pd.concat(filled)
    positions = np.repeat(np.arange(len(frames)), lengths)
    if not all(named):
        if time_col not in whole.columns:
            raise ValueError(missing_column(whole, "time_col", time_col))
        origin = Origin("list", whole.index, tuple(whole.columns), starts)
        ids, rest = pd.Series(positions), whole.drop(columns=[time_col])
        every = pd.RangeIndex(len(frames))
        keys = (tuple(rest.columns), id_col, time_col)
        return _assemble(ids, whole[time_col], rest, *keys, origin, every)
    if 0 in lengths:
        i = lengths.index(0)
        raise ValueError(
            f"Frame {i} of the list has no row, so it does not say which series it is."
        )
    codes, found = pd.factorize(whole[id_col])
    pairs = np.unique(np.stack([positions, codes]), axis=1)
    for axis, trouble in (
        (0, "holds more than one series"),
        (1, "is not the only one of its series"),
    ):
        values, counts = np.unique(pairs[axis], return_counts=True)
        if (counts > 1).any():
            at = pairs[:, pairs[axis] == values[first(counts > 1)]]
            names = listed(found[i] for i in np.unique(at[1]).tolist() if i >= 0)
            raise ValueError(
                f"Frame {at[0, -1]} of the list {trouble} ({names}). A list has one frame a "
                "series; pass one frame instead: pd.concat(frames)."
            )
    long = _from_frame(whole, id_col, time_col)
    origin = dataclasses.replace(long.origin, form="list", starts=starts)
    return dataclasses.replace(long, origin=origin)


def _assemble(ids, times, rest, names, id_col, time_col, origin: Origin, every=None) -> LongFrame:
    """Read the columns, ids first, so that later messages can name the series."""
    if not len(rest):
        raise ValueError("The frame has no rows: there is nothing to read.")
    ids, times = ids.reset_index(drop=True), times.reset_index(drop=True).copy()
    try:
        series, found = pd.factorize(ids)
    except TypeError as error:
        raise TypeError(
            f"Column {id_col!r} holds values that cannot be an id ({error}), for instance "
            f"{shown(ids.iloc[0])}. Ids are numbers, text or tuples."
        ) from error
    if (series < 0).any():
        row = first(series < 0)
        raise ValueError(
            f"The series id in column {id_col!r} is missing (NaN) at {origin.place(row)}; "
            f"{(series < 0).sum()} such rows in all. Drop them: frame.dropna(subset=[{id_col!r}])."
        )
    if every is None:
        every = pd.Index(found)
    else:
        series = ids.to_numpy()

    def place(row: int) -> str:
        return f"series {shown(every[series[row]])}, {origin.place(row)}"

    column = read_times(times, time_col, place)
    if set(names) == {"channel", "value"}:
        return gather_cells(every, series, column, rest, id_col, time_col, origin, place)
    channels = tuple(map(str, names))
    if not channels:
        raise ValueError(
            f"The frame has no channel: beside {id_col!r} and {time_col!r} there is no column."
        )
    if len(set(channels)) < len(channels):
        raise ValueError(
            f"Two channels have the same name once written as text: {listed(channels)}."
        )
    values = read_channels(rest, channels, place)
    rows = np.arange(len(rest))
    return LongFrame(every, series, column, values, channels, id_col, time_col, origin, rows, rows)


def index_levels(index: pd.Index, id_col: str, time_col: str) -> tuple[int, int]:
    """Which of two levels is the series and which the time: by name, or else in that order.

    Raises:
        ValueError: A level in the one place that is named for the other, beside a stranger.
    """
    names = list(index.names)
    if names == [time_col, id_col]:
        return 1, 0
    if names[0] == time_col or names[1] == id_col:
        raise ValueError(
            f"The levels of the index are called {listed(names)}, so {id_col!r} (id_col) and "
            f"{time_col!r} (time_col) do not tell which is the series and which the time. Give "
            "the names that they have, id_col=... and time_col=..., or rename them: "
            f"frame.rename_axis(index={[time_col, id_col]})."
        )
    return 0, 1


def _columns(frame: pd.DataFrame) -> tuple:
    """The labels of the columns, each of which names one."""
    columns = tuple(frame.columns)
    if len(set(columns)) < len(columns):
        doubled = frame.columns[frame.columns.duplicated()].unique()
        raise ValueError(
            f"The frame has more than one column named {listed(doubled)}. Rename one of each."
        )
    return columns


def missing_column(frame: pd.DataFrame, role: str, column: str) -> str:
    what = "series id" if role == "id_col" else "time"
    hint = near(column, frame.columns)
    in_index = column in frame.index.names or (
        role == "time_col" and isinstance(frame.index, pd.DatetimeIndex)
    )
    if in_index:
        hint = " It seems to be the index: frame.reset_index() makes it a column."
    return (
        f"The frame has no column {column!r} for the {what}. It has "
        f"{listed(frame.columns, 12) or 'none at all'}.{hint} Another name: {role}=..."
    )

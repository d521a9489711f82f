"""Held-out parts: whole series at random, or everything from a moment on."""

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool

from ct_s5._words import listed, shown
from ct_s5.frames._forms import index_levels, missing_column
from ct_s5.frames._instants import Instants
from ct_s5.frames._native import as_pandas
from ct_s5.frames._times import TimeColumn, iso_date, read_times
from ct_s5.frames._units import as_timedelta, bare_number


def split_series(
    series, labels=None, *, share: float = 0.2, seed: int = 0
) -> Bool[np.ndarray, " N"]:
    """Which series to hold out, at random.

    A series is held out whole: rows of one series on both sides would let a model recognise it.

    Args:
        series: The series ids, or how many there are.
        labels: Classes (N,); each is then held out in the same share. Of a class with at least two
            series one stays on either side; a single one is not held out.
        share: Share to hold out, between 0 and 1.
        seed: Fixes the choice.

    Returns:
        True where held out; at least one series is and one is not.

    Raises:
        ValueError: Fewer than two series, an id twice, or classes of a single series each.
    """
    n = int(series) if np.ndim(series) == 0 else len(series)
    ids = pd.Index([] if np.ndim(series) == 0 else series, dtype=object)
    repeated = ids[ids.duplicated()].unique()
    if len(repeated):
        raise ValueError(
            f"Ids stand more than once: {listed(repeated)}. Give each series once, such as "
            "frame['unique_id'].unique(): rows dealt one by one would leave a series on both sides."
        )
    if n < 2 or not 0 < share < 1:
        raise ValueError(
            f"A split needs at least two series and a share between 0 and 1; got {n} series and "
            f"share={share}."
        )
    if labels is not None and len(labels) != n:
        raise ValueError(f"{len(labels)} labels do not go with {n} series: give one a series.")
    group = np.zeros(n, dtype=int) if labels is None else pd.factorize(np.asarray(labels))[0]
    shuffled = np.random.default_rng(seed).permutation(n)
    held_out = np.zeros(n, dtype=bool)
    for label in np.unique(group):
        members = shuffled[group[shuffled] == label]
        wanted = round(share * len(members))
        held_out[members[: min(max(wanted, 1), len(members) - 1)]] = True
    if not held_out.any():
        raise ValueError(
            f"Each class has a single series ({listed(pd.unique(np.asarray(labels)))}): whichever "
            "is held out, training would not know its class. Give a class more series; where the "
            "split is for validation, validation=(frame, labels) of your own or "
            "validation_fraction=0 does without it."
        )
    return held_out


def split_time(
    data, at, *, time_col: str = "ds", id_col: str = "unique_id"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows before a moment, and those from it on.

    Args:
        data: A frame; the time is a column, or a level of a (series, time) index.
        at: The moment: anything `pd.Timestamp` takes (with a zone where the column has one), a
            Timedelta, or a number, as the column has it.
        time_col: Column of the time.
        id_col: What the level of the series is called, where the time is the other one.

    Raises:
        TypeError: Times of a type that is none, text included.
        ValueError: A row without a time; a moment of another kind, or without the column's zone.
    """
    frame = as_pandas(data)
    if time_col in frame.columns:
        times = pd.Series(frame[time_col])
    elif frame.index.nlevels == 2:
        level = index_levels(frame.index, id_col, time_col)[1]
        times = pd.Series(frame.index.get_level_values(level))
    else:
        raise ValueError(missing_column(frame, "time_col", time_col))
    column = read_times(times.reset_index(drop=True), time_col, lambda row: f"row {row}")
    before = Instants.of(column).before(_moment(at, column, time_col))
    return frame.loc[before], frame.loc[~before]


def _date(at):
    return iso_date(at) if isinstance(at, str) else pd.Timestamp(at)


def _moment(at, times: TimeColumn, time_col: str) -> Instants:
    """A moment of the same kind as the times."""
    read = {"datetime": _date, "timedelta": as_timedelta, "number": pd.to_numeric}
    try:
        year = times.kind == "datetime" and isinstance(at, str)  # or a date: "2026", "20261129"
        if times.kind != "number" and not year and bare_number(at) is not None:
            raise ValueError("a number has no unit")
        told: Any = read[times.kind](at)
        if pd.isna(told):
            raise ValueError("it is missing")
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Column {time_col!r} holds {times.kind}s, and at={shown(at)} is none: "
            f"{str(error).partition('. You might want to try:')[0]}."
        ) from error
    if times.kind == "number":
        return Instants.of(read_times(pd.Series([told]), "at", lambda row: "the split"))
    if times.kind == "datetime" and (times.zone is None) != (told.tzinfo is None):
        raise ValueError(
            f"Column {time_col!r} has {times.zone or 'no time zone'}, at={shown(told)} has "
            f"{told.tzinfo or 'no time zone'}. Give the moment the same way: pd.Timestamp(..., "
            "tz=...)."
        )
    # As NumPy has it, in UTC: pandas 2 would bring it to nanoseconds, which hold no far time.
    return Instants.of(read_times(pd.Series(told.to_numpy().reshape(1)), "at", str))

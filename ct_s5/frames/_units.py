"""The length of one model unit of time: named by the caller, or the typical gap."""

import datetime
import re
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool

from ct_s5._words import shown
from ct_s5.frames._long import LongFrame
from ct_s5.frames._times import TimeKind

_UNITS = [(1e-9, "ns"), (1e-6, "µs"), (1e-3, "ms"), (1.0, "s"), (60.0, "min"), (3600.0, "h")]
_UNITS += [(86400.0, "d"), (365.25 * 86400, "y")]

# pandas takes "02.03.2026 01:00" for a length of an hour, and the day for nanoseconds.
DOTTED_DATE = r"\d+\.\d+\."

TimeUnit = str | int | float | np.integer | np.floating | datetime.timedelta | np.timedelta64 | None


def unit_of(long: LongFrame, time_unit: TimeUnit, rows=None, how="{}") -> float:
    """The unit the caller names, or the median positive gap between readings.

    `how` is where the caller takes a unit, for the message.

    Raises:
        ValueError: A unit that does not fit the time column, or none given where no series has
            readings at two distinct times.
    """
    if time_unit is not None:
        return read_unit(time_unit, long.times.kind, long.time_col)
    if long.form == "array":
        return 1.0  # regular data: one step is one unit, whatever is missing
    unit = median_gap(long, rows)
    if unit is None and rows is not None:
        unit = median_gap(long)
    if unit is None:
        example = "time_unit='1h'" if long.times.kind != "number" else "time_unit=1.0"
        raise ValueError(
            f"No series has readings at two distinct times (column {long.time_col!r}), so there is "
            f"no typical gap to measure time by. Name the unit: {how.format(example)}."
        )
    return unit


def in_model_units(length: TimeUnit, schema: Any, what: str) -> float:
    """A length of time as the caller writes it, in the units of a fitted `FrameSchema`.

    Raises:
        ValueError: No length of time, or one of another kind than the times; it is called `what`.
    """
    return read_unit(length, schema.time_kind, schema.time_col, what) / schema.time_unit


def read_unit(time_unit, kind: TimeKind, time_col: str, what: str = "time_unit") -> float:
    """A length of time as the caller writes it, in seconds or in the numbers of the column."""
    number = bare_number(time_unit)
    if kind == "number":
        if number is None:
            raise ValueError(
                f"Column {time_col!r} holds numbers, which have no unit of their own, so "
                f"{what}={shown(time_unit)} cannot be converted. Give it as a number of "
                f"that column ({what}=60 for minutes in seconds), or make it timedeltas: "
                f"pd.to_timedelta(frame[{time_col!r}], unit='s')."
            )
        unit = number
    else:
        if number is not None:
            raise ValueError(
                f"Column {time_col!r} holds {kind}s, so {what}={shown(time_unit)} needs a unit: "
                f"write {what}='1h', '15min' or a pd.Timedelta."
            )
        try:
            unit = float(as_timedelta(time_unit) / pd.Timedelta(seconds=1))  # pyright: ignore
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{what}={shown(time_unit)} is no length of time ({error}). Write '1h', '15min' "
                "or a pd.Timedelta."
            ) from error
    if not (np.isfinite(unit) and unit > 0):
        raise ValueError(f"{what} must be a positive length of time; got {shown(time_unit)}.")
    return unit


def as_timedelta(length) -> pd.Timedelta:
    """A length of time as the caller writes it: "90min", or like pandas' frequencies "h" for "1h".

    Raises:
        TypeError, ValueError: No length of time.
    """
    if isinstance(length, str) and re.search(DOTTED_DATE, length):
        raise ValueError("it looks like a date; dates are written 2026-01-31")
    alone = isinstance(length, str) and length.strip().isalpha()
    told: Any = pd.Timedelta(f"1{length.strip()}" if alone else length)
    if told is pd.NaT:
        raise ValueError("it is missing")
    return told


def bare_number(time_unit) -> float | None:
    """A unit without a name, also as text: the command line has nothing else to pass.

    pandas would take such text for nanoseconds.
    """
    kinds = str | int | float | np.integer | np.floating
    if not isinstance(time_unit, kinds) or isinstance(time_unit, bool | np.timedelta64):
        return None
    try:
        return float(time_unit)
    except ValueError:
        return None


def median_gap(long: LongFrame, rows: Bool[np.ndarray, " R"] | None = None) -> float | None:
    """Median positive gap between successive readings of a series; None when there is none.

    Rows may come in any order. A row without an observed channel is a query and does not count, nor
    does one that `rows` leaves out.
    """
    readings = ~np.isnan(long.values).all(axis=1)
    reading = np.flatnonzero(readings if rows is None else readings & rows)
    gaps = gaps_between(long, reading)
    gaps = gaps[gaps > 0]
    return float(np.median(gaps)) if len(gaps) else None


def gaps_between(long: LongFrame, rows: np.ndarray) -> np.ndarray:
    """Gaps between successive ones of some rows within each series, in seconds or numbers."""
    rows = rows[np.lexsort((long.times.ticks[rows], long.series[rows]))]
    inside = long.series[rows[1:]] == long.series[rows[:-1]]
    return long.times.elapsed(rows[1:][inside], rows[:-1][inside])


def unit_for(span: float) -> tuple[float, str]:
    """The unit, in seconds, in which a length of time is a number of a handy size."""
    fitting = [(size, word) for size, word in _UNITS if span >= 2 * size]
    return fitting[-1] if fitting else _UNITS[0]


def duration(seconds: float) -> str:
    """A length of time with three digits and a unit: `82.2 ms`."""
    size, word = unit_for(2 * seconds) if seconds else (1.0, "s")
    return f"{float(f'{seconds / size:.3g}'):.15g} {word}"  # 1000 ms, not 1e+03 ms


def readable(unit: float, kind: TimeKind) -> str:
    """A length of time for people: `0 days 01:00:00`, or a plain number."""
    if kind == "number" or not np.isfinite(unit):
        return f"{unit:.6g}"
    if 1e-9 <= unit < 9e9:  # what a Timedelta in nanoseconds can hold
        return str(pd.Timedelta(unit, unit="s"))
    return f"{unit:.6g} s"

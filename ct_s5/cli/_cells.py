"""From the cells of lines to a frame: ids, times and readings, each told wrong by its line."""

import re
from collections.abc import Sequence
from typing import Any

from ct_s5.cli._lines import Row

_NOTHING = ("", "nan", "na", "null", "none")
_WHOLE = re.compile(r"[+-]?\d+")
_LIKE_TIME = re.compile(r"(?![+-]?[\d.]*$)[+-]?\d.*")


def in_frame(rows: Sequence[Row], schema: Any):
    """Rows as a frame for a model of this `FrameSchema`, ids as text.

    Raises:
        ValueError: A cell that is no id, no time or no number; the message names its line.
    """
    import pandas as pd

    times = [_time(row, schema) for row in rows]
    if len({getattr(time, "tzinfo", None) for time in times}) > 1:
        times = [time.tz_convert("UTC") for time in times]
    told = {schema.id_col: [_id(row, schema.id_col) for row in rows], schema.time_col: times}
    for name in schema.channels:
        told[name] = [_number(row, name) for row in rows]
    return pd.DataFrame(told)


def _id(row: Row, name: str) -> str:
    value = row.cells[name]
    if value == "" or isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(
            f"line {row.number}: {name} is {_said(value)}; the name of a series is text."
        )
    try:
        str(value).encode()
    except UnicodeEncodeError as error:  # half of a character, as JSON can write it
        raise ValueError(
            f"line {row.number}: {name} is {value!a}, which no file can hold: a part of a "
            "character is missing."
        ) from error
    return str(value)


def _time(row: Row, schema: Any) -> Any:
    import pandas as pd

    name, kind = schema.time_col, schema.time_kind
    value = row.cells[name]
    wrong = f"line {row.number}: {name} is {_said(value)}"
    if kind == "number":
        if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
            return int(value)
        number = _number(row, name)
        if number != number:
            raise ValueError(f"{wrong}; the model was fitted on times that are numbers.")
        return value if isinstance(value, int) else number
    example = "2026-01-31 08:00:00" if kind == "datetime" else "0 days 08:00:00"
    try:
        # pandas takes a bare number for nanoseconds, and knows what "today" is.
        if not isinstance(value, str) or not _LIKE_TIME.fullmatch(value):
            raise ValueError("no text of a time")
        if kind == "timedelta":
            time: Any = pd.to_timedelta(value)
        else:
            time = pd.to_datetime(value, format="ISO8601")
        if pd.isna(time):
            raise ValueError("no time")
    except ValueError as error:
        raise ValueError(f"{wrong}; times are written as {example!r}.") from error
    if kind == "datetime" and (time.tzinfo is None) != (schema.time_zone is None):
        zone = schema.time_zone
        raise ValueError(
            f"{wrong}, without a time zone; the model was fitted on times of {zone}. Write the "
            f"offset with it: {example}+00:00."
            if zone
            else f"{wrong}, with a time zone; the model was fitted on times without one. Leave the "
            "offset out."
        )
    return time


def _number(row: Row, name: str) -> float:
    """A reading; NaN where there is none."""
    value = row.cells[name]
    if value is None or (isinstance(value, str) and value.strip().lower() in _NOTHING):
        return float("nan")
    try:
        if isinstance(value, bool) or "_" in str(value):
            raise ValueError("Python alone takes that for a number")
        return float(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(
            f"line {row.number}: {name} is {_said(value)}, which is no number. Leave the cell "
            "empty where nothing was measured."
        ) from error


def _said(value: Any) -> str:
    return "missing" if value in (None, "") else f"{value!r:.80}"

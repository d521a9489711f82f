"""Time columns: timestamps as exact integers in the column's own unit, and what may be one."""

import contextlib
import dataclasses
import datetime
import warnings
import zoneinfo
from collections.abc import Callable
from typing import Any, Literal

import narwhals as nw
import numpy as np
import pandas as pd
from jaxtyping import Float, Int, Shaped

from ct_s5._words import first, listed, shown

TimeKind = Literal["datetime", "timedelta", "number"]
# Dates with nothing between their parts, by their number of digits.
_WRITTEN = {8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_LOOKED_AT = 1000
ZONED = r"[T ]\d.*(Z|[+-]\d\d:?\d\d)$"
"""What a time as text ends on that names its offset from UTC."""
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@dataclasses.dataclass(frozen=True)
class TimeColumn:
    """The time of each of R rows, exact.

    A datetime is a count of ticks (s, ms, us or ns, as the column has it) in UTC; it never becomes
    a float before the difference of two of them is taken.
    """

    kind: TimeKind
    zone: str | None
    """A name that files can hold: of the zone, such as "Europe/Berlin", or of a fixed offset,
    "UTC+01:00"; "UTC" for a zone that has neither. None when the datetimes are naive, or none."""
    column: pd.Series
    """The column as the caller has it, for messages and for `decode`."""
    ticks: Shaped[np.ndarray, " R"]
    per_unit: int
    """Ticks in a second; 1 where times are numbers, whose unit is their own."""

    @property
    def unit(self) -> Literal["s", "ms", "us", "ns"]:
        """What a tick of datetimes and timedeltas is: "s", "ms", "us" or "ns"."""
        units: dict[int, Any] = {count: unit for unit, count in _PER_SECOND.items()}
        return units[self.per_unit]

    def elapsed(
        self, later: Int[np.ndarray, " M"], earlier: Int[np.ndarray, " M"]
    ) -> Float[np.ndarray, " M"]:
        """Time from the rows `earlier` to the rows `later`, which must not come before them.

        In seconds; for numbers, in the column's own unit. The result is a function of the two times
        alone, to the last bit, whatever unit and zone the column has.
        """
        whole, fraction = self.elapsed_parts(later, earlier)
        return whole + fraction

    def elapsed_parts(
        self, later: Int[np.ndarray, " M"], earlier: Int[np.ndarray, " M"]
    ) -> tuple[Float[np.ndarray, " M"], Float[np.ndarray, " M"]]:
        """`elapsed` as whole seconds and what is left, which together lose no digit.

        What is left is the fraction of a second; also the low digits of whole numbers that have
        more than a float64 holds.
        """
        return _parts(self.ticks[later], self.ticks[earlier], self.per_unit)

    def parts_since(
        self, other: "TimeColumn", rows: Int[np.ndarray, " R"]
    ) -> tuple[Float[np.ndarray, " R"], Float[np.ndarray, " R"]]:
        """`elapsed_parts` from rows of another column of the same kind, negative before them.

        Raises:
            ValueError: Times so far off that the finer of both units does not hold them.
        """
        per_unit = max(self.per_unit, other.per_unit)
        now, then = self._ticks_in(per_unit), other._ticks_in(per_unit)[rows]
        both = np.result_type(now, then)
        now, then = now.astype(both, copy=False), then.astype(both, copy=False)
        before = now < then
        parts = _parts(np.where(before, then, now), np.where(before, now, then), per_unit)
        seconds, fractions = (np.where(before, -part, part) for part in parts)
        return seconds, fractions

    def _ticks_in(self, per_unit: int) -> Shaped[np.ndarray, " R"]:
        factor = per_unit // self.per_unit
        if factor == 1:
            return self.ticks
        if len(self.ticks) and np.abs(self.ticks).max() > np.iinfo(np.int64).max // factor:
            row = int(np.abs(self.ticks).argmax())
            raise ValueError(
                f"The time {self.show(row)} is farther off than a count of 1/{per_unit} s, "
                "in which the other times are given, holds. Give both in the same unit."
            )
        return self.ticks * factor

    def take(self, rows: Int[np.ndarray, " M"]) -> "TimeColumn":
        """Some of the rows."""
        return dataclasses.replace(self, column=self.column.take(rows), ticks=self.ticks[rows])

    def show(self, row: int) -> str:
        """The time of a row as a message prints it."""
        return shown(self.column.iloc[row])


def _parts(later, earlier, per_unit: int):
    if later.dtype.kind == "f":
        with np.errstate(over="ignore"):  # an infinite gap is refused where the rows are known
            return later - earlier, np.zeros(len(later))
    # Unsigned, so that five centuries of nanoseconds wrap to the right difference.
    whole, rest = np.divmod(later.view(np.uint64) - earlier.view(np.uint64), np.uint64(per_unit))
    # Above 2**53 float64 leaves whole numbers out; of 64 bits the upper 53 are exact anywhere.
    low = np.where(whole < 2**53, np.uint64(0), whole % np.uint64(2**11))
    high = (whole - low).astype(np.float64)
    return high, low.astype(np.float64) + rest.astype(np.float64) / per_unit


def read_times(column: pd.Series, name: str, place: Callable[[int], str]) -> TimeColumn:
    """Take a column for times, or say why it is none.

    Args:
        column: Datetimes (any unit, naive or in one zone), timedeltas, or numbers.
        name: The column's name, for messages.
        place: Words for a row, such as "series 'b', row 3".

    Raises:
        TypeError: A column of another type, text included.
        ValueError: A row without a time, or with an infinite one.

    Warns:
        UserWarning: Whole numbers that all read as dates, such as 20260131.
    """
    if column.dtype == object:
        column = column.infer_objects()
    dtype = column.dtype
    kind = dtype.kind if hasattr(dtype, "kind") else "O"
    # Arrow's dates pass for datetimes by their kind.
    dates = isinstance(dtype, pd.ArrowDtype) and pd.api.types.infer_dtype(column) == "date"
    if kind not in "Mmiuf" or dates:
        raise TypeError(_not_times(column, name, place))
    missing = column.isna().to_numpy()
    if missing.any():
        what = "NaT" if kind in "Mm" else "NaN"
        raise ValueError(
            f"Column {name!r} holds no time ({what}) at {place(first(missing))}; {missing.sum()} "
            f"such rows in all. Drop them: frame.dropna(subset=[{name!r}]), or give them their "
            "times."
        )
    if kind in "Mm":
        return _instants(column, name, kind)
    if kind == "f":
        ticks = column.to_numpy(dtype=np.float64)
        if not np.isfinite(ticks).all():
            row = first(~np.isfinite(ticks))
            raise ValueError(
                f"Column {name!r} holds {ticks[row]} at {place(row)}: a time must be finite. Drop "
                "that row or give it its time."
            )
    else:
        wide = kind == "u" and len(column) and int(column.max()) > np.iinfo(np.int64).max
        ticks = column.to_numpy(dtype=np.uint64 if wide else np.int64)
        _speak_of_dates(ticks, name)
    return TimeColumn("number", None, column, ticks, 1)


def _speak_of_dates(numbers: Shaped[np.ndarray, " R"], name: str) -> None:
    """Warn of 20260131 and 202601310800, which are numbers here."""
    if not len(numbers):
        return
    some = [int(numbers.min()), int(numbers.max()), *numbers[:_LOOKED_AT].tolist()]
    written = _WRITTEN.get(len(str(some[0])))
    if written is None or any(not "1900" <= str(number)[:4] <= "2100" for number in some):
        return
    texts = pd.Series(some).astype(str)
    if pd.to_datetime(texts, format=written, errors="coerce").notna().all():
        warnings.warn(
            f"Column {name!r} holds numbers such as {numbers[0]}, and they stay numbers. If they "
            f"are dates: frame[{name!r}] = pd.to_datetime(frame[{name!r}].astype(str), "
            f"format={written!r}); in a file write them as 2026-01-31 08:00.",
            UserWarning,
            stacklevel=4,
        )


def _instants(column: pd.Series, name: str, kind: str) -> TimeColumn:
    zone = None
    # UTC first: on the wall clock a night of clock change is an hour too long or too short.
    if isinstance(column.dtype, np.dtype):
        instants = column.to_numpy()
    elif isinstance(column.dtype, pd.DatetimeTZDtype):  # of which narwhals knows named zones alone
        zone = _name_of(column.dtype.tz)
        instants = column.dt.tz_convert(None).to_numpy()
    else:
        series = nw.from_native(column, series_only=True)
        zone = getattr(series.dtype, "time_zone", None)
        if zone:
            series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        instants = series.to_numpy()
    unit = np.datetime_data(instants.dtype)[0]
    if unit not in _PER_SECOND:
        raise TypeError(
            f"Column {name!r} counts time in unit {unit!r}. Turn it into timestamps first: "
            f"frame[{name!r}].astype('{instants.dtype.name.partition('[')[0]}[s]')."
        )
    what = "datetime" if kind == "M" else "timedelta"
    return TimeColumn(what, zone, column, instants.view(np.int64), _PER_SECOND[unit])


def _name_of(zone: datetime.tzinfo) -> str:
    """A name by which pandas finds the zone again, which it does not by what zones call themselves.

    A fixed offset may be called "CET", which for pandas has a summer time.
    """
    key = getattr(zone, "key", None) or getattr(zone, "zone", None)  # of zoneinfo, of pytz
    if key is not None:
        with contextlib.suppress(KeyError, ValueError):
            return zoneinfo.ZoneInfo(key).key
    offset = zone.utcoffset(None)
    if offset is None or offset % datetime.timedelta(minutes=1):
        return "UTC"
    return str(datetime.timezone(offset))


def iso_date(text: str):
    """The timestamp that a text of ISO 8601 names.

    Raises:
        ValueError: Other text; "today", and "10:00", which pandas would put on today.
    """
    if of_today(pd.Series([text])).item():
        raise ValueError("it is another moment whenever it is read")
    return pd.to_datetime(text.strip(), format="ISO8601")


def of_today(text: pd.Series) -> pd.Series:
    """Where a cell says "now" or "today": pandas takes these for times, other ones every day."""
    return text.astype(str).str.strip().str.lower().isin(["now", "today"])


def _not_times(column: pd.Series, name: str, place) -> str:
    values = column.astype(column.cat.categories.dtype) if column.dtype == "category" else column
    inferred = pd.api.types.infer_dtype(values, skipna=True)
    if inferred == "string":
        parsed = pd.to_datetime(values.astype(object), format="ISO8601", errors="coerce", utc=True)
        failed = ((parsed.isna() & values.notna()) | of_today(values)).to_numpy()
        offset = values.dropna().astype(str).str.extract(ZONED)[0]
        zoned = offset.notna()
        utc = ", utc=True" if zoned.all() and offset.nunique() > 1 else ""
        fix = f"frame[{name!r}] = pd.to_datetime(frame[{name!r}], format='ISO8601'{utc})"
        if zoned.any() and not zoned.all():
            known = values.notna().to_numpy().nonzero()[0]
            has, lacks = (int(known[rows.argmax()]) for rows in (zoned, ~zoned))
            return (
                f"Column {name!r} has times as text, some with an offset from UTC, "
                f"{shown(values.iloc[has])} at {place(has)}, some without, "
                f"{shown(values.iloc[lacks])} at {place(lacks)}. Give all of them one, or none."
            )
        if not failed.any():
            return f"Column {name!r} holds times as text. Turn it into timestamps first: {fix}."
        rows = [
            f"{shown(values.iloc[row])} at {place(row)}"
            for row in np.flatnonzero(failed)[:5].tolist()
        ]
        more = f" and {failed.sum() - 5} more" if failed.sum() > 5 else ""
        return (
            f"Column {name!r} holds times as text, and not all of it reads as ISO 8601: "
            f"{'; '.join(rows)}{more}. Mend those rows, then {fix}; or give your own format=."
        )
    if inferred == "datetime":
        zones = pd.unique(
            values.map(lambda time: str(time.tzinfo or "no zone"), na_action="ignore")
        )
        return (
            f"Column {name!r} mixes time zones ({listed(zones)}). Bring it to one: frame[{name!r}] "
            f"= pd.to_datetime(frame[{name!r}], utc=True)."
        )
    if inferred == "date":
        return (
            f"Column {name!r} holds dates without a time of day. Turn them into timestamps first: "
            f"frame[{name!r}] = pd.to_datetime(frame[{name!r}])."
        )
    if inferred == "period":
        return (
            f"Column {name!r} holds periods, which have a start and an end. Choose one, for "
            f"instance frame[{name!r}] = frame[{name!r}].dt.to_timestamp()."
        )
    if column.dtype == "category" and values.dtype.kind in "mMiuf":
        return (
            f"Column {name!r} holds its times as categories. Make them {values.dtype} again: "
            f"frame[{name!r}] = frame[{name!r}].astype({str(values.dtype)!r})."
        )
    return (
        f"Column {name!r} has dtype {column.dtype} (it looks like {inferred}), for instance "
        f"{shown(column.iloc[0])} at {place(0)}. Times are datetimes, timedeltas or numbers."
    )

"""Points in time that outlive the column they came in, exact."""

import dataclasses

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int, Num

from ct_s5.frames._times import TimeColumn, TimeKind

_NANOSECONDS = 10**9
_WORD = 2**32
_UNITS = (("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9))


@dataclasses.dataclass(frozen=True)
class Instants:
    """R times as whole parts and rests, whatever unit and zone each was written in.

    Of datetimes and timedeltas that is seconds and nanoseconds, of whole numbers words of 32 bits,
    so that 64 bits fit with or without sign. Floats are their own whole part.
    """

    whole: Num[np.ndarray, " R"]
    rest: Int[np.ndarray, " R"]
    numbers: bool
    """Whether the times are numbers."""

    @classmethod
    def of(cls, times: TimeColumn) -> "Instants":
        """The times of a column."""
        ticks, numbers = times.ticks, times.kind == "number"
        if ticks.dtype.kind == "f":
            return cls(ticks, np.zeros(len(ticks), np.int64), numbers)
        base = _WORD if numbers else times.per_unit
        whole, rest = np.divmod(ticks, ticks.dtype.type(base))
        scale = 1 if numbers else _NANOSECONDS // times.per_unit
        return cls(whole.astype(np.int64), rest.astype(np.int64) * scale, numbers)

    def take(self, rows: Int[np.ndarray, " M"]) -> "Instants":
        """Some of the times."""
        return dataclasses.replace(self, whole=self.whole[rows], rest=self.rest[rows])

    def like(self, other: "Instants") -> "Instants":
        """Whole numbers become floats beside floats, as they do in one column."""
        if self.whole.dtype.kind == "f" or other.whole.dtype.kind != "f":
            return self
        floats = self.whole.astype(np.float64) * _WORD + self.rest.astype(np.float64)
        return dataclasses.replace(self, whole=floats, rest=np.zeros_like(self.rest))

    def before(self, other: "Instants") -> Bool[np.ndarray, " R"]:
        """Where these come before the others, one by one."""
        a, b = self.like(other), other.like(self)
        return (a.whole < b.whole) | ((a.whole == b.whole) & (a.rest < b.rest))

    def same(self, other: "Instants") -> Bool[np.ndarray, " R"]:
        """Where both are one time."""
        a, b = self.like(other), other.like(self)
        return (a.whole == b.whole) & (a.rest == b.rest)

    def since(self, other: "Instants") -> Float[np.ndarray, " R"]:
        """Time from the others to these, as `TimeColumn.elapsed` gives it."""
        a, b = self.like(other), other.like(self)
        if a.whole.dtype.kind == "f":
            with np.errstate(over="ignore"):  # whoever asks looks for infinite gaps
                return a.whole - b.whole
        base = _WORD if self.numbers else _NANOSECONDS
        whole, rest = a.whole - b.whole, a.rest - b.rest
        whole, rest = whole - (rest < 0), np.where(rest < 0, rest + base, rest)
        if self.numbers:
            return whole.astype(np.float64) * base + rest
        return whole + rest / base

    def show(self, row: int, like: TimeColumn) -> str:
        """A time as a message prints it: in the zone of a column."""
        one = self.take(np.array([row])).column(like.kind, like.zone)[0]
        return repr(one.item()) if self.numbers else str(one)

    def column(self, kind: TimeKind, zone: str | None) -> pd.Series:
        """The times as a column of a frame.

        Datetimes are in the coarsest unit that loses nothing; beside one so far off that no unit
        holds both, in the finest that holds them all.
        """
        if self.numbers:
            if self.whole.dtype.kind == "f":
                return pd.Series(self.whole)
            # Python's own numbers: 64 bits may lie on either side of int64.
            pairs = zip(self.whole.tolist(), self.rest.tolist(), strict=True)
            return pd.Series([whole * _WORD + rest for whole, rest in pairs], dtype=None)
        most = np.iinfo(np.int64).max // (int(np.abs(self.whole).max(initial=0)) + 1)
        units = [u for u in _UNITS if u[1] <= most]
        exact = (u for u in units if not (self.rest * u[1] % _NANOSECONDS).any())
        unit, per_second = next(exact, units[-1])
        ticks = self.whole * per_second + self.rest * per_second // _NANOSECONDS
        if kind == "timedelta":
            return pd.Series(ticks.view(f"timedelta64[{unit}]"))
        times = pd.Series(ticks.view(f"datetime64[{unit}]"))
        return times if zone is None else times.dt.tz_localize("UTC").dt.tz_convert(zone)

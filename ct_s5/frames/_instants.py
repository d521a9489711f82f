"""Points in time that outlive the column they came in, exact."""

import dataclasses

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int, Num

from ct_s5.frames._times import TimeColumn

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
        whole, rest = self.whole[row].item(), self.rest[row].item()
        if self.numbers:
            return repr(whole if self.whole.dtype.kind == "f" else whole * _WORD + rest)
        unit, per_second = next(u for u in _UNITS if rest * u[1] % _NANOSECONDS == 0)
        ticks = whole * per_second + rest * per_second // _NANOSECONDS
        if like.kind == "timedelta":
            return str(pd.Timedelta(np.timedelta64(ticks, unit)))
        time = pd.Timestamp(np.datetime64(ticks, unit))
        return str(time if like.zone is None else time.tz_localize("UTC").tz_convert(like.zone))

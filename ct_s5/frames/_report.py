"""gap_report: how uneven is this frame? To be read before any model is fitted."""

import dataclasses
import html

import numpy as np
import pandas as pd

from ct_s5.frames._forms import to_long
from ct_s5.frames._long import LongFrame
from ct_s5.frames._rows import conflicts, sorted_rows
from ct_s5.frames._units import duration, gaps_between, median_gap

QUANTILES = {"5%": 0.05, "25%": 0.25, "50%": 0.5, "75%": 0.75, "95%": 0.95, "longest": 1.0}


@dataclasses.dataclass(frozen=True)
class GapReport:
    """What `gap_report` found. Print it, or take the tables."""

    table: pd.DataFrame
    """A row for whole rows (any channel) and one for each channel: readings, the share of rows in
    which it is missing, quantiles of the gaps between its successive observations."""
    silences: pd.DataFrame
    """The longest gaps between readings: series, from, to, length."""
    n_series: int
    n_rows: int
    empty_series: int
    """Series without any reading."""
    single_series: int
    """Series with one reading, which has no gap."""
    unsorted_series: int
    """Series whose rows are not in order of time."""
    merged_rows: int
    """Rows that share series and time with an earlier one and will merge into it."""
    conflicting_times: int
    """Times at which such rows disagree about a channel; `duplicates=` decides."""
    time_unit: str
    """The time unit a model would choose: the median positive gap between readings."""

    @property
    def silences_to_read(self) -> pd.DataFrame:
        """`silences` with times to the second; to the millisecond where they are short."""
        table = self.silences
        ends = {name: table[name] for name in ("from", "to") if table[name].dtype.kind in "Mm"}
        if len(table) and len(ends) == 2:
            short = np.any(ends["to"] - ends["from"] < pd.Timedelta("10s"))
            ends = {name: times.dt.as_unit("ms" if short else "s") for name, times in ends.items()}
        return table.assign(**ends)

    def __str__(self) -> str:
        parts = [*self.sentences, "", self.table.to_string(), "", "Longest silences"]
        silences = self.silences_to_read
        parts.append(silences.to_string(index=False) if len(silences) else "none")
        return "\n".join(parts)

    def _repr_html_(self) -> str:
        sentences = "<br>".join(html.escape(sentence) for sentence in self.sentences)
        silences = self.silences_to_read.to_html(index=False, border=0)
        return f"<p>{sentences}</p>{self.table.to_html(border=0)}<p>Longest silences</p>{silences}"

    @property
    def sentences(self) -> list[str]:
        """The frame as a whole, in plain words."""
        lines = [
            f"{self.n_rows} rows of {self.n_series} series; "
            f"{self.empty_series or 'none'} without a reading, "
            f"{self.single_series or 'none'} with only one.",
            f"Typical gap between readings (the time unit, unless you name one): {self.time_unit}.",
        ]
        if self.merged_rows:
            lines.append(
                f"{self.merged_rows} rows repeat a series and time; at {self.conflicting_times} "
                "times they disagree"
                + (", see duplicates='mean' or 'last'." if self.conflicting_times else ".")
            )
        if self.unsorted_series:
            lines.append(f"{self.unsorted_series} series are not sorted by time, see sort=True.")
        return lines


def gap_report(frame, *, id_col: str = "unique_id", time_col: str = "ds") -> GapReport:
    """Describe readings, gaps and silences of a frame.

    Unsorted rows and duplicates are counted, not refused.

    Args:
        frame: Anything `encode` takes.
        id_col: Column of the series id.
        time_col: Column of the time.
    """
    long = to_long(frame, id_col=id_col, time_col=time_col)
    observed = ~np.isnan(long.values)
    reading = observed.any(axis=1)
    order, opens = sorted_rows(long, sort=True)
    conflict = conflicts(long.values[order], np.flatnonzero(opens))[1].any(axis=1)
    per_series = np.bincount(long.series[reading], minlength=len(long.ids))
    unit = median_gap(long)
    names, masks = ["any channel", *long.channels], [reading, *observed.T]
    return GapReport(
        table=pd.DataFrame([_line(long, mask) for mask in masks], index=names),
        silences=_silences(long, np.flatnonzero(reading)),
        n_series=len(long.ids),
        n_rows=len(long.series),
        empty_series=int((per_series == 0).sum()),
        single_series=int((per_series == 1).sum()),
        unsorted_series=_unsorted(long),
        merged_rows=int((~opens).sum()),
        conflicting_times=int(conflict.sum()),
        time_unit="none, name one" if unit is None else _short(unit, long),
    )


def _line(long: LongFrame, mask: np.ndarray) -> dict:
    gaps = gaps_between(long, np.flatnonzero(mask))
    found = np.quantile(gaps, list(QUANTILES.values())) if len(gaps) else np.full(6, np.nan)
    words = [_short(gap, long) for gap in found]
    return {
        "readings": int(mask.sum()),
        "missing": f"{1 - mask.mean():.1%}",
        **{f"gap {name}": word for name, word in zip(QUANTILES, words, strict=True)},
    }


def _silences(long: LongFrame, rows: np.ndarray, most: int = 5) -> pd.DataFrame:
    rows = rows[np.lexsort((long.times.ticks[rows], long.series[rows]))]
    inside = long.series[rows[1:]] == long.series[rows[:-1]]
    start, end = rows[:-1][inside], rows[1:][inside]
    lengths = long.times.elapsed(end, start)
    longest = np.argsort(-lengths, kind="stable")[:most]
    times = long.times.column
    return pd.DataFrame(
        {
            "series": long.ids.take(long.series[start[longest]]),
            "from": times.take(start[longest]).array,
            "to": times.take(end[longest]).array,
            "length": [_short(length, long) for length in lengths[longest]],
        }
    )


def _unsorted(long: LongFrame) -> int:
    order = np.argsort(long.series, kind="stable")
    owner, ticks = long.series[order], long.times.ticks[order]
    back = (owner[1:] == owner[:-1]) & (ticks[1:] < ticks[:-1])
    return len(np.unique(owner[1:][back]))


def _short(gap: float, long: LongFrame) -> str:
    if not np.isfinite(gap):
        return "-"
    return f"{gap:.6g}" if long.times.kind == "number" else duration(float(gap))

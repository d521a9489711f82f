"""What the data of a comparison were: sizes, gaps, a fingerprint."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ct_s5.frames import QUANTILES, LongFrame, gap_report
from ct_s5.lab._corruptions import Corruption
from ct_s5.lab._summary import AS_THEY_ARE
from ct_s5.lab._treatments import Readings

_BINS = 40


def describe(long: LongFrame, readings: Readings, answers, task: str, examples: int) -> dict:
    """Everything about the data that a results file keeps; readings themselves only as examples."""
    report = gap_report(long)
    since = readings.since_reading[readings.anchor]
    gaps = since[~np.isnan(since)]
    told: dict[str, Any] = {
        "n_series": len(readings.encoded.ids),
        "n_rows": report.n_rows,
        "n_readings": int(readings.anchor.sum()),
        "channels": list(long.channels),
        "missing": dict(report.table["missing"].iloc[1:]),
        "empty_series": report.empty_series,
        "time_kind": long.times.kind,
        "time_unit": report.time_unit,
        "gaps": _quantiles(gaps),
        "gap_histogram": _histogram(gaps),
        "fingerprint": fingerprint(long, readings, answers),
    }
    if task == "classify":
        known = answers[~pd.isna(answers)]
        counts = pd.Series(known).value_counts(sort=False).sort_index()
        told["classes"] = {str(name): int(count) for name, count in counts.items()}
    if examples:
        told["examples"] = _examples(readings, answers, task, examples)
    return told


def fingerprint(long: LongFrame, readings: Readings, answers) -> str:
    """sha256 of ids, times since each series' first row, readings and labels.

    The unit and zone of the time column, a shift of all times and the order of the rows within a
    series leave it as it is; the order of the series does not, as the split goes by it.
    """
    order = np.lexsort((long.times.ticks, long.series))
    opens = np.diff(long.series[order], prepend=-1) != 0
    first = order[np.maximum.accumulate(np.where(opens, np.arange(len(order)), 0))]
    found = hashlib.sha256()
    for part in (list(long.channels), [*map(_word, readings.encoded.ids)], [*map(_word, answers)]):
        found.update(repr(part).encode())
    for array in (long.series[order], long.times.elapsed(order, first), long.values[order]):
        found.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    return found.hexdigest()


def _word(value) -> str:
    if isinstance(value, np.ndarray):
        return repr([_word(item) for item in value])
    return repr(value.item() if isinstance(value, np.generic) else value)


def _quantiles(gaps) -> dict[str, float]:
    """Of the gaps between readings, in seconds, or numbers of the time column."""
    return {name: float(np.quantile(gaps, q)) for name, q in QUANTILES.items()} if len(gaps) else {}


def _histogram(gaps) -> dict[str, list]:
    """Positive gaps in steps of equal ratio: edges in seconds (or numbers), and how many."""
    gaps = gaps[gaps > 0]
    if not len(gaps):
        return {"edges": [], "counts": []}
    low, high = gaps.min() * (1 - 1e-9), gaps.max() * (1 + 1e-9)
    edges = np.geomspace(low, high, 1 + (_BINS if high / low > 1.01 else 1))
    counts, _ = np.histogram(gaps, edges)
    return {"edges": [float(f"{edge:.6g}") for edge in edges], "counts": counts.tolist()}


def corrupted_examples(
    readings: Readings, corruptions: Sequence[Corruption | None], chosen: Sequence[int], seed: int
) -> list[dict[str, Any]]:
    """The first channel of some series under each corruption, times since their first row."""
    told, begun = [], readings.encoded.index.times
    first = {n: np.flatnonzero(readings.encoded.index.series == n)[0] for n in chosen}
    for corruption in corruptions:
        some = readings if corruption is None else corruption.apply(readings, seed)
        times, column = some.encoded.index.times, some.treated("true").frame.iloc[:, 2].to_numpy()
        finer = times.per_unit // begun.per_unit
        for n in chosen:
            own = np.flatnonzero(some.owner == n)
            since = times.ticks[some.rows[own]] - begun.ticks[first[n]] * finer
            told.append(
                {
                    "corruption": AS_THEY_ARE if corruption is None else str(corruption),
                    "series": str(readings.encoded.ids[n]),
                    "times": (since / times.per_unit).tolist(),
                    "values": [_cell(cell) for cell in column[own]],
                }
            )
    return told


def chosen_examples(readings: Readings, answers, task: str, most: int) -> list[int]:
    """A few series to look at, of those that have rows: one of each class in turn, each of a
    typical length."""
    n_series = len(readings.encoded.ids)
    lengths = np.bincount(readings.owner, readings.anchor, minlength=n_series)
    away = np.abs(lengths - np.median(lengths))
    group = np.zeros(n_series)
    if task == "classify" and readings.per == "series":
        group = pd.factorize(answers, sort=True)[0]
    place = pd.Series(away).groupby(group).rank(method="first").to_numpy()
    order = np.lexsort((group, place))
    return order[np.isin(order, readings.owner)][:most].tolist()


def _examples(readings: Readings, answers, task: str, most: int) -> list[dict[str, Any]]:
    """The readings of a few series, times since their first row."""
    values = readings.treated("true").frame.iloc[:, 2:].to_numpy()
    per_series = readings.per == "series"
    return [
        {
            "id": str(readings.encoded.ids[n]),
            "label": str(answers[n]) if per_series else "one a reading",
            "times": np.cumsum(readings.gaps[readings.owner == n]).tolist(),
            "values": [[_cell(cell) for cell in row] for row in values[readings.owner == n]],
        }
        for n in chosen_examples(readings, answers, task, most)
    ]


def _cell(cell) -> float | None:
    return None if np.isnan(cell) else float(f"{cell:.5g}")

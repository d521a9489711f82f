"""What can be counted in any set: the generated table of a card."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ct_s5.frames import duration
from ct_s5_datasets import Dataset

QUANTILES = (0.0, 0.01, 0.5, 0.99, 1.0)
_MOST_CLASSES = 12
_MOST_COLUMNS = 9

Facts = dict[str, str]


def table(parts: Mapping[str, Any], answers: tuple[str, ...] = ()) -> str:
    """Markdown: a column for each part of a set, a line for each thing counted.

    Args:
        parts: Heading of the column -> what the loader gave.
        answers: Columns of the frames that are a label a reading, and no channel.
    """
    columns = {name: count(data, answers) for name, data in parts.items()}
    lines = list(dict.fromkeys(line for facts in columns.values() for line in facts))
    rows = [[line, *(facts.get(line, "") for facts in columns.values())] for line in lines]
    told = _markdown(["", *columns], rows, [1 + len(columns)])
    return told + _by_channel({name: _missing(data, answers) for name, data in parts.items()})


def count(data: Any, answers: tuple[str, ...] = ()) -> Facts:
    """Series, rows, gaps, cells without a reading and labels of one part."""
    facts = _of_frame(data, answers) if isinstance(data, Dataset) else _of_arrays(data)
    labels = getattr(data, "labels", None)
    if isinstance(labels, pd.Series):
        facts |= _classes(f"label {labels.name}", labels)
    return facts


def _of_frame(data: Dataset, answers: tuple[str, ...]) -> Facts:
    frame: Any = data.frame
    channels = frame.columns.drop(["unique_id", "ds", *answers])
    reading = frame[channels].notna().any(axis=1)
    lengths = frame.groupby("unique_id", sort=False).size().to_numpy()
    facts = {"series": f"{len(data):,}"}
    if empty := len(data) - len(lengths):
        facts["series without a row"] = f"{empty:,}"
    facts["rows"] = f"{len(frame):,}"
    if not reading.all():
        facts["rows without a reading"] = f"{(~reading).sum():,}"
    facts["rows a series: fewest, median, most"] = _spread(lengths)
    facts |= _gaps(frame["unique_id"][reading], frame["ds"][reading])
    facts["cells without a reading"] = _share(frame[channels].isna().to_numpy().mean())
    for answer in answers:
        facts |= _classes(f"label a reading {answer}", frame[answer])
    return facts


def _of_arrays(data: Any) -> Facts:
    facts = {"series": f"{len(data):,}"}
    if hasattr(data, "times"):  # films: frames at times of their own
        ids = np.repeat(data.ids, data.times.shape[1])
        facts["frames a series"] = f"{data.times.shape[1]}"
        facts |= _gaps(ids, (data.times * np.timedelta64(data.milliseconds, "ms")).ravel())
        facts["frames without a picture"] = _share(1 - data.observed.mean())
    elif hasattr(data, "images"):
        height, width = data.images.shape[1:3]
        facts["pixels, each a step"] = f"{height} x {width} = {height * width:,}"
    elif hasattr(data, "rate"):
        lengths = np.diff(data.offsets)
        facts["samples"] = f"{len(data.values):,}"
        facts["samples a series: fewest, median, most"] = _spread(lengths)
        facts["gap"] = f"{1e6 / data.rate:g} µs, always"
    else:
        facts["tokens"] = f"{len(data.values):,}"
        facts["tokens a series: fewest, median, most"] = _spread(np.diff(data.offsets))
        facts["kinds of tokens"] = f"{len(data.vocabulary)}"
    return facts


def _gaps(ids: Any, times: Any) -> Facts:
    """Quantiles of the time between two rows of a series; each of them is a gap that occurs."""
    ids, times = np.asarray(ids), np.asarray(times)
    gaps = np.diff(times)[ids[1:] == ids[:-1]] / np.timedelta64(1, "s")
    if not len(gaps):
        return {}
    words = [duration(gap) for gap in np.quantile(gaps, QUANTILES, method="inverted_cdf")]
    told = f"{words[0]}, always" if gaps.min() == gaps.max() else ", ".join(words)
    return {"gap between readings: shortest, 1 %, median, 99 %, longest": told}


def _classes(what: str, labels: pd.Series) -> Facts:
    counts = labels.value_counts().sort_index()
    if len(counts) > _MOST_CLASSES:
        return {what: f"{len(counts)} classes, {counts.min():,} to {counts.max():,} of each"}
    names = [f"{value:g}" if isinstance(value, float) else f"{value}" for value in counts.index]
    if len(counts) > 1 and counts.nunique() == 1:
        return {what: f"{counts.iloc[0]:,} each of {', '.join(names)}"}
    return {what: "; ".join(f"{name}: {n:,}" for name, n in zip(names, counts, strict=True))}


def _missing(data: Any, answers: tuple[str, ...]) -> pd.Series:
    """The share of rows without a reading of each channel; empty where it is the same for all."""
    if not isinstance(data, Dataset):
        return pd.Series(dtype=float)
    shares = data.frame.drop(columns=["unique_id", "ds", *answers]).isna().mean()
    return shares if shares.nunique() > 1 else shares.iloc[:0]


def _by_channel(missing: Mapping[str, pd.Series]) -> str:
    """The same as a table of its own, folded into as many blocks as a page is wide."""
    shares = pd.DataFrame({name: column for name, column in missing.items() if len(column)})
    if shares.empty:
        return ""
    head = ["cells without a reading", *shares.columns]
    cells = [
        [str(name), *map(_share, row)]
        for name, row in zip(shares.index, shares.values, strict=False)
    ]
    blocks = min(max(1, _MOST_COLUMNS // len(head)), -(-len(cells) // 4))
    deep = -(-len(cells) // blocks)
    cells += [[""] * len(head)] * (blocks * deep - len(cells))
    rows = [functools.reduce(operator.iadd, cells[k::deep], []) for k in range(deep)]
    return "\n\n" + _markdown(head + ["", *head[1:]] * (blocks - 1), rows, [len(head)] * blocks)


def _markdown(head: list[str], rows: list[list[str]], blocks: list[int]) -> str:
    """Blocks of so many columns: the first of each is text, the others are numbers."""
    rule = "".join("|---" + "|---:" * (wide - 1) for wide in blocks) + "|"
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, *rows)]
    return "\n".join([lines[0], rule, *lines[1:]])


def _spread(lengths: np.ndarray) -> str:
    middle = float(np.median(lengths))
    words = [f"{lengths.min():,}", f"{middle:,.10g}", f"{lengths.max():,}"]
    return words[0] if len(set(words)) == 1 else "; ".join(words)


def _share(share: float) -> str:
    """In percent, with as many digits as tell it from none and all."""
    if share in (0, 1):
        return "none" if share == 0 else "all"
    return f"{100 * share:.1f} %" if 0.001 <= share <= 0.999 else f"{100 * share:.2g} %"

"""Does a split leak? What can be found out from the data, and from what a protocol declares."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from pandas.util import hash_pandas_object

from ._check_scaling import scaled_with_test

# Shorter series may well be alike by chance.
_FEWEST_READINGS = 10
_STRETCH = 10
_NO_PAIRS = pd.DataFrame({"one": [], "other": []})


def check(dataset: Any, groups: pd.Series | None = None) -> list[str]:
    """Look for what would make a test score better than it is.

    Args:
        dataset: Any set, also one of your own. Of a set that comes as arrays the splits and the
            protocol are looked at; for its readings, give it as a `Dataset` of some of its frame.
        groups: Who each series belongs to, indexed by id: the person behind several windows. By
            default `dataset.groups`.

    Returns:
        One sentence a finding; none where nothing was found. Looked for: ids of a split that are
        not in the data; one series, two with the same readings, or two that share a stretch of ten
        rows, as windows of one recording do, on both sides of a split; a validation part
        that is the test part, or a protocol that chooses its epoch on test; one group on both
        sides; test readings in the statistics that scale, as the protocol says or as the numbers
        tell (`_check_scaling.py` says which scalings leave a trace); a channel or static feature
        that is the label by another name.

    Raises:
        TypeError: It is a bare frame, say: without splits there are no parts to leak between.

    """
    if not hasattr(dataset, "splits") or not hasattr(dataset, "frame"):
        raise TypeError(
            f"check takes a Dataset, not a {type(dataset).__name__}. Put a frame of your own into "
            "one: Dataset(frame, labels, static, schema={}, splits={'ours': {'train': ids, 'test': "
            "other_ids}}, card='')."
        )
    groups = getattr(dataset, "groups", None) if groups is None else groups
    in_frame = isinstance(dataset.frame, pd.DataFrame)
    labels = getattr(dataset, "labels", None)
    ids: Any = dataset.frame["unique_id"].unique() if in_frame else getattr(dataset, "ids", [])
    if labels is not None:
        ids = np.union1d(ids, labels.index.to_numpy()) if len(ids) else labels.index.to_numpy()
    alike = _fingerprints(dataset.frame) if in_frame else pd.Series(dtype="uint64")
    linked = _linked(dataset.frame) if in_frame else _NO_PAIRS
    found = _declared(dataset, groups)
    for name, split in dataset.splits.items():
        for part, members in split.items():
            unknown = np.setdiff1d(members, ids)
            if len(unknown):
                found.append(
                    f"{name}: {len(unknown)} ids of {part} are not in the data, first "
                    f"{_shown(unknown[0])}."
                )
        for one, other in itertools.combinations(split, 2):
            found += _across(name, split, one, other, alike, linked, groups)
        if in_frame:
            found += scaled_with_test(name, split, dataset.frame)
    return found + (_label_in_disguise(dataset) if in_frame else [])


def _declared(dataset: Any, groups: pd.Series | None) -> list[str]:
    """What the protocol says of itself; who lies on both sides is counted where it is known."""
    rules = getattr(dataset, "protocol", None)
    if rules is None:
        return []
    crossing = replace(rules, crosses="").leaks if groups is not None else rules.leaks
    return [f"{rules.short}: {sentence}" for sentence in crossing]


def _across(
    name, split, one, other, alike: Any, linked: Any, groups: pd.Series | None
) -> list[str]:
    first, second = np.asarray(split[one]), np.asarray(split[other])
    shared = np.intersect1d(first, second)
    if len(shared) and len(shared) == len(first) == len(second):
        return [f"{name}: {one} and {other} are the same {len(shared)} series."]
    if len(shared):
        return [
            f"{name}: {len(shared)} series are in {one} and in {other}, first {_shown(shared[0])}."
        ]
    found = []
    here, there = alike[alike.index.isin(first)], alike[alike.index.isin(second)]
    twins = here[here.isin(there)]
    if len(twins):
        twin = there.index[there == twins.iloc[0]][0]
        found.append(
            f"{name}: {len(twins)} series of {one} have the same readings as one of {other}, "
            f"first {_shown(twins.index[0])} and {_shown(twin)}."
        )
    shares = linked[linked["one"].isin(first) & linked["other"].isin(second)]
    if len(shares) and not len(twins):
        found.append(
            f"{name}: {shares['one'].nunique()} series of {one} share ten rows in a row or more "
            f"with one of {other}, first {_shown(shares['one'].iloc[0])} and "
            f"{_shown(shares['other'].iloc[0])}: windows that overlap, or copies."
        )
    if groups is not None:
        both = np.intersect1d(groups.reindex(first).dropna(), groups.reindex(second).dropna())
        if len(both):
            found.append(
                f"{name}: {len(both)} groups have series in {one} and in {other}, first "
                f"{_shown(both[0])}."
            )
    return found


def _shown(one_id) -> str:
    """An id as its owner writes it: 7, not np.int64(7)."""
    return repr(one_id.item() if isinstance(one_id, np.generic) else one_id)


def _fingerprints(frame: Any) -> pd.Series:
    """A hash of the readings of each series, wherever its clock starts; short ones are left out."""
    ids = frame["unique_id"]
    channels = frame.columns.difference(["unique_id", "ds"], sort=False)
    start = frame.groupby("unique_id")["ds"].transform("min")
    rows = frame[channels].assign(ds=frame["ds"] - start)
    # pandas offers it lazily, which pyright cannot see through.
    hashes = hash_pandas_object(rows, index=False)  # pyright: ignore
    observed = frame[channels].notna().sum(axis=1).groupby(ids).sum()
    total = hashes.groupby(ids).sum()
    return total[observed >= _FEWEST_READINGS]


def _linked(frame: Any) -> pd.DataFrame:
    """Pairs of series, either way round, that share a stretch: the same rows, as far apart.

    Only stretches whose rows all differ count: a channel at rest is alike everywhere.
    """
    channels = frame.columns.difference(["unique_id", "ds"], sort=False)
    owner, names = pd.factorize(frame["unique_id"])
    n = len(owner) - _STRETCH + 1
    if n < 1:
        return _NO_PAIRS
    values = hash_pandas_object(frame[channels], index=False).to_numpy()  # pyright: ignore
    ticks = frame["ds"].astype("int64").to_numpy()
    steps = np.append(0, np.diff(ticks)).astype(np.uint64)
    with np.errstate(over="ignore"):
        moved = values ^ (steps * np.uint64(0x9E3779B97F4A7C15))
        total = values[:n].copy()
        for k in range(1, _STRETCH):
            total = total * np.uint64(0x100000001B3) + moved[k : k + n]
    # How many rows back the same readings were seen last in the series.
    row = np.arange(len(owner))
    before = pd.Series(row).groupby([owner, values]).shift(1).fillna(-1).to_numpy()
    repeats = np.append(0, np.cumsum(before > row - _STRETCH))
    counts = np.append(0, np.cumsum(frame[channels].notna().sum(axis=1).to_numpy()))
    whole = owner[:n] == owner[_STRETCH - 1 :]
    whole &= repeats[_STRETCH:] == repeats[:n]
    whole &= counts[_STRETCH:] - counts[:n] >= _FEWEST_READINGS
    kept = np.flatnonzero(whole)
    kept = kept[np.argsort(total[kept], kind="stable")]
    same = total[kept[1:]] == total[kept[:-1]]
    both = np.stack([owner[kept[:-1][same]], owner[kept[1:][same]]], axis=1)
    both = np.concatenate([both, both[:, ::-1]])
    one, other = np.unique(both[both[:, 0] != both[:, 1]], axis=0).T
    return pd.DataFrame({"one": names[one], "other": names[other]})


def _label_in_disguise(dataset: Any) -> list[str]:
    """Channels and static features whose value is one to one with the label."""
    labels = dataset.labels
    if labels is None or labels.nunique() < 2:
        return []
    tables: dict[str, Any] = {"channel": dataset.frame.set_index("unique_id").drop(columns="ds")}
    if dataset.static is not None:
        tables["static feature"] = dataset.static
    found = []
    for kind, table in tables.items():
        for name, column in table.items():
            known = column.dropna()
            values = known.groupby(level=0).first()
            if len(values) < 2 or (known.groupby(level=0).nunique() > 1).any():
                continue
            pairs = pd.DataFrame({"value": values, "label": labels}).dropna().drop_duplicates()
            several = len(pairs) > 1 and len(pairs) < len(values)
            if several and pairs["value"].is_unique and pairs["label"].is_unique:
                found.append(f"The {kind} {name!r} is the label by another name.")
    return found

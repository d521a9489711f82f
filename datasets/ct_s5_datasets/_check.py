"""Does a split leak? What can be found out from the tables alone."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
from pandas.util import hash_pandas_object

from ._dataset import Dataset

# Shorter series may well be alike by chance.
_FEWEST_READINGS = 10


def check(dataset: Dataset, groups: pd.Series | None = None) -> list[str]:
    """Look for what would make a test score better than it is.

    Args:
        dataset: Any set, also one of your own.
        groups: Who each series belongs to, indexed by id: the person behind several windows.

    Returns:
        One sentence a finding; none where nothing was found. Looked for: ids of a split that are
        not in the data; one series, or two with the same readings, on both sides of a split; a
        validation part that is the test part; one group on both sides; a channel or static feature
        that is the label by another name.

    """
    ids: Any = dataset.frame["unique_id"].unique()
    if dataset.labels is not None:
        ids = np.union1d(ids, dataset.labels.index.to_numpy())
    alike = _fingerprints(dataset.frame)
    found = []
    for name, split in dataset.splits.items():
        for part, members in split.items():
            unknown = np.setdiff1d(members, ids)
            if len(unknown):
                found.append(
                    f"{name}: {len(unknown)} ids of {part} are not in the data, first "
                    f"{_shown(unknown[0])}."
                )
        for one, other in itertools.combinations(split, 2):
            found += _across(name, split, one, other, alike, groups)
    return found + _label_in_disguise(dataset)


def _across(name, split, one, other, alike: Any, groups: pd.Series | None) -> list[str]:
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


def _label_in_disguise(dataset: Dataset) -> list[str]:
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

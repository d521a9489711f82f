"""From a set to the set under a protocol: its split, cut anew where the published one leaks."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ._protocol import Protocol
from ._splits import Split, sorted_ids

_SEED = 0


def under(dataset: Any, rules: Protocol) -> Any:
    """The set with the protocol's split alone.

    Raises:
        ValueError: Not all series of the protocol are there, or not the file of its split.

    """
    if rules.split not in dataset.splits:
        raise _incomplete(dataset, rules)
    split = dataset.splits[rules.split]
    if rules.holds_out:
        split = with_validation(split)
    if any(part not in split for part in rules.sizes):
        raise _incomplete(dataset, rules)
    if any(len(split[part]) != n for part, n in rules.sizes.items() if n is not None):
        raise _incomplete(dataset, rules)
    if getattr(dataset, "made", False):
        rules = rules.of_other_files("The files are not the provider's: they were made here.")
    elif doubt := getattr(dataset, "doubt", ""):
        rules = rules.of_other_files(doubt)
        warnings.warn(
            f"{doubt} No number published for {rules.name} belongs to such files.", stacklevel=3
        )
    dataset = dataset.with_origin(protocol=rules, splits={rules.short: split})
    how = rules.normaliser
    if how is not None and how.until is not None:
        return _first_hours(dataset, how.until, rules.targets[0])
    return dataset


def _first_hours(dataset: Any, hours: float, target: str) -> Any:
    """What is seen of each series, and whether its target came up by then."""
    frame = dataset.frame
    frame = frame[frame["ds"] <= pd.Timedelta(hours=hours)].reset_index(drop=True)
    came = frame.groupby("unique_id")[target].max().reindex(dataset.labels.index)
    labels = came.astype(dataset.labels.dtype).rename(dataset.labels.name)
    return dataclasses.replace(dataset, frame=frame, labels=labels)


def with_validation(split: Mapping[str, np.ndarray]) -> Split:
    """Hold out a fifth of the training series, drawn with seed 0, as the validation part."""
    ordered = sorted_ids(split["train"])
    drawn = np.random.default_rng(_SEED).permutation(ordered)
    held, kept = np.split(drawn, [-(-len(ordered) // 5)])
    return {"train": np.sort(kept), "validation": np.sort(held), "test": np.sort(split["test"])}


def _incomplete(dataset: Any, rules: Protocol) -> ValueError:
    without = f"Load {rules.set!r} to use the series without the protocol."
    absent = [name for name in rules.files if name not in dataset.files]
    if absent and rules.split not in dataset.splits:
        are = "which is" if len(absent) == 1 else "which are"
        return ValueError(f"{rules.name} needs {' and '.join(absent)}, {are} not there. {without}")
    labels = getattr(dataset, "labels", None)
    n_series = len(dataset) if labels is None else len(labels)
    file = f"{rules.differs} " if rules.status == "needs-file" else ""
    part = f"part {rules.asks['part']!r}" if "part" in rules.asks else "set"
    return ValueError(
        f"{rules.name} needs the whole {part}; {n_series} series are there. {file}{without}"
    )

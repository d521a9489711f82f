"""Shift and scale of each channel, as a protocol says, and their use.

Sums are exact (`math.fsum`), so the numbers, and the hash over them, are the same on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ._normaliser import Normaliser
from ._protocol import Protocol

_KEYS = ("unique_id", "ds")


def channels_of(frame: Any, protocol: Protocol) -> list[str]:
    """The columns of a frame that are scaled: neither keys nor answers."""
    return [name for name in frame.columns if name not in (*_KEYS, *protocol.targets)]


def scaling(dataset: Any, protocol: Protocol, split: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """`Protocol.scaling`, of a set that comes as one frame, or as arrays with `frame(ids)`."""
    how = protocol.normaliser
    counted = np.concatenate([split[part] for part in how.over if part in split])
    if how.by_step:
        return dataset.step_scaling(counted, how)
    frame = dataset.frame
    if callable(frame):
        frame = frame(counted if how.from_readings else counted[:1])
    channels = channels_of(frame, protocol)
    if not how.from_readings:
        return constant(channels, how)
    if not how.each:
        return _table(frame, channels, counted, how, ", ".join(how.over))
    tables = {part: _table(frame, channels, ids, how, part) for part, ids in split.items()}
    return pd.concat(tables, names=["part"])


def scaled(
    frame: Any, protocol: Protocol, split: Mapping[str, np.ndarray], table: Any
) -> pd.DataFrame:
    """The rows of the split's series, channels scaled, in the order of the frame."""
    channels = channels_of(frame, protocol)
    each = table.index.nlevels == 2
    parts = split if each else {"": np.concatenate(list(split.values()))}
    pieces = []
    for part, ids in parts.items():
        piece = frame[frame["unique_id"].isin(ids)].copy()
        if protocol.normaliser.by_step:
            own = table.loc[piece.groupby("unique_id").cumcount()].to_numpy()
            shift, factor = own[:, :1], own[:, 1:]
        else:
            own = (table.loc[part] if each else table).loc[channels]
            shift, factor = own["shift"].to_numpy(), own["scale"].to_numpy()
        piece[channels] = (piece[channels].to_numpy() - shift) / factor
        pieces.append(piece)
    return pd.concat(pieces).sort_index().reset_index(drop=True)


def constant(channels: list[str], how: Normaliser) -> pd.DataFrame:
    """The table of a scaling that looks at no data."""
    shift, scale = (how.shift, how.scale) if how.kind == "fixed" else (0.0, 1.0)
    pairs = np.column_stack([np.broadcast_to(each, len(channels)) for each in (shift, scale)])
    return table_of(channels, pairs)


def table_of(channels: Any, pairs: Any, name: str = "channel") -> pd.DataFrame:
    """Pairs of shift and scale as a table; a scale of 0 becomes 1."""
    index = pd.Index(channels, name=name)
    table = pd.DataFrame(pairs, index=index, columns=["shift", "scale"], dtype=np.float64)
    table["scale"] = table["scale"].where(table["scale"] != 0, 1.0)
    return table


def _table(
    frame: Any, channels: list[str], ids: np.ndarray, how: Normaliser, part: str
) -> pd.DataFrame:
    inside = frame["unique_id"].isin(ids).to_numpy()
    if how.until is not None:
        inside = inside & (frame["ds"] <= pd.Timedelta(hours=how.until)).to_numpy()
    pairs = []
    for channel in channels:
        values = frame[channel].to_numpy(np.float64)[inside]
        known = values[~np.isnan(values) & ((values > 0) | (not how.positive))]
        if not len(known):
            raise ValueError(
                f"Channel {channel!r} has no reading among the series of {part}: there is nothing "
                "to scale it by. Leave the channel out, or give another split."
            )
        if how.zeros and len(known) < len(values):
            known = np.append(known, 0.0)
        pairs.append(_pair(known, how))
    return table_of(channels, pairs)


def _pair(values: np.ndarray, how: Normaliser) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    if how.kind == "min-max":
        return low, high - low
    if how.kind == "min-over-max":
        return low, high
    mean = math.fsum(values) / len(values)
    squares = math.fsum((values - mean) ** 2)
    return mean, math.sqrt(squares / max(len(values) - how.ddof, 1)) + how.epsilon

"""Were test readings in the statistics that a frame was scaled by? What its numbers tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

# With fewer, a channel may have mean 0 and deviation 1, or run from 0 to 1, by chance.
_FEWEST_VALUES = 50
_NEAR = 1e-5
# What an instrument writes has a few decimals, or is a byte over 255; what was divided by a
# statistic has all decimals.
_GRIDS = (1e4, 255)
_APART = "test by itself"
_STANDARD, _UNIT, _FLOOR = (
    "mean 0 and deviation 1",
    "least value 0 and greatest 1",
    "least value 0",
)


class _Span(NamedTuple):
    """What scaling would have left its mark on, in some rows of one channel."""

    least: float
    greatest: float
    off_standard: float
    """How far mean and deviation are from 0 and 1, whichever way the deviation was counted."""

    def has(self, what: str, factor: float = 1.0) -> bool:
        """Whether a scaling by these rows would look so."""
        if what == _STANDARD:
            return self.off_standard < factor * _NEAR
        floor = abs(self.least) < factor * _NEAR
        return floor and (what == _FLOOR or abs(self.greatest - 1) < factor * _NEAR)


class _Channel(NamedTuple):
    """One channel in the training part, the test part, and rows that hold both."""

    name: str
    train: _Span
    test: _Span
    wholes: Mapping[str, _Span]
    written: bool
    """Whether its numbers are as an instrument writes them, not divided by a statistic."""
    apart: bool
    """Whether test, where it looks scaled, was so by its own numbers."""


def scaled_with_test(name: str, split: Mapping[str, Any], frame: Any) -> list[str]:
    """Find channels that statistics of test readings have scaled, a sentence a kind of scaling.

    Found are mean and deviation, least and greatest, and `(x - min) / max`, taken over all parts,
    over train and test, over the whole frame, or over each part by itself. Not found, since the
    numbers do not tell: a least and a greatest that lie in the training part anyway; the max of
    `(x - min) / max`, of which the min alone leaves a trace, and only where two channels or more
    are scaled; scaling by anything else, such as the median; values rounded afterwards.
    """
    if "test" not in split or "train" not in split:
        return []
    channels = list(_channels(split, frame))
    found: dict[str, tuple[str, str]] = {}
    for what in (_STANDARD, _UNIT, _FLOOR):
        rest = [channel for channel in channels if channel.name not in found]
        found |= _marks(what, rest)
    sentences = []
    for what, where in dict.fromkeys(found.values()):
        listed = ", ".join(repr(each) for each, mark in found.items() if mark == (what, where))
        beside = "as well as train" if where == _APART else "and not over train"
        sentences.append(
            f"{name}: {what} over {where} {beside} in {listed}: test readings are in the "
            "statistics of the scaling."
        )
    return sentences


def _marks(what: str, channels: list[_Channel]) -> dict[str, tuple[str, str]]:
    """Channel -> what it looks like, and over which rows; only those that were scaled so.

    Mean and deviation cannot come out by chance. A floor of 0 can, and so can a greatest of 1
    where values lie on a grid: whoever scales so scales several channels, and these must agree.
    """
    if what != _STANDARD:
        channels = [channel for channel in channels if not channel.written]
    found: dict[str, tuple[str, str]] = {}
    for where in channels[0].wholes if channels else ():
        if not _agreed(what, [channel.wholes[where] for channel in channels]):
            continue
        for channel in channels:
            # A 0 in test and a greatest of 1 in train may as well be x / max of train.
            ends = what == _UNIT and abs(channel.train.greatest - 1) < 10 * _NEAR
            if channel.wholes[where].has(what) and not (ends or channel.train.has(what, 10)):
                found.setdefault(channel.name, (what, where))
    if not found and _agreed(what, [channel.test for channel in channels]):
        for channel in channels:
            if channel.test.has(what) and channel.train.has(what) and channel.apart:
                found[channel.name] = what, _APART
    return found


def _agreed(what: str, spans: list[_Span]) -> bool:
    if what == _STANDARD:
        return True
    begin = [span for span in spans if span.has(_FLOOR)]
    if what == _FLOOR:
        return len(begin) == len(spans) > 1
    return 2 * sum(span.has(_UNIT) for span in begin) >= len(begin)


def _channels(split: Mapping[str, Any], frame: Any) -> Iterator[_Channel]:
    """Each channel with values enough to tell."""
    whose = frame["unique_id"]
    train, test = (whose.isin(split[part]).to_numpy() for part in ("train", "test"))
    rows = {"all parts": whose.isin(np.concatenate(list(split.values()))).to_numpy()}
    for where, some in (("train and test", train | test), ("the whole frame", np.ones_like(train))):
        if not any((some == others).all() for others in rows.values()):
            rows[where] = some
    for name in frame.columns.difference(["unique_id", "ds"], sort=False):
        values = frame[name].to_numpy(np.float64)
        known = ~np.isnan(values)
        seen, tested = values[train & known], values[test & known]
        if len(seen) < _FEWEST_VALUES or not len(tested):
            continue
        first, second = _span(seen), _span(tested)
        alike = any(first.has(what) and second.has(what) for what in (_STANDARD, _FLOOR))
        yield _Channel(
            str(name),
            first,
            second,
            {where: _span(values[some & known]) for where, some in rows.items()},
            _written(seen),
            alike and _apart(seen, tested, whose[test & known]),
        )


def _span(values: np.ndarray) -> _Span:
    off = min(abs(values.std(ddof=ddof) - 1) for ddof in (0, 1) if len(values) > ddof)
    return _Span(values.min(), values.max(), max(abs(values.mean()), off))


def _written(values: np.ndarray) -> bool:
    some = values[:1000, None] * _GRIDS
    near = np.abs(some - np.rint(some)) <= 1e-6 * np.maximum(np.abs(some), 1)
    return bool(near.all(axis=0).any())


def _apart(train: np.ndarray, test: np.ndarray, whose: Any) -> bool:
    """Whether train and test were scaled by numbers of their own, and not by nature alike."""
    there, counts = np.unique(test, return_counts=True)
    if len(test) < _FEWEST_VALUES or len(there) < 3:
        return False
    # Grey levels, or shares of a whole, lie on one grid in all parts.
    if np.isin(there[1:-1], train).mean() >= 0.5:
        return False
    # A channel that ends at a bound by nature is at the bound more often than anywhere else.
    if max(counts[0], counts[-1]) > counts[1:-1].max():
        return False
    # Series that are each scaled by their own readings look scaled in any part as well.
    spans = [_span(some.to_numpy()) for _, some in pd.Series(test).groupby(whose.to_numpy())]
    spans = [span for span in spans if span.least < span.greatest]
    own = [any(span.has(what, 100) for what in (_STANDARD, _FLOOR)) for span in spans]
    return not own or 2 * sum(own) < len(own)

"""FrameSchema: what a model remembers of the frames it was fitted on."""

import dataclasses
import json
import math
from collections.abc import Sequence
from typing import Any, cast, get_args

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from ct_s5._words import listed
from ct_s5.frames._forms import to_long
from ct_s5.frames._long import LongFrame
from ct_s5.frames._static import StaticColumn, learn_static, read_static
from ct_s5.frames._times import TimeKind
from ct_s5.frames._units import TimeUnit, readable, unit_of

MOST_CHANNELS = 100_000


@dataclasses.dataclass(frozen=True)
class FrameSchema:
    """Names, kinds, units and scales of the training frames; every later frame is held to them.

    Learn it with `FrameSchema.learn`; it goes into model files through `to_json`.
    """

    id_col: str
    time_col: str
    channels: tuple[str, ...]
    """C names, in the order the model sees them."""
    time_kind: TimeKind
    time_zone: str | None
    """Zone of the training data; None for naive datetimes. Another zone is fine later on."""
    time_unit: float
    """Length of one model unit: seconds, or numbers of the column where times are numbers."""
    means: tuple[float, ...]
    scales: tuple[float, ...]
    """Standard deviation of each channel; 1 where the channel is constant."""
    static: tuple[StaticColumn, ...] = ()
    known: tuple[str, ...] = ()
    """Channels whose future is known beforehand: a row that holds them alone asks, as one without
    any does, and is no reading."""

    def __post_init__(self):
        n = len(self.channels)
        if not 0 < n <= MOST_CHANNELS or len(self.means) != n or len(self.scales) != n:
            raise ValueError(
                f"A schema needs 1 to {MOST_CHANNELS} channels with a mean and a scale each; got "
                f"{n} channels, {len(self.means)} means, {len(self.scales)} scales."
            )
        if len(set(self.channels)) < n:
            raise ValueError("A schema names each channel once.")
        if not all(math.isfinite(mean) for mean in self.means):
            raise ValueError("The means of a schema are finite numbers.")
        if not all(math.isfinite(x) and x > 0 for x in (self.time_unit, *self.scales)):
            raise ValueError(
                "The time unit and the scales of a schema are finite positive numbers."
            )
        if self.n_static > MOST_CHANNELS:
            raise ValueError(f"A schema has at most {MOST_CHANNELS} static features.")
        _check_known(self.known, self.channels)

    @property
    def unit_name(self) -> str:
        """The time unit for people: `0 days 01:00:00`, or a plain number."""
        return readable(self.time_unit, self.time_kind)

    @property
    def read(self) -> tuple[str, ...]:
        """The channels that are read rather than known beforehand."""
        return tuple(name for name in self.channels if name not in self.known)

    def readings(self, observed: Bool[np.ndarray, "R C"]) -> Bool[np.ndarray, " R"]:
        """Which rows are readings; all others ask."""
        if self.known:
            observed = observed[:, [name not in self.known for name in self.channels]]
        return np.asarray(observed.any(axis=1))

    @property
    def n_static(self) -> int:
        """S, the number of static features after one-hot coding and missing flags."""
        return sum(column.width for column in self.static)

    def standardise(self, values: Float[np.ndarray, "R C"]) -> Float[np.ndarray, "R C"]:
        """From the caller's units to zero mean and unit spread; NaN stays NaN."""
        with np.errstate(over="ignore"):  # whoever calls looks for infinities
            return (values - np.array(self.means)) / np.array(self.scales)

    def restore(self, values: Float[np.ndarray, "R C"]) -> Float[np.ndarray, "R C"]:
        """The inverse of `standardise`, in float64."""
        return values.astype(np.float64) * np.array(self.scales) + np.array(self.means)

    @classmethod
    def learn(
        cls,
        data,
        *,
        id_col: str = "unique_id",
        time_col: str = "ds",
        time_unit: TimeUnit = None,
        static=None,
        known: Sequence[str] = (),
    ) -> "FrameSchema":
        """Learn names, time unit, means and scales from training data.

        Args:
            data: Anything `to_long` takes. Rows need no order here.
            id_col: Column of the series id.
            time_col: Column of the time.
            time_unit: One model unit: "1h" or a Timedelta for datetimes and timedeltas, a number
                (or its text) for numbers. When left out, the median positive gap between readings;
                1 step for arrays.
            static: Features of the series, one row a series, with the id as column or index.
            known: Channels whose future is known beforehand.

        Raises:
            ValueError: A channel without any reading; no typical gap and no `time_unit`; a unit
                that does not fit the time column; or what `to_long` refuses.
        """
        long = to_long(data, id_col=id_col, time_col=time_col)
        return learn_from(long, time_unit, static, known=known)

    def to_json(self) -> dict[str, Any]:
        """A dict of JSON types."""
        return json.loads(json.dumps(dataclasses.asdict(self)))  # tuples become lists

    @classmethod
    def from_json(cls, settings: Any) -> "FrameSchema":
        """Rebuild a schema from `to_json`, trusting nothing.

        Raises:
            ValueError: Missing or unknown keys, wrong types, unbounded sizes, numbers out of range.
        """
        names = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(settings, dict) or set(settings) | {"known"} != names:
            raise ValueError(
                f"A frame schema is a dict with exactly the keys {listed(sorted(names), 20)}."
            )
        zone, kind = settings["time_zone"], _text(settings, "time_kind")
        if kind not in get_args(TimeKind):
            raise ValueError(f"time_kind of a frame schema is not {kind!r}.")
        return cls(
            id_col=_text(settings, "id_col"),
            time_col=_text(settings, "time_col"),
            channels=tuple(_items(settings, "channels", str)),
            time_kind=cast(TimeKind, kind),
            time_zone=None if zone is None else _text(settings, "time_zone"),
            time_unit=_items({"time_unit": [settings["time_unit"]]}, "time_unit", float)[0],
            means=tuple(_items(settings, "means", float)),
            scales=tuple(_items(settings, "scales", float)),
            static=tuple(StaticColumn.from_json(item) for item in _items(settings, "static", dict)),
            known=tuple(_items({"known": ()} | settings, "known", str)),
        )


def learn_from(
    long: LongFrame,
    time_unit: TimeUnit,
    static,
    held_out: pd.Index | None = None,
    known: Sequence[str] = (),
    how: str = "{}",
) -> FrameSchema:
    """`FrameSchema.learn` for data in normal form.

    The series `held_out` tell nothing of unit, means or scales. A channel that only they measured
    takes its scale from them after all: training never sees it. `how` is where a caller that takes
    no `time_unit` has one named.
    """
    observed = ~np.isnan(long.values)
    silent = np.flatnonzero(~observed.any(axis=0))
    if silent.size:
        names = [long.channels[c] for c in silent]
        raise ValueError(
            f"Channel {listed(names)} has no reading at all in this data, so nothing can be "
            f"learned about it. Drop it: frame.drop(columns={names[:5]})."
        )
    rows = None if held_out is None else ~long.ids.isin(held_out)[long.series]
    if rows is not None:
        part = observed & rows[:, None]
        observed = np.where(part.any(axis=0), part, observed)
    means, scales = _spread(long.values, observed, long.channels)
    table = read_static(static, long)
    _check_known(known, long.channels)
    read = long
    if known:  # what is known beforehand makes no reading, so no gap either
        values = np.where([name in known for name in long.channels], np.nan, long.values)
        read = dataclasses.replace(long, values=values)
    return FrameSchema(
        id_col=long.id_col,
        time_col=long.time_col,
        channels=long.channels,
        time_kind=long.times.kind,
        time_zone=long.times.zone,
        time_unit=unit_of(read, time_unit, rows, how),
        means=tuple(means.tolist()),
        scales=tuple(scales.tolist()),
        static=() if table is None else learn_static(table, held_out),
        known=tuple(known),
    )


def _check_known(known: Sequence[str], channels: Sequence[str]) -> None:
    unknown = [name for name in known if name not in channels]
    if unknown:
        raise ValueError(f"known names {unknown[0]!r}, which is no channel of the frame.")
    if len(set(known)) < len(known):
        raise ValueError(f"known={tuple(known)!r}: name each channel once.")
    if set(channels) <= set(known):
        raise ValueError("Every channel is known beforehand: there is none left to tell.")


def _spread(values, observed, channels):
    """Mean and standard deviation of the observed cells, in two passes of float64."""
    count = observed.sum(axis=0)
    low = np.where(observed, values, np.inf).min(axis=0)
    high = np.where(observed, values, -np.inf).max(axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        means = np.where(observed, values, 0.0).sum(axis=0) / count
        scales = np.sqrt(np.where(observed, (values - means) ** 2, 0.0).sum(axis=0) / count)
    # The mean of equal numbers may be off by a rounding, and the spread then not quite 0.
    constant = low == high
    means, scales = np.where(constant, low, means), np.where(constant, 1.0, scales)
    odd = ~(np.isfinite(means) & np.isfinite(scales) & (scales > 0))
    if odd.any():
        c = int(np.flatnonzero(odd)[0])
        raise ValueError(
            f"Channel {channels[c]!r} runs from {low[c]} to {high[c]}: its spread is no float64. "
            "Rescale the column, or take its logarithm."
        )
    return means, scales


def _text(settings: dict, key: str) -> str:
    return _items({key: [settings[key]]}, key, str)[0]


def _items(settings: dict, key: str, kind: type) -> list:
    """A bounded list of one type; integers pass for floats, booleans for neither."""
    items = settings[key]
    if not isinstance(items, list | tuple) or len(items) > MOST_CHANNELS:
        raise ValueError(f"{key} of a frame schema is a list of at most {MOST_CHANNELS} items.")
    kinds = (int, float) if kind is float else kind
    for item in items:
        if not isinstance(item, kinds) or isinstance(item, bool):
            raise ValueError(f"{key} of a frame schema holds {kind.__name__}; got {item!r:.80}.")
    return [kind(item) if kind is float else item for item in items]

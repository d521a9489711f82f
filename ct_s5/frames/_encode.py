"""encode: from a frame to the arrays a model reads."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
from jaxtyping import Float, Float32, Int

from ct_s5._words import first, listed, near, shown
from ct_s5.batch import LONGEST_GAP, SeriesSet
from ct_s5.frames._forms import to_long
from ct_s5.frames._long import LongFrame, Origin
from ct_s5.frames._rows import Duplicates, Layout, lay_out
from ct_s5.frames._schema import FrameSchema, learn_from
from ct_s5.frames._static import encode_static, read_static
from ct_s5.frames._times import TimeColumn


@dataclasses.dataclass(frozen=True)
class RowIndex:
    """Where the R rows of a SeriesSet came from: what `decode` needs to give the frame back."""

    origin: Origin
    times: TimeColumn
    """Times of the R rows, as the caller wrote them."""
    series: Int[np.ndarray, " R"]
    input_row: Int[np.ndarray, " R"]
    """The first input row behind each row."""

    @property
    def order(self) -> Int[np.ndarray, " R"]:
        """The rows in the order in which the caller's frame first mentions them."""
        return np.argsort(self.input_row)


@dataclasses.dataclass(frozen=True)
class EncodedFrame:
    """N series as arrays, and the way back to the frame. M input rows became R rows."""

    series: SeriesSet
    ids: pd.Index
    """The id of each series: in order of first appearance, then series known from static alone."""
    index: RowIndex
    schema: FrameSchema
    row_of_input: Int[np.ndarray, " M"]
    """The row of `series` in which each input row ended; merged rows share one."""

    def __repr__(self) -> str:
        schema = self.schema
        return (
            f"EncodedFrame({len(self.ids):,} series, {len(self.series.reading):,} rows, channels "
            f"{listed(schema.channels)}, unit of time {schema.unit_name})"
        )

    @property
    def wants_arrays(self) -> bool:
        """Whether the caller gave a list or arrays, and so gets arrays back."""
        return self.index.origin.form in ("list", "array")

    def where(self, row: int) -> str:
        """Words for a row of `series`: whose it is, and where the caller finds it."""
        index = self.index
        series = shown(self.ids[index.series[row]])
        return f"series {series}, {index.origin.place(int(index.input_row[row]))}"


def encode(
    data,
    schema: FrameSchema | None = None,
    *,
    id_col: str | None = None,
    time_col: str | None = None,
    static=None,
    duplicates: Duplicates = "error",
    sort: bool = False,
) -> EncodedFrame:
    """Turn a frame into standardised arrays with exact times.

    Args:
        data: Anything `to_long` takes: a frame, a list of frames, arrays.
        schema: What the model was fitted on, names included. Learned from `data` when left out;
            `FrameSchema.learn` takes a time unit too.
        id_col: Column of the series id, where there is no schema; "unique_id" when left out.
        time_col: Column of the time, likewise; "ds" when left out.
        static: Features of the series, one row a series, with the id as column or index. A series
            that only `static` mentions is a series without rows.
        duplicates: What conflicting rows of one (series, time) get: "error", "mean" or "last". Rows
            that do not conflict always merge into one.
        sort: Sort the rows of each series by time (stable) instead of refusing unsorted ones.

    Raises:
        TypeError: Columns of a type that is none.
        ValueError: What the schema or the time convention does not allow; the message says where.
    """
    given = {"id_col": id_col, "time_col": time_col}
    names = {role: name for role, name in given.items() if name is not None}
    if schema is not None:
        own = {"id_col": schema.id_col, "time_col": schema.time_col}
        if names != {role: own[role] for role in names}:
            raise ValueError(
                f"{' and '.join(names)}: the schema names its columns already, "
                f"{schema.id_col!r} and {schema.time_col!r}. Leave one or the other out."
            )
        names = own
    long = to_long(data, **names)
    if schema is None:
        more = "".join(f", {role}={name!r}" for role, name in names.items())
        how = f"encode(frame, FrameSchema.learn(frame, {{}}{more}))"
        schema = learn_from(long, None, static, how=how)
    long = conform(long, schema)
    layout = lay_out(long, duplicates, sort)
    table = read_static(static, long)
    ids, offsets = long.ids, layout.offsets
    if table is not None:
        alone = table.index[~table.index.isin(ids)]
        ids = ids.append(alone) if len(alone) else ids
        offsets = np.concatenate([offsets, np.full(len(alone), offsets[-1])])
    observed = ~np.isnan(layout.values)
    seconds, fractions = _times(long, layout, schema)
    series = SeriesSet(
        values=standardised(
            layout.values, schema, lambda row: long.where(int(layout.first_row[row]))
        ),
        observed=observed,
        times=seconds,
        fractions=fractions,
        unit=schema.time_unit,
        reading=schema.readings(observed),
        offsets=offsets,
        static=encode_static(table, schema.static, ids),
    )
    rows = layout.first_row
    index = RowIndex(long.origin, long.times.take(rows), long.series[rows], long.input_row[rows])
    return EncodedFrame(series, ids, index, schema, layout.row_of[long.row_of_input])


def conform(long: LongFrame, schema: FrameSchema) -> LongFrame:
    """Hold data to a schema: same channels, in the schema's order, and the same kind of time.

    In the four-column form a channel without any cell is ordinary: it is not observed.
    """
    missing = [name for name in schema.channels if name not in long.channels]
    new = [name for name in long.channels if name not in schema.channels]
    cells = long.origin.cell_channel is not None
    if new or (missing and not cells):
        hints = "".join(near(name, missing) for name in new[:1])
        drop = "" if cells or not new or len(new) > 20 else f": frame.drop(columns={new})"
        mend = (
            "A channel that was not measured is a column of NaN; one the model does not know can "
            f"be dropped{drop}."
        )
        if long.form == "array":
            mend = (
                "An array (N, L) is N series of one channel; one series of C channels is "
                "(1, L, C). Channels of an array are called '0', '1', ...: where the model knows "
                "other names, give a frame."
            )
        raise ValueError(
            f"The channels differ from those at fit. Expected {listed(schema.channels, 20)}; "
            f"missing: {listed(missing) or 'none'}; new: {listed(new) or 'none'}.{hints} {mend}"
        )
    conform_times(long.times, schema, f"Column {long.time_col!r}")
    if long.channels == schema.channels:
        return long
    place = {name: c for c, name in enumerate(long.channels)}
    blank = np.full((len(long.values), 1), np.nan)
    chosen = [place.get(name, len(place)) for name in schema.channels]
    values = np.concatenate([long.values, blank], axis=1)[:, chosen]
    origin = long.origin
    if cells:
        position = {name: c for c, name in enumerate(schema.channels)}
        moved = np.array([*(position[name] for name in long.channels), -1])
        origin = dataclasses.replace(origin, cell_channel=moved[origin.cell_channel])
    return dataclasses.replace(long, values=values, channels=schema.channels, origin=origin)


def conform_times(times: TimeColumn, schema: FrameSchema, what: str) -> None:
    """Refuse times of another kind than those at fit, and a zone where those had none.

    Raises:
        ValueError: The message speaks of the times as `what`.
    """
    if times.kind != schema.time_kind:
        raise ValueError(
            f"{what} holds {times.kind}s here and held {schema.time_kind}s at fit. Give times of "
            "the same kind."
        )
    if (times.zone is None) != (schema.time_zone is None):
        here, there = times.zone or "no time zone", schema.time_zone or "no time zone"
        utc = "tz_convert('UTC').dt.tz_localize(None)"
        mend = f"tz_localize({there!r})" if schema.time_zone else utc
        raise ValueError(
            f"{what} has {here} here and had {there} at fit. Bring it to the same, for instance "
            f"frame[{schema.time_col!r}].dt.{mend}."
        )


def standardised(
    values: Float[np.ndarray, "R C"], schema: FrameSchema, where: Callable[[int], str]
) -> Float32[np.ndarray, "R C"]:
    """Cells as the model sees them, 0 where not observed.

    Raises:
        ValueError: A cell beyond float32, in the row that is `where`.
    """
    scaled = schema.standardise(values)
    with np.errstate(invalid="ignore"):
        beyond = np.abs(scaled) > np.finfo(np.float32).max
    if beyond.any():
        row, c = np.argwhere(beyond)[0].tolist()
        raise ValueError(
            f"Channel {schema.channels[c]!r} holds {values[row, c]} at {where(row)}: scaled by "
            f"{schema.scales[c]:.3g} that is more than float32 holds. Put NaN there, or take the "
            "logarithm of the channel."
        )
    return np.where(np.isnan(scaled), 0.0, scaled).astype(np.float32)


def _times(long: LongFrame, layout: Layout, schema: FrameSchema):
    """`elapsed_parts` of the rows from their series' first row on."""
    lengths = np.diff(layout.offsets)
    begins = layout.offsets[:-1][lengths > 0]
    start = np.repeat(layout.first_row[begins], lengths[lengths > 0])
    seconds, fractions = long.times.elapsed_parts(layout.first_row, start)
    # Rows that stay distinct must keep a gap that float32 can tell from 0, and reckon with.
    with np.errstate(over="ignore", invalid="ignore"):
        steps = np.diff(seconds, prepend=0.0) + np.diff(fractions, prepend=0.0)
        steps[begins] = schema.time_unit
        elapsed, steps = (seconds + fractions) / schema.time_unit, steps / schema.time_unit
    beyond = ~(elapsed <= LONGEST_GAP) | ~(steps >= np.finfo(np.float32).tiny)
    if beyond.any():
        row = first(beyond)
        here, before = layout.first_row[[row, row - 1]].tolist()
        raise ValueError(
            f"The gap before {long.where(here)}, from {long.times.show(before)} to "
            f"{long.times.show(here)}, is beyond what float32 can hold in units of "
            f"{schema.unit_name}. Name a time_unit near the typical gap, or split the series there."
        )
    return seconds, fractions

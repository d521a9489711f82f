"""The four-column form: a row a cell (series, time, channel, value), gathered into rows."""

import dataclasses

import numpy as np
import pandas as pd

from ct_s5._words import first, shown
from ct_s5.frames._channels import read_numbers, refuse_infinite
from ct_s5.frames._long import LongFrame, Origin


def gather_cells(ids, series, times, rest, id_col, time_col, origin: Origin, place) -> LongFrame:
    """Put the cells of one (series, time) into one row.

    The second reading of a channel at a time opens a second row, so that duplicates meet the same
    rule in every form. When the times of every (series, channel) are sorted, as `melt` leaves them,
    rows come in order of time; otherwise in order of first appearance, for `encode` to refuse.

    A cell without value is a query; it may leave its channel out too.
    """
    values = read_numbers(rest["value"], "value", place, "the values of the channels", None)
    refuse_infinite(values[:, None], ["value"], place)
    channel, labels = pd.factorize(rest["channel"].reset_index(drop=True))
    nameless = (channel < 0) & ~np.isnan(values)
    if nameless.any():
        row = first(nameless)
        raise ValueError(
            f"Column 'channel' is missing (NaN) at {place(row)}, where column 'value' holds "
            f"{shown(values[row])}. Name the channel, or drop that row."
        )
    if not len(labels):
        raise ValueError("Column 'channel' names no channel in any row.")
    if len({str(label) for label in labels}) < len(labels):
        raise ValueError("Column 'channel' has two names that are the same once written as text.")
    ticks = times.ticks
    order = np.lexsort((channel, ticks, series))
    again = _rank_in_runs(series[order], ticks[order], channel[order])
    turn = np.empty_like(again)
    turn[order] = again
    order = np.lexsort((turn, ticks, series))
    opens = _run_starts(series[order], ticks[order], turn[order])
    row_of_input = np.empty(len(order), dtype=np.int64)
    row_of_input[order] = np.cumsum(opens) - 1
    input_row = order[opens]
    if not _sorted_in_channels(series, channel, ticks):
        by_appearance = np.argsort(input_row)
        input_row = input_row[by_appearance]
        row_of_input = np.argsort(by_appearance)[row_of_input]
    table = np.full((len(input_row), len(labels)), np.nan)
    named = channel >= 0
    table[row_of_input[named], channel[named]] = values[named]
    labels_of_rows = rest["channel"].reset_index(drop=True)
    origin = dataclasses.replace(origin, cell_channel=channel, channel_labels=labels_of_rows)
    return LongFrame(
        ids=ids,
        series=series[input_row],
        times=times.take(input_row),
        values=table,
        channels=tuple(str(label) for label in labels),
        id_col=id_col,
        time_col=time_col,
        origin=origin,
        input_row=input_row,
        row_of_input=row_of_input,
    )


def _run_starts(*keys) -> np.ndarray:
    """True where any of the sorted keys changes."""
    changed = np.zeros(len(keys[0]), dtype=bool)
    changed[:1] = True
    for key in keys:
        changed[1:] |= key[1:] != key[:-1]
    return changed


def _rank_in_runs(*keys) -> np.ndarray:
    """0, 1, 2, ... within each run of equal keys."""
    position = np.arange(len(keys[0]))
    return position - np.maximum.accumulate(np.where(_run_starts(*keys), position, 0))


def _sorted_in_channels(series, channel, ticks) -> bool:
    order = np.lexsort((channel, series))
    same = ~_run_starts(series[order], channel[order])[1:]
    return not (same & (ticks[order][1:] < ticks[order][:-1])).any()

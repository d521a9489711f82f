"""Rows that come after a later one of their series has been taken in."""

import dataclasses
import warnings
from typing import Literal

import numpy as np
from jaxtyping import Bool

from ct_s5._words import first
from ct_s5.frames import Instants, LongFrame


def refuse_late(
    long: LongFrame, late: Bool[np.ndarray, " R"], last: Instants, rule: Literal["error", "drop"]
) -> None:
    """Say which rows are late.

    Args:
        long: The rows.
        late: Which of them come before the last reading of their series.
        last: The last reading of each series.
        rule: Whether late rows are an error, or a warning.
    """
    row, series = first(late), np.unique(long.series[late])
    told = (
        f"{long.where(row)} is at {long.times.show(row)}, before the last reading of its series at "
        f"{last.show(int(long.series[row]), long.times)}"
    )
    counted = f"{late.sum()} late rows of {len(series)} series"
    if rule == "error":
        raise ValueError(
            f"A row came late: {told} ({counted} in all). What a state has taken in cannot be "
            "taken out: pass late='drop' to leave such rows out, or forget the series and give "
            "its rows in order."
        )
    warnings.warn(f"{counted} were dropped; the first: {told}.", UserWarning, stacklevel=6)


def dropped(long: LongFrame, kept: Bool[np.ndarray, " R"]) -> LongFrame:
    """The rows that are kept; all series stay, also those that have no row left."""
    number = np.cumsum(kept) - 1
    return dataclasses.replace(
        long,
        series=long.series[kept],
        times=long.times.take(np.flatnonzero(kept)),
        values=long.values[kept],
        input_row=long.input_row[kept],
        row_of_input=number[long.row_of_input[kept[long.row_of_input]]],
    )

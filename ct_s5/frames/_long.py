"""The one normal form that every accepted input takes: rows of (series, time, channels)."""

import dataclasses
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from ct_s5._words import shown
from ct_s5.frames._times import TimeColumn

Form = Literal["frame", "multiindex", "list", "array"]


@dataclasses.dataclass(frozen=True)
class Origin:
    """What the caller gave, as far as answers and messages need it. M input rows."""

    form: Form
    """Whoever gives a list or an array wants arrays back."""
    index: pd.Index
    """The caller's index, handed back by `decode`."""
    columns: tuple = ()
    """The caller's column labels in the caller's order; none for arrays."""
    starts: Int[np.ndarray, " n"] | None = None
    """Where each frame or array of a list starts."""
    cell_channel: Int[np.ndarray, " M"] | None = None
    """Four-column form only: the channel of each input row, -1 where none is named."""
    channel_labels: pd.Series | None = None
    """Four-column form only: the column `channel` itself."""

    def place(self, row: int) -> str:
        """Words for an input row: where the caller finds it."""
        if self.starts is None:
            return f"row {row}"
        owner = int(np.searchsorted(self.starts, row, side="right")) - 1
        noun = "array" if self.form == "array" else "frame"
        return f"row {row - self.starts[owner]} of {noun} {owner}"


@dataclasses.dataclass(frozen=True)
class LongFrame:
    """R rows of N series, in the caller's order; series may be interleaved.

    One row an input row, except in the four-column form, where the cells of one (series, time)
    share a row. Nothing is sorted, merged or scaled yet.
    """

    ids: pd.Index
    """The N series, in order of first appearance."""
    series: Int[np.ndarray, " R"]
    times: TimeColumn
    values: Float[np.ndarray, "R C"]
    """NaN where not observed."""
    channels: tuple[str, ...]
    id_col: str
    time_col: str
    origin: Origin
    input_row: Int[np.ndarray, " R"]
    """The first input row behind each row."""
    row_of_input: Int[np.ndarray, " M"]
    """The row that each input row went to."""

    @property
    def form(self) -> Form:
        """Which of the accepted forms the caller used."""
        return self.origin.form

    def where(self, row: int) -> str:
        """Words for a row: its series, and where the caller finds it."""
        series = shown(self.ids[self.series[row]])
        return f"series {series}, {self.origin.place(int(self.input_row[row]))}"

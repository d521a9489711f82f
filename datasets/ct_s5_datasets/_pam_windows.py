"""Long recordings as windows that share their rows: kept once, cut out when asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ._arrays import Labelled
from ._dataset import Column


@dataclass(frozen=True, eq=False, repr=False)
class WindowSet(Labelled):
    """Windows of some rows each out of one long table, 100 rows a second.

    Attributes:
        values: (row, channel) of all recordings, one after the other; may lie in a mapped file.
        times: Of each row, hundredths of a second.
        starts: First row of each window.
        length: Rows of a window.
        columns: What each column of `values` is.
        hole: What stands in `values` for a cell without a reading: NaN, or 0.
        kept: Share of a window's cells that are given; the others are taken out at random, the same
            ones whenever the window is asked for.

    """

    values: np.ndarray
    times: np.ndarray
    starts: np.ndarray
    length: int
    columns: tuple[Column, ...]
    hole: float = np.nan
    kept: float = 1.0

    @property
    def channels(self) -> tuple[str, ...]:
        """Name of each column of `values`."""
        return tuple(column.name for column in self.columns)

    @property
    def groups(self) -> pd.Series | None:
        """Whose each window is, where that is known."""
        table: Any = self.static
        return None if table is None else table["Person"]

    def windows(self, ids: ArrayLike) -> np.ndarray:
        """Chosen windows as float32 (series, row, channel), NaN where there is no reading."""
        at = self.positions(ids)
        given = self.values[self.starts[at][:, None] + np.arange(self.length)].astype(np.float32)
        given[given == self.hole] = np.nan
        if self.kept < 1:
            for window, name in zip(given, self.labels.index[at], strict=True):
                window.reshape(-1)[self._removed(str(name), window.size)] = np.nan
        return given

    def frame(self, ids: ArrayLike) -> pd.DataFrame:
        """Chosen windows as a long frame: `unique_id`, `ds` since the window's start, channels.

        Rows without any reading are left out.
        """
        at = np.sort(self.positions(ids))
        names = self.labels.index.to_numpy()[at]
        channels = list(self.channels)
        rows = self.starts[at][:, None] + np.arange(self.length)
        since = self.times[rows].astype(np.int64) - self.times[self.starts[at]][:, None]
        frame = pd.DataFrame(
            self.windows(names).reshape(-1, len(channels)).astype(np.float64),
            columns=channels,
        )
        frame.insert(0, "unique_id", np.repeat(names, self.length))
        frame.insert(1, "ds", (10 * since.ravel()).astype("timedelta64[ms]"))
        return frame.dropna(how="all", subset=channels, ignore_index=True)

    def _columns(self) -> tuple[Column, ...]:
        return (Column("ds", "time since the window's start", "timedelta, 10 ms"), *self.columns)

    def _removed(self, name: str, n_cells: int) -> np.ndarray:
        """Which cells of a window are taken out: a draw whose seed is the window's own id."""
        drawn = np.random.default_rng([0, *name.encode()]).permutation(n_cells)
        return drawn[round(self.kept * n_cells) :]

    def __repr__(self) -> str:
        return self._told(f"{self.length} rows of {len(self.channels)} channels")


def cut(stretch: np.ndarray, length: int, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """Windows inside stretches of rows that belong together.

    Args:
        stretch: Which stretch each row belongs to; one's rows lie together.
        length: Rows of a window.
        stride: From the start of one to the start of the next.

    Returns:
        First row of each window, and its stretch.

    """
    names, begins, counts = np.unique(stretch, return_index=True, return_counts=True)
    order = np.argsort(begins)
    firsts = [
        begin + np.arange(0, count - length + 1, stride)
        for begin, count in zip(begins[order], counts[order], strict=True)
    ]
    which = np.repeat(names[order], [len(first) for first in firsts])
    return np.concatenate([np.zeros(0, np.int64), *firsts]), which

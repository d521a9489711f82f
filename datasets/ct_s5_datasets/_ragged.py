"""Sentences and recordings: series of unequal length, one after the other in a flat array."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ._arrays import Labelled
from ._dataset import Column
from ._normaliser import Normaliser
from ._scaling import table_of

SPEECH = (
    Column("speaker", "who speaks", ""),
    Column("number", "of the recording, among this speaker's of this word", ""),
)
"""Of the columns of `static` of sets of speech."""

_AT_ONCE = 4096  # recordings


@dataclass(frozen=True, eq=False, repr=False)
class _Ragged(Labelled):
    """Series of unequal length, one after the other.

    Attributes:
        values: All series, flat.
        offsets: Series k is `values[offsets[k]:offsets[k + 1]]`.

    """

    values: np.ndarray
    offsets: np.ndarray

    def series(self, unique_id: int | str) -> np.ndarray:
        """The values of one series, a view."""
        at = self.positions([unique_id])[0]
        return self.values[self.offsets[at] : self.offsets[at + 1]]

    def padded(self, ids: ArrayLike, length: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Chosen series as one (series, length) array, zeros behind each, and their true lengths.

        Args:
            ids: In the order wanted.
            length: Of the rows; by default the longest of these series.

        Raises:
            ValueError: A series is longer than `length`.

        """
        at = self.positions(ids)
        lengths = self.offsets[at + 1] - self.offsets[at]
        longest = int(lengths.max(initial=0))
        width = longest if length is None else length
        if longest > width:
            name = self.labels.index[at].tolist()[lengths.argmax()]
            raise ValueError(
                f"Series {name!r} has {longest} values, more than length={width}. "
                "Give a greater length, or cut the series yourself."
            )
        rows = np.zeros((len(at), width), dtype=self.values.dtype)
        rows[np.arange(width) < lengths[:, None]] = self.values[_runs(self.offsets[at], lengths)]
        return rows, lengths

    def _flat(self, ids: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Ids, places in their series and values of chosen series, sorted by id."""
        at = np.sort(self.positions(ids))
        lengths = self.offsets[at + 1] - self.offsets[at]
        places = _runs(np.zeros(len(at), dtype=np.int64), lengths)
        names = self.labels.index.to_numpy()[at]
        values = self.values[_runs(self.offsets[at], lengths)]
        return np.repeat(names, lengths), places, values


@dataclass(frozen=True, eq=False, repr=False)
class TokenSet(_Ragged):
    """Sentences as token numbers; `vocabulary[number]` is the token, 0 is padding.

    Attributes:
        vocabulary: What each number stands for.

    """

    vocabulary: tuple[str, ...]

    def frame(self, ids: ArrayLike) -> pd.DataFrame:
        """Chosen sentences as a long frame: `unique_id`, `ds` (one second a token), `token`.

        The token numbers are floats, as every channel is, and name symbols: embed them, do not
        scale them.
        """
        names, places, values = self._flat(ids)
        ds = places.astype("timedelta64[s]")
        return pd.DataFrame({"unique_id": names, "ds": ds, "token": values.astype(np.float64)})

    def _columns(self) -> tuple[Column, ...]:
        return (
            Column("ds", "place in the sentence", "timedelta, 1 s a token"),
            Column("token", "number in `vocabulary`, a symbol", ""),
        )

    def __repr__(self) -> str:
        return self._told(f"{len(self.values)} tokens of {len(self.vocabulary)} kinds")


@dataclass(frozen=True, eq=False, repr=False)
class WaveSet(_Ragged):
    """Recordings as 16-bit samples.

    Attributes:
        rate: Samples a second.

    """

    rate: int

    @property
    def groups(self) -> pd.Series | None:
        """Who speaks in each recording, where `static` tells."""
        table: Any = self.static
        return None if table is None else table.get("speaker")

    def _columns(self) -> tuple[Column, ...]:
        return (
            Column("ds", "time since the start of the recording", "timedelta"),
            Column("amplitude", "sample over 2**15, from -1 to below 1", ""),
        )

    def frame(self, ids: ArrayLike) -> pd.DataFrame:
        """Chosen recordings as a long frame: `unique_id`, `ds` since the start, `amplitude`.

        `amplitude` is the sample over 2**15, so from -1 to below 1.
        """
        names, places, values = self._flat(ids)
        ds = (places * 1_000_000_000 // self.rate).astype("timedelta64[ns]")
        return pd.DataFrame({"unique_id": names, "ds": ds, "amplitude": values / 2.0**15})

    def step_scaling(self, ids: ArrayLike, how: Normaliser) -> pd.DataFrame:
        """Shift and scale of each place in the first second, zeros behind short recordings counted.

        Sums are of whole numbers, so they are exact.
        """
        wanted = np.asarray(ids)
        total, squares = np.zeros((2, self.rate), dtype=np.int64)
        for some in np.array_split(wanted, -(-len(wanted) // _AT_ONCE)):
            rows = self.padded(some, self.rate)[0].astype(np.int64)
            total += rows.sum(axis=0)
            squares += (rows**2).sum(axis=0)
        n, pairs = len(wanted), []
        for first, second in zip(total.tolist(), squares.tolist(), strict=True):
            variance = (n * second - first**2) / (n * max(n - how.ddof, 1))
            pairs.append((first / n / 2**15, math.sqrt(variance) / 2**15 + how.epsilon))
        return table_of(range(self.rate), pairs, "step")

    def __repr__(self) -> str:
        seconds = len(self.values) / self.rate
        return self._told(f"{seconds:.0f} s at {self.rate} Hz")


def _runs(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """starts[0], starts[0] + 1, ... (lengths[0] of them), then the same of the next run."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - lengths), lengths)

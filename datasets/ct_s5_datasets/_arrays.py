"""Sets too long for one frame: flat arrays, and the frame of chosen series only.

A hundred thousand series of 2000 tokens would be a frame of gigabytes; as bytes they are 200 MB.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ._dataset import Column
from ._manifest import Manifested
from ._normaliser import Normaliser
from ._scaling import scaled, table_of

Splits = Mapping[str, Mapping[str, np.ndarray]]

PIXEL_TIME = Column("ds", "place in the order of reading", "timedelta, 1 s a pixel")
SPEECH = (
    Column("speaker", "who speaks", ""),
    Column("number", "of the recording, among this speaker's of this word", ""),
)
"""Of the columns of `static` of sets of speech."""

_AT_ONCE = 4096  # recordings


@dataclass(frozen=True, eq=False, repr=False)
class _Labelled(Manifested):
    """What all these sets share.

    Attributes:
        labels: One answer a series, indexed by `unique_id`, sorted by it.
        splits: Name of a split -> part -> ids, sorted.
        card: Origin, licence, defects; ends with what this load counted.
        static: What is known of each series, indexed like `labels`; None where nothing is.
        answers: What the label and the columns of `static` mean.

    """

    labels: pd.Series
    splits: Splits
    card: str
    static: pd.DataFrame | None = field(default=None, kw_only=True)
    answers: tuple[Column, ...] = field(default=(), kw_only=True)

    @property
    def schema(self) -> dict[str, Column]:
        """Column of `frame`, the label and columns of `static` -> description and unit."""
        own = Column("unique_id", "of the series, as in labels", "")
        return {column.name: column for column in (own, *self._columns(), *self.answers)}

    @property
    def groups(self) -> pd.Series | None:
        """Who each series belongs to; None where nobody has two, or nobody knows."""
        return None

    def _columns(self) -> tuple[Column, ...]:
        """Of `frame`, behind the id."""
        raise NotImplementedError

    if TYPE_CHECKING:

        def frame(self, ids: ArrayLike) -> pd.DataFrame: ...

    def __len__(self) -> int:
        return len(self.labels)

    def scaled(self, ids: ArrayLike) -> pd.DataFrame:
        """`frame(ids)` as the protocol scales it, series in no part of its split left out.

        Raises:
            ValueError: The set was loaded without a protocol, or an id is unknown.

        """
        return scaled(self.frame(ids), self._rules(), self.split, self.scaling)

    def positions(self, ids: ArrayLike) -> np.ndarray:
        """Where these ids stand among the series.

        Raises:
            ValueError: An id is unknown or comes twice.

        """
        return positions(self.labels.index, ids, "labels.index, ")

    def _told(self, inside: str) -> str:
        return (
            f"{type(self).__name__}({len(self)} series, {inside}, "
            f"splits {', '.join(self.splits) or 'none'})"
        )


@dataclass(frozen=True, eq=False, repr=False)
class _Ragged(_Labelled):
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


@dataclass(frozen=True, eq=False, repr=False)
class ImageSet(_Labelled):
    """Grey images read pixel by pixel; they stay bytes, and may lie in a memory-mapped file.

    Attributes:
        images: uint8, (series, height, width).
        order: Which pixel of the row-major image is read first, second, ...; None for row by row.

    """

    images: np.ndarray
    order: np.ndarray | None = None

    def pixels(self, ids: ArrayLike) -> np.ndarray:
        """Chosen images as uint8 (series, height * width), in reading order."""
        flat = self.images[self.positions(ids)].reshape(-1, self.images[0].size)
        return flat if self.order is None else flat[:, self.order]

    def frame(self, ids: ArrayLike) -> pd.DataFrame:
        """Chosen images as a long frame: `unique_id`, `ds` (one second a pixel), `pixel`.

        `pixel` is the byte over 255, so from 0 to 1.
        """
        at = np.sort(self.positions(ids))
        names = self.labels.index.to_numpy()[at]
        pixels = self.pixels(names)
        n_pixels = pixels.shape[1]
        ds = np.tile(np.arange(n_pixels), len(at)).astype("timedelta64[s]")
        columns = {"unique_id": np.repeat(names, n_pixels), "ds": ds, "pixel": pixels.ravel() / 255}
        return pd.DataFrame(columns)

    def _columns(self) -> tuple[Column, ...]:
        return (PIXEL_TIME, Column("pixel", "byte over 255", "grey value, 0 to 1"))

    def __repr__(self) -> str:
        height, width = self.images.shape[1:3]
        return self._told(f"{height} x {width} pixels")


def positions(known: pd.Index, ids: ArrayLike, where: str = "") -> np.ndarray:
    """Where these ids stand among the known ones; `where` says in messages what lists them.

    Raises:
        ValueError: An id is unknown or comes twice.

    """
    wanted = pd.Index(np.atleast_1d(np.asarray(ids)))
    found = known.get_indexer(wanted)
    if (found < 0).any():
        unknown = wanted[found < 0].tolist()[0]
        first, last = known[[0, -1]].tolist()
        raise ValueError(f"No series {unknown!r}; the ids are {where}{first!r} to {last!r}.")
    if wanted.has_duplicates:
        twice = wanted[wanted.duplicated()].tolist()[0]
        raise ValueError(f"Series {twice!r} is asked for twice. Give each id once.")
    return found


def _runs(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """starts[0], starts[0] + 1, ... (lengths[0] of them), then the same of the next run."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - lengths), lengths)

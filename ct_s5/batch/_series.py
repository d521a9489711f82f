"""Ragged series on the host: the one store that minibatches are cut from."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float, Int

from ct_s5.batch._gaps import flat_gaps
from ct_s5.batch._irregular import IrregularBatch

LONGEST_GAP = 1e30
"""In model units; beyond this a rate times a gap leaves float32."""


@dataclasses.dataclass(frozen=True)
class SeriesSet:
    """N series of unequal length, their steps laid end to end (R rows in all), without padding.

    Series n owns rows `offsets[n]:offsets[n + 1]`; a series may own none. Everything is NumPy and
    stays on the host. `times` have any origin; gaps are differences of them, in model units.

    Raises:
        ValueError: A gap that is negative, NaN or beyond 1e30: rows that are not sorted by time.
    """

    values: Float[np.ndarray, "R C"]
    observed: Bool[np.ndarray, "R C"]
    times: Float[np.ndarray, " R"]
    reading: Bool[np.ndarray, " R"]
    offsets: Int[np.ndarray, " _"]
    """Where each series starts, and R at the end: N + 1 numbers."""
    static: Float[np.ndarray, "N S"]
    first_gap: float = 1.0
    fractions: Float[np.ndarray, " R"] | None = None
    """What `times` lack of the exact time, where it needs more digits than a float64 has."""
    unit: float = 1.0
    """Length of one model unit, in the unit of `times`."""
    earlier: tuple[Float[np.ndarray, " N"], ...] | None = None
    """Of series that go on from an earlier part: when that was last read, as `times` and, where
    there are any, `fractions`. NaN where a series begins."""
    gaps: Float[np.ndarray, " R"] = dataclasses.field(init=False)
    gaps_after: Float[np.ndarray, " R"] = dataclasses.field(init=False)

    def __post_init__(self):
        times = (self.times,) if self.fractions is None else (self.times, self.fractions)
        steps = (self.reading, self.offsets, self.first_gap, self.unit, self.earlier)
        gaps, gaps_after = flat_gaps(times, *steps)
        self._check(gaps)
        object.__setattr__(self, "gaps", gaps)
        object.__setattr__(self, "gaps_after", gaps_after)

    def __repr__(self) -> str:
        n_steps, n_channels = self.values.shape
        return (
            f"SeriesSet({len(self.offsets) - 1:,} series, {n_steps:,} steps, {n_channels} channels)"
        )

    def _check(self, gaps):
        # Not those after: a question asked ahead of its series' known rows has one below 0, which
        # concerns no causal model.
        wrong = np.flatnonzero(~((gaps >= 0) & (gaps <= LONGEST_GAP)))
        if wrong.size:
            owner, row = self.place(int(wrong[0]))
            raise ValueError(
                f"Row {row} of series number {owner} is {gaps[wrong[0]]:g} model units from the "
                f"reading before it; a gap is from 0 to {LONGEST_GAP:g}. Sort the rows of each "
                "series by time, and give each a time."
            )

    @property
    def elapsed(self) -> Float[np.ndarray, " R"]:
        """Time of each row from its series' first row on, in model units."""
        first = np.repeat(self.offsets[:-1], self.lengths)
        parts = self.times - self.times[first]
        if self.fractions is not None:
            parts = parts + (self.fractions - self.fractions[first])
        return parts / self.unit

    def __len__(self) -> int:
        """N, the number of series."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Int[np.ndarray, " N"]:
        """Steps of each series."""
        return np.diff(self.offsets)

    @property
    def owners(self) -> Int[np.ndarray, " R"]:
        """The series of each row."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def place(self, row: int) -> tuple[int, int]:
        """The series that a row belongs to, and which of its rows it is."""
        owner = int(np.searchsorted(self.offsets, row, side="right")) - 1
        return owner, row - int(self.offsets[owner])

    def rows(self, series: Int[np.ndarray, " M"]) -> Int[np.ndarray, " r"]:
        """The row numbers that some series own, one series after the other."""
        series = np.asarray(series)
        lengths = self.lengths[series]
        starts = np.cumsum(lengths) - lengths
        return np.arange(lengths.sum()) + np.repeat(self.offsets[series] - starts, lengths)

    def take(self, series: Int[np.ndarray, " M"]) -> "SeriesSet":
        """Some of the series, in the order asked for."""
        series = np.asarray(series, dtype=np.int64)
        offsets = np.concatenate([[0], np.cumsum(self.lengths[series])])
        earlier = self.earlier and tuple(part[series] for part in self.earlier)
        return self.regrouped(self.rows(series), offsets, self.static[series], earlier)

    def keep(self, kept: Bool[np.ndarray, " R"]) -> "SeriesSet":
        """Leave rows out; the gaps are measured anew between the rows that stay."""
        counted = np.concatenate([[0], np.cumsum(kept)])
        rows = np.flatnonzero(kept)
        return self.regrouped(rows, counted[self.offsets], self.static, self.earlier)

    def batch(self, length: int | None = None, size: int | None = None) -> IrregularBatch:
        """All series in one padded batch.

        Args:
            length: Steps a row of the batch has; the longest series decides when left out.
            size: Rows of the batch; rows beyond the N series are padding throughout.

        Raises:
            ValueError: A series longer than `length`, or more series than `size`.
        """
        longest = int(self.lengths.max(initial=0))
        length = max(longest, 1) if length is None else length
        size = len(self) if size is None else size
        if longest > length or len(self) > size:
            raise ValueError(
                f"{len(self)} series of up to {longest} steps do not fit a batch of "
                f"{size} x {length}."
            )
        static = np.zeros((size, self.static.shape[1]), np.float32)
        static[: len(self)] = self.static
        return self._lay_out(np.arange(len(self)), (size, length), static)

    def packed(self, members: Int[np.ndarray, "B G"], length: int) -> IrregularBatch:
        """All series in a packed batch: several in one row, end to end.

        Args:
            members: The series of each row, each of the N once and in increasing order; -1 where
                there is none.
            length: Steps a row has.

        Raises:
            ValueError: Series of one row that have more steps together than it has.
        """
        row, slot = np.nonzero(members >= 0)
        steps = np.bincount(row, self.lengths, minlength=len(members))
        if (steps > length).any():
            full = int(np.argmax(steps))
            raise ValueError(
                f"The series of row {full} have {int(steps[full])} steps together, a row has "
                f"{length}."
            )
        static = np.zeros((*members.shape, self.static.shape[1]), np.float32)
        static[row, slot] = self.static
        return self._lay_out(row, (len(members), length), static, slot)

    def _lay_out(self, row_of_series, shape, static, slot_of_series=None) -> IrregularBatch:
        """Each series at the end of what its row holds already."""
        row = np.repeat(row_of_series, self.lengths)
        step = np.arange(len(row))
        begins = np.diff(row, prepend=-1) != 0
        place = (row, step - np.maximum.accumulate(np.where(begins, step, 0)))

        def padded(flat):
            out = np.zeros((*shape, *flat.shape[1:]), flat.dtype)
            out[place] = flat
            return out

        segments = None
        if slot_of_series is not None:
            segments = padded(np.repeat(slot_of_series, self.lengths).astype(np.int32))
        return IrregularBatch(
            values=padded(self.values),
            observed=padded(self.observed),
            gaps=padded(self.gaps.astype(np.float32)),
            gaps_after=padded(self.gaps_after.astype(np.float32)),
            reading=padded(self.reading),
            real=padded(np.ones(len(row), bool)),
            static=static,
            segments=segments,
        )

    def regrouped(
        self,
        rows: Int[np.ndarray, " r"],
        offsets: Int[np.ndarray, " _"],
        static: Float[np.ndarray, "M S"],
        earlier: tuple[Float[np.ndarray, " M"], ...] | None = None,
    ) -> "SeriesSet":
        """Other series made of these rows; the gaps are measured anew."""
        return SeriesSet(
            values=self.values[rows],
            observed=self.observed[rows],
            times=self.times[rows],
            reading=self.reading[rows],
            offsets=offsets,
            static=static,
            first_gap=self.first_gap,
            fractions=None if self.fractions is None else self.fractions[rows],
            unit=self.unit,
            earlier=earlier,
        )

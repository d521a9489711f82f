"""Which series share a row, so that ragged ones waste little padding."""

import bisect
import dataclasses

import numpy as np
from jaxtyping import Int


@dataclasses.dataclass(frozen=True)
class Packing:
    """A plan for series of known lengths, whichever of them has which.

    So it serves every epoch: series of equal length trade places at random, and rows change the
    batch they are in, while the number of rows and the shape of the batches stay.
    """

    length: int
    """Steps of each row."""
    rows: Int[np.ndarray, "M G"]
    """Ranks by falling length of the series in each row; -1 where there is none."""

    def assign(self, lengths: Int[np.ndarray, " N"], rng: np.random.Generator | None = None):
        """The series of each row, (M, G); -1 where there is none.

        Args:
            lengths: Of the N series, as a set the same as the plan was made for.
            rng: Draws which of the series of equal length go where, and the order of the rows;
                without it both follow the order of the series.
        """
        drawn = np.arange(len(lengths)) if rng is None else rng.permutation(len(lengths))
        ranked = drawn[np.argsort(-lengths[drawn], kind="stable")]
        rows = self.rows if rng is None else rng.permutation(self.rows)
        return np.where(rows >= 0, ranked[rows], -1)


def pack(lengths: Int[np.ndarray, " N"], length: int | None = None) -> Packing:
    """Put each series, the longest first, into the fullest row that still has room for it.

    Args:
        lengths: Steps of each series.
        length: Steps of a row; those of the longest series when left out.

    Raises:
        ValueError: A series longer than a row.
    """
    steps = np.maximum(np.sort(lengths)[::-1], 1)
    longest = int(steps.max(initial=1))
    length = longest if length is None else length
    if longest > length:
        raise ValueError(f"A series has {longest} steps, a row {length}.")
    rows: list[list[int]] = []
    room: list[tuple[int, int]] = []  # (steps left, row), sorted
    for rank, n_steps in enumerate(steps.tolist()):
        fits = bisect.bisect_left(room, (n_steps, -1))
        left, row = room.pop(fits) if fits < len(room) else (length, len(rows))
        if row == len(rows):
            rows.append([])
        rows[row].append(rank)
        bisect.insort(room, (left - n_steps, row))
    table = np.full((len(rows), max(map(len, rows), default=1)), -1)
    for row, ranks in enumerate(rows):
        table[row, : len(ranks)] = ranks
    return Packing(length, table)

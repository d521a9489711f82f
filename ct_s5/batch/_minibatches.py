"""Minibatches as a pure function of (seed, epoch): a stopped run finds the very same ones again."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Bool, Int

from ct_s5.batch._irregular import IrregularBatch
from ct_s5.batch._packing import Packing
from ct_s5.batch._series import SeriesSet


@dataclasses.dataclass(frozen=True)
class Minibatch:
    """A padded or packed `batch` and where its rows came from.

    `series` is the number of the series in each row, or in each place of it, and -1 where there is
    none: such a row is empty and its answer means nothing. `rows` is the row of the `SeriesSet`
    behind each step, and -1 on padding.
    """

    batch: IrregularBatch
    series: Int[np.ndarray, "B *G"]
    rows: Int[np.ndarray, "B L"]


def minibatches(
    series: SeriesSet,
    lengths: Sequence[int],
    batch_size: int,
    *,
    seed: int,
    epoch: int | None = None,
    thinning: float = 0.0,
) -> Iterator[Minibatch]:
    """Cut series into batches of equal size, each padded to the bucket its longest series needs.

    Args:
        series: What to cut from.
        lengths: Bucket lengths, from `bucket_lengths`; the last must fit every series.
        batch_size: Rows of every batch, so that one bucket compiles once. The last batch of a
            bucket is filled up with empty rows.
        seed: Fixes the order of the series, of the batches, and the thinning.
        epoch: Which epoch's shuffle. None keeps series in bucket order, for evaluation.
        thinning: Share of each series' readings to leave out at random; at least one stays. The
            gaps of the readings that stay are measured anew.
    """
    rng, kept, steps = _begin(series, seed, epoch, thinning)
    bucket = np.searchsorted(np.asarray(lengths), steps)
    if (bucket >= len(lengths)).any():
        raise ValueError(
            f"A series has {int(steps.max())} steps, the longest bucket {lengths[-1]}."
        )
    order = np.arange(len(series)) if epoch is None else rng.permutation(len(series))
    plan = []
    for b, length in enumerate(lengths):
        members = order[bucket[order] == b]
        plan += [(length, members[i : i + batch_size]) for i in range(0, len(members), batch_size)]
    for i in range(len(plan)) if epoch is None else rng.permutation(len(plan)):
        length, members = plan[i]
        chosen, rows = _chosen(series, members, kept)
        padded = np.full(batch_size, -1)
        padded[: len(members)] = members
        yield _minibatch(chosen.batch(length, batch_size), padded, rows)


def packed_minibatches(
    series: SeriesSet,
    packing: Packing,
    batch_size: int,
    *,
    seed: int,
    epoch: int | None = None,
    thinning: float = 0.0,
) -> Iterator[Minibatch]:
    """Cut series into batches of one shape, several series in one row.

    Args:
        series: What to cut from.
        packing: A plan for the lengths of the series, after thinning.
        batch_size: Series in a batch, about: batches have as many rows as hold that many on
            average. The last one is filled up with empty rows.
        seed: Fixes who shares a row, the order of the rows, and the thinning.
        epoch: Which epoch's shuffle. None shuffles nothing.
        thinning: As in `minibatches`.
    """
    rng, kept, steps = _begin(series, seed, epoch, thinning)
    members = packing.assign(steps, None if epoch is None else rng)
    n_rows = max(round(batch_size * len(members) / max(len(series), 1)), 1)
    for i in range(0, len(members), n_rows):
        here = np.full((n_rows, members.shape[1]), -1)
        here[: len(members) - i] = members[i : i + n_rows]
        chosen, rows = _chosen(series, here[here >= 0], kept)
        numbered = np.where(here >= 0, np.cumsum(here >= 0).reshape(here.shape) - 1, -1)
        yield _minibatch(chosen.packed(numbered, packing.length), here, rows)


def _begin(series: SeriesSet, seed, epoch, thinning):
    """Where the epoch's draws come from; the rows that stay; how many of them each series has."""
    rng = np.random.default_rng([seed, 0 if epoch is None else epoch])
    kept = _thin(series, thinning, rng)
    return rng, kept, np.diff(np.cumsum(np.concatenate([[0], kept]))[series.offsets])


def _chosen(series: SeriesSet, members, kept: Bool[np.ndarray, " R"]):
    """Some series without the rows that are left out, and the rows they keep."""
    rows = series.rows(members)
    return series.take(members).keep(kept[rows]), rows[kept[rows]]


def _minibatch(batch: IrregularBatch, series, rows) -> Minibatch:
    """A batch whose real steps are these rows, in order."""
    place = np.full(batch.real.shape, -1)
    place[batch.real] = rows
    return Minibatch(batch, series, place)


def _thin(series: SeriesSet, share: float, rng: np.random.Generator) -> Bool[np.ndarray, " R"]:
    """Which rows stay: queries always, and of n readings max(1, round((1 - share) n))."""
    if not 0 <= share < 1:
        raise ValueError(f"thinning is a share of the readings, from 0 to below 1; got {share}.")
    kept = np.ones(len(series.reading), dtype=bool)
    if share == 0:
        return kept
    owner = series.owners
    n_readings, n_kept = _readings(series, share)
    # Within each series the readings come in random order; the first n_kept of them stay.
    readings = np.flatnonzero(series.reading)
    shuffled = readings[np.lexsort((rng.random(len(readings)), owner[readings]))]
    first = np.cumsum(n_readings) - n_readings
    rank = np.arange(len(shuffled)) - first[owner[shuffled]]
    kept[shuffled[rank >= n_kept[owner[shuffled]]]] = False
    return kept


def thinned_lengths(series: SeriesSet, share: float) -> Int[np.ndarray, " N"]:
    """Steps of each series after thinning, which keeps as many readings whatever the draw."""
    n_readings, n_kept = _readings(series, share)
    return series.lengths - n_readings + n_kept


def _readings(series: SeriesSet, share: float):
    """Readings of each series, and how many of them thinning keeps."""
    owner = series.owners
    n = np.bincount(owner, weights=series.reading, minlength=len(series)).astype(int)
    return n, np.maximum(np.round((1 - share) * n), np.minimum(n, 1)).astype(int)

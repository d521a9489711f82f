"""What a series can be asked about itself: to foresee its readings, or to fill in hidden ones."""

import dataclasses
from typing import Literal, Protocol, get_args, runtime_checkable

import numpy as np
from jaxtyping import Bool, Int

from ct_s5.batch import SeriesSet, ask_ahead, hide, one_clock
from ct_s5.nn import FARTHEST
from ct_s5.training._losses import Targets

Hiding = Literal["cell", "row", "block"]
HIDINGS: tuple[Hiding, ...] = get_args(Hiding)


@runtime_checkable
class Task(Protocol):
    """Draws questions and their answers out of the readings themselves, anew for every epoch."""

    def draw(self, series: SeriesSet, rng: np.random.Generator) -> tuple[SeriesSet, Targets]:
        """Series to show to a model, and a target for each of their rows.

        Every draw gives each series as many rows, so that one plan of batches serves all epochs.
        """
        ...


@dataclasses.dataclass(frozen=True)
class Forecasting:
    """Foresee each reading from an origin drawn at random among the earlier ones.

    The question is a query that stands right after its origin, as far ahead as the reading it asks
    for: it knows what came up to the origin and nothing since. As queries leave no trace, one pass
    over a series answers for all origins at once.
    """

    channels: tuple[int, ...]
    """K channels to foresee, by their places."""
    horizon: float
    """How far ahead an origin may lie, in model units."""
    known: tuple[int, ...] = ()
    """Channels whose values at the time asked for are known beforehand."""
    cut: float | None = None
    """Time since the series began, in model units, of the only origin: the last reading up to it.
    None draws origins at random."""
    counted: Bool[np.ndarray, " R"] | None = None
    """Which readings may be asked for; all when left out."""

    def draw(self, series: SeriesSet, rng: np.random.Generator) -> tuple[SeriesSet, Targets]:
        """Series with a query for each reading that has an origin within the horizon."""
        channels = list(self.channels)
        wanted, origin = self._origins(series, rng)
        shown, place = ask_ahead(series, wanted, origin)
        values = np.zeros((len(shown.times), len(channels)), np.float32)
        weights = np.zeros_like(values)
        values[place] = _within_reach(series.values[wanted][:, channels])
        weights[place] = series.observed[wanted][:, channels]
        if self.known:
            shown = with_known(series, shown, self.known, wanted, place)
        return shown, Targets(values, weights)

    def _origins(self, series: SeriesSet, rng):
        """The rows to foresee, and the row from which each is foreseen."""
        rows = np.flatnonzero(series.reading)
        clock = one_clock(series, rows, apart=2 * self.horizon)
        begin = np.searchsorted(clock, clock - self.horizon * (1 + 1e-9))
        end = np.searchsorted(clock, clock)  # strictly earlier ones
        if self.cut is not None:
            start = clock - series.elapsed[rows]
            # A reading at the cut itself counts, however its time on this clock was rounded.
            last = np.searchsorted(clock, start + self.cut * (1 + 1e-9), side="right")
            begin, end = np.maximum(begin, last - 1), np.minimum(end, last)
        chosen = (end > begin) & series.observed[rows][:, list(self.channels)].any(axis=1)
        if self.counted is not None:
            chosen &= self.counted[rows]
        drawn = begin + np.floor(rng.random(len(rows)) * (end - begin)).astype(np.int64)
        return rows[chosen], rows[drawn[chosen]]


@dataclasses.dataclass(frozen=True)
class Imputing:
    """Fill in observed cells that were hidden: singly, by rows, or in blocks of one channel."""

    channels: tuple[int, ...]
    """K channels to fill in, by their places. Only theirs are hidden."""
    share: tuple[float, float] = (0.2, 0.8)
    """Of the observed cells, how many are hidden: between these, drawn for each series."""
    hiding: tuple[Hiding, ...] = HIDINGS
    """In which ways; one is drawn for each series."""
    block: int = 8
    """Rows of a block."""
    counted: Bool[np.ndarray, " R"] | None = None
    """Which rows may lose cells; all when left out."""

    def draw(self, series: SeriesSet, rng: np.random.Generator) -> tuple[SeriesSet, Targets]:
        """Series with cells hidden, and what these held."""
        n, channels = len(series), list(self.channels)
        share = rng.uniform(*self.share, n)[:, None]
        way = rng.integers(len(self.hiding), size=n)
        owner = series.owners
        shape = (len(owner), len(channels))
        chance = {
            "cell": lambda: rng.random(shape),
            "row": lambda: np.broadcast_to(rng.random((len(owner), 1)), shape),
            "block": lambda: self._by_block(series, owner, rng),
        }
        hidden = np.zeros(series.observed.shape, bool)
        for k, name in enumerate(self.hiding):
            rows = way[owner] == k
            hidden[np.ix_(rows, channels)] = (chance[name]() < share[owner])[rows]
        hidden &= series.observed
        if self.counted is not None:
            hidden &= self.counted[:, None]
        weights = hidden[:, channels].astype(np.float32)
        values = np.where(hidden, _within_reach(series.values), 0)[:, channels]
        return hide(series, hidden), Targets(values.astype(np.float32), weights)

    def _by_block(self, series: SeriesSet, owner, rng):
        """One number for each block and channel, for every row of it."""
        shift = rng.integers(self.block, size=(len(series), len(self.channels)))
        step = np.arange(len(owner)) - series.offsets[owner]
        block = (step[:, None] + shift[owner]) // self.block
        n_blocks = (series.lengths + 2 * self.block - 2) // self.block
        own = np.concatenate([[0], np.cumsum(n_blocks)])
        table = rng.random((own[-1], shift.shape[1]))
        return table[own[owner][:, None] + block, np.arange(shift.shape[1])]


def _within_reach(values):
    """What lies farther out than `FARTHEST` counts as that far."""
    return np.clip(values, -FARTHEST, FARTHEST)


def with_known(
    series: SeriesSet,
    shown: SeriesSet,
    channels: tuple[int, ...],
    rows: Int[np.ndarray, " Q"],
    place: Int[np.ndarray, " Q"],
) -> SeriesSet:
    """Queries at `place` of `shown` that carry what `rows` of `series` say of some channels."""
    known = np.zeros(series.values.shape[1], bool)
    known[list(channels)] = True
    values, observed = shown.values.copy(), shown.observed.copy()
    observed[place] = series.observed[rows] & known
    values[place] = np.where(observed[place], series.values[rows], 0)
    return dataclasses.replace(shown, values=values, observed=observed)

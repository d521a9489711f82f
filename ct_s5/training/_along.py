"""Long series window by window: each window starts from the state that the one before left."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Bool, Float, Int

from ct_s5.batch import SeriesSet, pieces
from ct_s5.nn import Gaussian, ModelState, S5Model
from ct_s5.ssm import nan_for_errors

# Steps of a batch: beyond this nothing becomes faster, only larger.
MOST_STEPS = 2**17
# Sizes of small batches; each compiles once a length.
_FEW = (1, 8)


def can_carry(model: S5Model) -> bool:
    """Whether a model can be trained on windows that start from the state carried so far.

    It streams and answers per reading. One with BatchNorm cannot: training normalises by the batch,
    and a state is carried by moving averages, which in the first epochs say something else.
    """
    settings = model.settings
    return model.streams and settings.per == "reading" and settings.norm != "batch"


@dataclasses.dataclass(frozen=True)
class Windows:
    """M windows that go on one another. Their rows are those of the series, in order."""

    series: SeriesSet
    owner: Int[np.ndarray, " M"]
    """The series that each was cut from."""
    length: int
    """Rows of a window, at most."""

    @classmethod
    def cut(cls, series: SeriesSet, length: int) -> "Windows":
        """Windows of `length` rows, the last one of each series shorter."""
        return cls(*pieces(series, length), length)

    def starts(self, model: S5Model, batch_size: int) -> "Starts":
        """The state that each window starts from, by these weights, without dropout or gradient.

        Queries leave no trace, so only readings are gone through, and nothing of the last window
        of a series.
        """
        heard = self.series.keep(self.series.reading)
        # Round: how many readings a window has differs from draw to draw of the questions.
        eighth = max(self.length // 8, 1)
        length = -(-int(heard.lengths.max(initial=1)) // eighth) * eighth
        starts = Starts.empty(model, len(self.owner))
        for part, size in self._in_turn(batch_size, length, ~self._last):
            batch = heard.take(part).batch(length, size)
            starts.put(part + 1, _state_after(model, batch, starts.of(_padded(part, size))))
        return starts

    def answers(self, model: S5Model, batch_size: int) -> Float[np.ndarray, "R K"] | Gaussian:
        """The answers at every row: those of the whole series, at the memory of a window."""
        starts, last = Starts.empty(model, len(self.owner)), self._last
        n_rows, flat = len(self.series.times), None
        for part, size in self._in_turn(batch_size, self.length, self.owner >= 0):
            batch = self.series.take(part).batch(self.length, size)
            told, after = _onward(model, batch, starts.of(_padded(part, size)))
            starts.put(np.where(last[part], -1, part + 1), after)
            told = jax.tree.map(np.asarray, told)
            if flat is None:
                flat = jax.tree.map(lambda a: np.zeros((n_rows, a.shape[-1]), a.dtype), told)
            rows = self.series.rows(part)
            for out, new in zip(jax.tree.leaves(flat), jax.tree.leaves(told), strict=True):
                out[rows] = new[batch.real]
        assert flat is not None  # a series has a window, be it empty
        return flat

    @property
    def _last(self) -> Bool[np.ndarray, " M"]:
        """Which windows nothing follows."""
        return np.diff(self.owner, append=-1) != 0

    def _in_turn(self, most: int, length: int, chosen) -> Iterator[tuple[np.ndarray, int]]:
        """Some of the windows, the first of all series before the second of any, in batches."""
        begin = np.diff(self.owner, prepend=-1) != 0
        row = np.arange(len(self.owner))
        turn = row - np.maximum.accumulate(np.where(begin, row, 0))
        order = np.argsort(turn, kind="stable")
        order = order[chosen[order]]
        for members in np.split(order, np.flatnonzero(np.diff(turn[order])) + 1):
            size = rows_of_batch(len(members), length, most)
            for start in range(0, len(members), size):
                yield members[start : start + size], size


@dataclasses.dataclass(frozen=True)
class Starts:
    """The states of M windows, as leaves with M in front."""

    leaves: tuple[np.ndarray, ...]
    structure: Any

    @classmethod
    def empty(cls, model: S5Model, n: int) -> "Starts":
        """Of windows that are the first of their series."""
        leaves, structure = jax.tree.flatten(model.initial_state())
        return cls(
            tuple(np.repeat(np.asarray(leaf)[None], n, axis=0) for leaf in leaves), structure
        )

    def of(self, windows: Int[np.ndarray, " B"]) -> ModelState:
        """The states of some windows; -1, which is padding, has any."""
        return jax.tree.unflatten(self.structure, [leaf[windows] for leaf in self.leaves])

    def put(self, windows: Int[np.ndarray, " B"], states: ModelState) -> None:
        """Keep states, but for the windows -1; those beyond the B windows are padding."""
        kept = np.flatnonzero(windows >= 0)
        for leaf, new in zip(self.leaves, jax.tree.leaves(states), strict=True):
            leaf[windows[kept]] = np.asarray(new)[kept]


def rows_of_batch(n_series: int, length: int, most: int) -> int:
    """Rows of a batch: few distinct numbers, so that few shapes compile, and bounded memory."""
    fits = 1 << (max(MOST_STEPS // length, 1).bit_length() - 1)
    wanted = next((size for size in _FEW if n_series <= size <= most), most)
    return min(wanted, fits)


@eqx.filter_jit
@nan_for_errors()
def _onward(model, batch, states):
    return jax.vmap(model.run)(batch, states)


@eqx.filter_jit
@nan_for_errors()
def _state_after(model, batch, states):
    return jax.vmap(model.run)(batch, states)[1]


def _padded(part, size: int):
    return np.concatenate([part, np.full(size - len(part), -1)])

"""Many series go on from their states, in batches of few shapes."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
from jaxtyping import Bool, Float, Int

from ct_s5.batch import IrregularBatch
from ct_s5.nn import S5Model, state_of, vector_of
from ct_s5.ssm import nan_for_errors

# A stream should compile few shapes: one takes seconds, a padded step 8 microseconds at most.
_LENGTHS = 4 ** np.arange(6)
_SIZES = 16 ** np.arange(4)
_MOST_STEPS = 2**16


@dataclasses.dataclass(frozen=True)
class Steps:
    """Steps of n series end to end, T in all; `batch.SeriesSet` without times.

    A series may have none.
    """

    values: Float[np.ndarray, "T C"]
    observed: Bool[np.ndarray, "T C"]
    gaps: Float[np.ndarray, " T"]
    reading: Bool[np.ndarray, " T"]
    real: Bool[np.ndarray, " T"]
    owner: Int[np.ndarray, " T"]
    """Whose each step is; never decreases."""
    row: Int[np.ndarray, " T"]
    """The row of the caller's that it is; -1 where it is none."""

    def where(self, chosen: Bool[np.ndarray, " T"]) -> "Steps":
        """Some of the steps."""
        return Steps(**{name: array[chosen] for name, array in vars(self).items()})


def joined(earlier: Steps, later: Steps) -> Steps:
    """Steps of each series, the earlier ones first."""
    order = np.argsort(np.concatenate([earlier.owner, later.owner]), kind="stable")
    return Steps(
        **{
            name: np.concatenate([array, getattr(later, name)])[order]
            for name, array in vars(earlier).items()
        }
    )


def padding(owner: Int[np.ndarray, " n"], n_channels: int) -> Steps:
    """Steps that do nothing: at them the empty state is asked."""
    n = len(owner)
    blank, no = np.zeros((n, n_channels), np.float32), np.zeros(n, bool)
    return Steps(blank, blank > 0, np.zeros(n), no, no, owner, np.full(n, -1))


def by_row(n_rows: int, *parts: tuple[Steps, Any]):
    """The answers at steps that are rows, in the order of the rows."""
    told = [(steps.row, answers) for steps, answers in parts if answers is not None]

    def gathered(*arrays):
        out = np.zeros((n_rows, arrays[0].shape[-1]), arrays[0].dtype)
        for (row, _), array in zip(told, arrays, strict=True):
            out[row[row >= 0]] = array[row >= 0]
        return out

    return jax.tree.map(gathered, *(answers for _, answers in told))


Run = Callable[[IrregularBatch, np.ndarray], tuple[Any, Any]]


def compiled(model: S5Model) -> Run:
    """`model.run` for a batch of series, each state a vector.

    The weights are constants of it: what the layers derive from them is then computed once, at
    compilation. One step of one series takes a quarter of the time (0.1 ms against 0.4); that
    states come as one array instead of seventeen saves another third of a call. Nothing in it
    raises: gaps have been looked at before, and JAX can keep it on disk (docs/training.md).
    """
    empty = model.initial_state()

    @nan_for_errors()
    def one(batch, vector):
        answers, state = model.run(batch, state_of(vector, empty))
        return answers, vector_of(state)

    return jax.jit(jax.vmap(one))


def go_on(
    run: Run,
    steps: Steps,
    static: Float[np.ndarray, "n S"],
    states: Float[np.ndarray, "n D"],
) -> tuple[Any, Float[np.ndarray, "n D"]]:
    """Answers (T, K) at all steps, and the states after them; all have n in front.

    A series without a step keeps its state. Answers are None where there is no step at all.
    """
    lengths = np.bincount(steps.owner, minlength=len(static))
    starts = np.cumsum(lengths) - lengths
    states = states.copy()
    answers = None
    bucket = np.searchsorted(_LENGTHS, np.minimum(lengths, _LENGTHS[-1]))
    for b in np.unique(bucket[lengths > 0]):
        length = int(_LENGTHS[b])
        members = np.flatnonzero((bucket == b) & (lengths > 0))
        for done in range(0, int(lengths[members].max()), length):
            going = members[lengths[members] > done]
            for part, size in _parts(going, length):
                n_steps = np.minimum(lengths[part] - done, length)
                place = (starts[part] + done)[:, None] + np.arange(length)[None, :]
                there = np.arange(length)[None, :] < n_steps[:, None]
                batch = _laid_out(steps, place[there], there, static[part], size)
                told, after = run(batch, _padded(states[part], size))
                told = jax.tree.map(np.asarray, told)
                if answers is None:
                    answers = jax.tree.map(
                        lambda a: np.zeros((len(steps.owner), a.shape[-1]), a.dtype), told
                    )
                for out, new in zip(jax.tree.leaves(answers), jax.tree.leaves(told), strict=True):
                    out[place[there]] = new[: len(part)][there]
                states[part] = np.asarray(after)[: len(part)]
    return answers, states


def _parts(members, length: int) -> Iterator[tuple[Int[np.ndarray, " m"], int]]:
    """Series that go through together, and the rows that their batch has."""
    sizes = _SIZES[_SIZES * length <= _MOST_STEPS]
    done = 0
    while done < len(members):
        # Up to three rows of padding to one that is used cost less than a call for each few.
        size = int(sizes[sizes <= 4 * (len(members) - done)].max())
        yield members[done : done + size], size
        done += size


def _laid_out(steps: Steps, rows, there, static, size: int) -> IrregularBatch:
    place = np.nonzero(there)

    def padded(flat):
        out = np.zeros((size, there.shape[1], *flat.shape[1:]), flat.dtype)
        out[place] = flat[rows]
        return out

    gaps = padded(steps.gaps.astype(np.float32))
    return IrregularBatch(
        values=padded(steps.values),
        observed=padded(steps.observed),
        gaps=gaps,
        gaps_after=np.zeros_like(gaps),
        reading=padded(steps.reading),
        real=padded(steps.real),
        static=_padded(static, size),
    )


def _padded(rows, size: int):
    out = np.zeros((size, *rows.shape[1:]), rows.dtype)
    out[: len(rows)] = rows
    return out

"""One tiny training that the tests share, so that JAX compiles its step once."""

import dataclasses

import jax
import numpy as np

from ct_s5.batch import SeriesSet
from ct_s5.nn import ModelSettings, S5Model
from ct_s5.training import FitSettings, Targets

SETTINGS = FitSettings(max_epochs=4, batch_size=4, learning_rate=0.01, seed=3)
MODEL = ModelSettings(
    n_channels=2, n_outputs=2, width=8, states=8, depth=1, dropout=0.1, head="class"
)
NAMES = ("ada", "bob", "cleo", "dan", "eve", "flo")


def tiny_series(n_series=6, seed=0) -> SeriesSet:
    """Series of 4 readings at uneven times, with a quarter of the cells unobserved."""
    rng = np.random.default_rng(seed)
    n_rows = 4 * n_series
    observed = rng.random((n_rows, 2)) < 0.7
    observed[~observed.any(axis=1)] = True
    return SeriesSet(
        values=np.where(observed, rng.normal(size=(n_rows, 2)), 0).astype(np.float32),
        observed=observed,
        times=rng.exponential(size=(n_series, 4)).cumsum(axis=1).reshape(-1),
        reading=observed.any(axis=1),
        offsets=np.arange(0, n_rows + 1, 4),
        static=np.zeros((n_series, 0), np.float32),
    )


def tiny_model(**changes) -> S5Model:
    return S5Model(dataclasses.replace(MODEL, **changes), key=jax.random.key(1))


def classes(n=6) -> Targets:
    return Targets(np.arange(n, dtype=np.int32) % 2, np.ones(n))


def values(n_rows=24, weights=None) -> Targets:
    numbers = np.random.default_rng(5).normal(size=(n_rows, 1)).astype(np.float32)
    return Targets(numbers, np.ones(n_rows) if weights is None else weights)


def arrays_of(model) -> list[np.ndarray]:
    return [np.asarray(leaf) for leaf in jax.tree.leaves(model) if isinstance(leaf, jax.Array)]

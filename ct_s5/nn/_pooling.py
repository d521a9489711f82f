"""One vector a series, from its readings only."""

from typing import Literal, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from ct_s5.nn._segments import last_of_each, sum_of_each

Pooling = Literal["last", "mean", "gap_mean", "summary"]
POOLINGS: tuple[str, ...] = get_args(Pooling)


def pool(
    kind: Pooling,
    features: Float[Array, "L H"],
    encoded: Float[Array, "L H"],
    gaps: Float[Array, " L"],
    reading: Bool[Array, " L"],
    segments: Int[Array, " L"],
    n_series: int,
) -> Float[Array, "G F"]:
    """One vector from the features of each series; one without any reading pools to 0.

    Args:
        kind: "last" takes the features at the last reading, "mean" their mean over readings.
            "gap_mean" gives every reading the weight of the gap that ends with it, so that a burst
            of readings does not outvote the rest. "summary" is the mean with, beside it, the last
            reading as it was encoded before any block: what the series was like, and where it
            stands. (The features at the last reading in that place overfit: on 280 simulated
            oscillators the accuracy fell from 0.92 to 0.40.)
        features: The last block's outputs.
        encoded: The encoder's outputs.
        gaps: Time since the last reading before each step.
        reading: Steps that count.
        segments: Which series each step belongs to, from 0 on.
        n_series: G, how many there are.
    """
    whose = (reading, segments, n_series)
    match kind:
        case "last":
            return last_of_each(features, *whose)
        case "mean":
            return _mean(features, jnp.ones_like(gaps), *whose)
        case "gap_mean":
            return _mean(features, gaps, *whose)
        case "summary":
            mean = _mean(features, jnp.ones_like(gaps), *whose)
            return jnp.concatenate([mean, last_of_each(encoded, *whose)], axis=-1)
        case _:
            raise ValueError(f"pooling must be one of {', '.join(POOLINGS)}; got {kind!r}.")


def pooled_size(kind: Pooling, n_features: int) -> int:
    """F, the numbers that `pool` makes of H features."""
    return 2 * n_features if kind == "summary" else n_features


class PoolState(eqx.Module):
    """What the readings so far add up to. Arrays are (H,) or (); with L in front for every step."""

    total: Float[Array, "*L H"]
    """Sum of their features."""
    weighed: Float[Array, "*L H"]
    """The same, each weighed by its gap."""
    weight: Float[Array, "*L"]
    """Sum of their gaps."""
    count: Float[Array, "*L"]
    last: Float[Array, "*L H"]
    """Features of the last one."""
    last_encoded: Float[Array, "*L H"]

    @classmethod
    def empty(cls, n_features: int, dtype) -> "PoolState":
        """Before any reading."""
        # An array each, so that a caller can donate the state.
        shapes = ((n_features,), (n_features,), (), (), (n_features,), (n_features,))
        return cls(*(jnp.zeros(shape, dtype) for shape in shapes))


def pool_so_far(
    kind: Pooling,
    features: Float[Array, "L H"],
    encoded: Float[Array, "L H"],
    gaps: Float[Array, " L"],
    reading: Bool[Array, " L"],
    state: PoolState,
) -> tuple[Float[Array, "L F"], PoolState]:
    """`pool` of the readings up to each step, going on from those before; and the new sums."""
    counted = reading.astype(features.dtype)
    kept = jnp.where(reading[:, None], features, jnp.zeros_like(features))
    gaps = jnp.where(reading, gaps, jnp.zeros_like(gaps))
    total = state.total[None, :] + jnp.cumsum(kept, axis=0)
    weighed = state.weighed[None, :] + jnp.cumsum(gaps[:, None] * kept, axis=0)
    weight = state.weight + jnp.cumsum(gaps)
    count = state.count + jnp.cumsum(counted)
    at = lax.cummax(jnp.where(reading, jnp.arange(reading.shape[0]), -1)) + 1
    last = jnp.concatenate([state.last[None, :], features])[at]
    last_encoded = jnp.concatenate([state.last_encoded[None, :], encoded])[at]
    every = PoolState(total, weighed, weight, count, last, last_encoded)
    mean = total / jnp.maximum(count, jnp.ones_like(count))[:, None]
    match kind:
        case "last":
            pooled = last
        case "mean":
            pooled = mean
        case "gap_mean":
            some = (weight > 0)[:, None]
            divisor = jnp.where(some, weight[:, None], jnp.ones_like(weight[:, None]))
            pooled = jnp.where(some, weighed / divisor, mean)
        case "summary":
            pooled = jnp.concatenate([mean, last_encoded], axis=-1)
    # The one before too: there may be no step.
    end = jax.tree.map(lambda old, part: jnp.concatenate([old[None], part])[-1], state, every)
    return pooled, end


def _mean(features, weights, reading, segments, n_series):
    weights = jnp.where(reading, weights, jnp.zeros_like(weights))
    # Readings that all share one time have no gaps to weigh with: then each counts the same.
    some = sum_of_each(weights, segments, n_series) > 0
    weights = jnp.where(some[segments], weights, reading.astype(weights.dtype))
    total = sum_of_each(weights, segments, n_series)[:, None]
    kept = jnp.where(reading[:, None], features, jnp.zeros_like(features))
    sums = sum_of_each(weights[:, None] * kept, segments, n_series)
    return sums / jnp.where(total > 0, total, jnp.ones_like(total))

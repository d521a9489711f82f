"""One vector a series, from its readings only."""

from typing import Literal, get_args

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

Pooling = Literal["last", "mean", "gap_mean", "summary"]
POOLINGS: tuple[str, ...] = get_args(Pooling)


def pool(
    kind: Pooling,
    features: Float[Array, "L H"],
    encoded: Float[Array, "L H"],
    gaps: Float[Array, " L"],
    reading: Bool[Array, " L"],
) -> Float[Array, " F"]:
    """One vector from the features of a series; a series without any reading pools to 0.

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
    """
    match kind:
        case "last":
            return _last(features, reading)
        case "mean":
            return _mean(features, jnp.ones_like(gaps), reading)
        case "gap_mean":
            return _mean(features, gaps, reading)
        case "summary":
            mean = _mean(features, jnp.ones_like(gaps), reading)
            return jnp.concatenate([mean, _last(encoded, reading)])
        case _:
            raise ValueError(f"pooling must be one of {', '.join(POOLINGS)}; got {kind!r}.")


def pooled_size(kind: Pooling, n_features: int) -> int:
    """F, the numbers that `pool` makes of H features."""
    return 2 * n_features if kind == "summary" else n_features


def _last(features, reading):
    last = jnp.max(jnp.where(reading, jnp.arange(features.shape[0]), -1))
    return jnp.where(last >= 0, features[last], jnp.zeros_like(features[0]))


def _mean(features, weights, reading):
    weights = jnp.where(reading, weights, jnp.zeros_like(weights))
    # Readings that all share one time have no gaps to weigh with: then each counts the same.
    weights = jnp.where(jnp.sum(weights) > 0, weights, reading.astype(weights.dtype))
    total = jnp.sum(weights)
    kept = jnp.where(reading[:, None], features, jnp.zeros_like(features))
    return (weights @ kept) / jnp.where(total > 0, total, jnp.ones_like(total))

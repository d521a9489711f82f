"""Several series in one row: where each begins, and what each adds up to."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


def begins(segments: Int[Array, " L"] | None) -> Bool[Array, " L"] | None:
    """True where another series begins; None where the row is one series."""
    if segments is None:
        return None
    first = jnp.ones_like(segments[:1], dtype=bool)
    return jnp.concatenate([first, segments[1:] != segments[:-1]])


def sum_of_each(
    values: Float[Array, "L *F"], segments: Int[Array, " L"], n_series: int
) -> Float[Array, "G *F"]:
    """The sum over the steps of each series. What one of them holds never reaches another."""
    # Measured against a product with a matrix of flags: equal for one series a row, 4 times as fast
    # for 40.
    return jax.ops.segment_sum(values, segments, n_series)


def last_of_each(
    features: Float[Array, "L H"],
    chosen: Bool[Array, " L"],
    segments: Int[Array, " L"],
    n_series: int,
) -> Float[Array, "G H"]:
    """The features at each series' last chosen step; 0 where none is chosen."""
    step = jnp.where(chosen, jnp.arange(chosen.shape[0]), -1)
    last = jax.ops.segment_max(step, segments, n_series)[:, None]
    found = features[jnp.maximum(last[:, 0], 0)]
    return jnp.where(last >= 0, found, jnp.zeros_like(found))

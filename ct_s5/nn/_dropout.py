"""Dropout of whole features."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, UInt32

Keys = Key[Array, "*G"] | UInt32[Array, "*G _"]
"""One key; or, where several series share a row, one for each of them."""


def check_dropout(share: float) -> None:
    """Refuse a share that would drop everything, or less than nothing."""
    if not 0 <= share < 1:
        raise ValueError(f"dropout is a share from 0 to below 1; got {share}.")


def drop(
    share: float,
    inputs: Float[Array, "*L H"],
    key: Keys | None,
    segments: Int[Array, " L"] | None = None,
) -> Float[Array, "*L H"]:
    """Drop some features of a series, the same at every step, and scale up those that stay.

    One draw for the whole series, as in the published S5: were it one a step, a state could average
    the noise away. Where several share the row, `key` holds one for each of them. Without a key
    nothing is dropped.
    """
    if key is None or share == 0:
        return inputs

    def draw(key):
        return jax.random.bernoulli(key, 1 - share, inputs.shape[-1:])

    if segments is None:
        kept = draw(key).reshape((1,) * (inputs.ndim - 1) + inputs.shape[-1:])
    else:
        kept = jax.vmap(draw)(key)[segments]
    return jnp.where(kept, inputs / (1 - share), jnp.zeros_like(inputs))


def branch(key: Keys | None, n: int, segments: Int[Array, " L"] | None = None) -> list[Keys | None]:
    """`n` keys out of one, or out of each series' own; none out of none."""
    if key is None:
        return [None] * n
    if segments is None:
        return list(jax.random.split(key, n))
    return list(jax.vmap(lambda own: jax.random.split(own, n), out_axes=1)(key))

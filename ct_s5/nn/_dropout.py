"""Dropout of whole features."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


def drop(
    share: float, inputs: Float[Array, "*L H"], key: PRNGKeyArray | None
) -> Float[Array, "*L H"]:
    """Drop some features of one series, the same at every step, and scale up those that stay.

    One draw for the whole series, as in the published S5: were it one a step, a state could average
    the noise away. Without a key nothing is dropped.
    """
    if key is None or share == 0:
        return inputs
    shape = (1,) * (inputs.ndim - 1) + inputs.shape[-1:]
    kept = jax.random.bernoulli(key, 1 - share, shape)
    return jnp.where(kept, inputs / (1 - share), jnp.zeros_like(inputs))

"""How much is left of something after a time, at a learned pace: the decay of GRU-D."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


class Decay(eqx.Module):
    """exp(-max(0, weight * time + bias)) for each of F features: at most all of it.

    Reference: Che et al. 2018, arXiv:1606.01865, equation 10, with a diagonal weight.
    """

    weight: Float[Array, " F"]
    bias: Float[Array, " F"]

    def __init__(self, pace: Float[np.ndarray, " F"]):
        """Args: the first weights. Above 0: where nothing fades there is no slope to learn by."""
        self.weight = jnp.asarray(pace, jnp.result_type(float))
        self.bias = jnp.zeros_like(self.weight)

    def __call__(self, time: Float[Array, " F"]) -> Float[Array, " F"]:
        """The share that is left."""
        return jnp.exp(-jax.nn.relu(self.weight * time + self.bias))

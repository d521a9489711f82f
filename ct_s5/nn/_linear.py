"""A linear map of all steps at once."""

import equinox as eqx
from jaxtyping import Array, Float


def linear_steps(linear: eqx.nn.Linear, steps: Float[Array, "L F"]) -> Float[Array, "L K"]:
    """What `jax.vmap(linear)` gives, laid out step by step.

    The `vmap` of `weight @ x` lays its answers out feature by feature, and whatever reads them
    beside the steps then goes across memory: a sixth of a whole training step (measured).
    """
    outputs = steps @ linear.weight.T
    return outputs if linear.bias is None else outputs + linear.bias[None, :]

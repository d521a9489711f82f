"""A row of parameters laid out over the steps."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

_LONG = 1024


def over_steps(parameters: Float[Array, " K"], n_steps: int) -> Float[Array, "L K"]:
    """The same row for each of `n_steps` steps.

    Its gradient is the sum over the steps. Of one long series a product with a row of ones gives it
    up to 10 times as fast as XLA's own sum on a CPU; of many series at once, whose blocks are
    short, the sum is the faster one (measured: a sixth of the whole gradient at 16 x 1024).
    """
    rows: Any = _over_steps(parameters, n_steps)
    return rows


@functools.partial(jax.custom_vjp, nondiff_argnums=(1,))
def _over_steps(parameters, n_steps):
    return jnp.broadcast_to(parameters[None, :], (n_steps, *parameters.shape))


def _forward(parameters, n_steps):
    return _over_steps(parameters, n_steps), None


def _backward(n_steps, _, gradient):
    if n_steps < _LONG:
        return (jnp.sum(gradient, axis=0),)
    return (jnp.ones(n_steps, gradient.dtype) @ gradient,)


_over_steps.defvjp(_forward, _backward)

"""What the same parameters do at every step; their gradients are sums over all steps.

How such a sum is written decides what XLA makes of it on a CPU: a product of two matrices is up to
10 times as fast as a sum. Measured: `docs/scan.md`.
"""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

_LONG = 1024


def over_steps(parameters: Float[Array, " K"], steps: tuple[int, ...]) -> Float[Array, "*steps K"]:
    """The same row at every one of `steps`, axis by axis.

    Its gradient is the sum over the steps: of many as a product with a row of ones, of few by XLA's
    own sum, which is the faster one there.
    """
    rows: Any = _over_steps(parameters, steps)
    return rows


@functools.partial(jax.custom_vjp, nondiff_argnums=(1,))
def _over_steps(parameters, steps):
    return jnp.broadcast_to(parameters, (*steps, *parameters.shape))


def _over_steps_forward(parameters, steps):
    return _over_steps(parameters, steps), None


def _over_steps_backward(steps, _, gradient):
    n_steps, gradient = math.prod(steps), _flat(gradient)
    if n_steps < _LONG:
        return (jnp.sum(gradient, axis=0),)
    return (jnp.matmul(jnp.ones(n_steps, gradient.dtype), gradient, precision="highest"),)


_over_steps.defvjp(_over_steps_forward, _over_steps_backward)


def each_by(
    steps: Float[Array, "*steps"], parameters: Float[Array, " K"]
) -> Float[Array, "*steps K"]:
    """Every step's number times every parameter."""
    each: Any = _each_by(steps, parameters)
    return each


@jax.custom_vjp
def _each_by(steps, parameters):
    return steps[..., None] * parameters.reshape(*(1,) * steps.ndim, -1)


def _each_by_forward(steps, parameters):
    return _each_by(steps, parameters), (steps, parameters)


def _each_by_backward(kept, gradient):
    steps, parameters = kept
    times = functools.partial(jnp.matmul, precision="highest")
    of_steps = times(_flat(gradient), parameters).reshape(steps.shape)
    return of_steps, times(steps.reshape(-1), _flat(gradient))


_each_by.defvjp(_each_by_forward, _each_by_backward)


def product(
    rows: Float[Array, "*steps _"], matrix: Float[Array, "P H"], axis: int
) -> Float[Array, "*steps _"]:
    """The product of every row with the same matrix, over this axis of it.

    The matrix' gradient is made in the order in which it lies in memory, and of steps that are one
    axis: otherwise XLA transposes one of the two.
    """
    products: Any = _product(rows, matrix, axis)
    return products


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _product(rows, matrix, axis):
    return lax.dot_general(rows, matrix, (((rows.ndim - 1,), (axis,)), ((), ())))


def _product_forward(rows, matrix, axis):
    return _product(rows, matrix, axis), (rows, matrix)


def _product_backward(axis, kept, gradient):
    rows, matrix = kept
    first, second = (rows, gradient) if axis == 0 else (gradient, rows)
    of_matrix = lax.dot_general(_flat(first), _flat(second), (((0,), (0,)), ((), ())))
    return _product(gradient, matrix, 1 - axis), of_matrix


_product.defvjp(_product_forward, _product_backward)


def _flat(rows):
    return rows.reshape(-1, rows.shape[-1])

"""A model's state in real numbers, as files and stores hold it: by name, or as one vector."""

import jax
import jax.numpy as jnp
from jax import lax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree


def parts_of(state: PyTree) -> PyTree:
    """The same arrays; complex ones are real with one more axis, of 2."""

    def parts(array):
        return jnp.stack([array.real, array.imag], axis=-1) if jnp.iscomplexobj(array) else array

    return jax.tree.map(parts, state)


def whole_of(parts: PyTree, like: PyTree) -> PyTree:
    """The state that those parts are of."""

    def whole(part, like):
        return lax.complex(part[..., 0], part[..., 1]) if jnp.iscomplexobj(like) else part

    return jax.tree.map(whole, parts, like)


def vector_of(state: PyTree) -> Float[Array, " D"]:
    """All numbers of a state, end to end."""
    return ravel_pytree(parts_of(state))[0]


def state_of(vector: Float[Array, " D"], like: PyTree) -> PyTree:
    """The state that a vector is of."""
    return whole_of(ravel_pytree(parts_of(like))[1](vector), like)

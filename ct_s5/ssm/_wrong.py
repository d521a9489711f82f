"""What compiled code does with a number that cannot be right: stop, or, in a file, answer NaN."""

import contextlib
import contextvars

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

_RAISES = contextvars.ContextVar("raises", default=True)


@contextlib.contextmanager
def nan_for_errors():
    """Functions traced inside answer NaN where they would raise.

    For `jax.export`, whose functions cannot carry an error.
    """
    token = _RAISES.set(False)
    try:
        yield
    finally:
        _RAISES.reset(token)


def error_if(x: Float[Array, "*x"], wrong: Bool[Array, "..."], message: str) -> Float[Array, "*x"]:
    """`x`; an error at run time where any of it is wrong, or NaN there inside `nan_for_errors`."""
    if _RAISES.get():
        return eqx.error_if(x, wrong, message)
    return jnp.where(wrong, jnp.full_like(x, jnp.nan), x)

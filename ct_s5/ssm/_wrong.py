"""What compiled code does with a number that cannot be right: stop, or, where asked, answer NaN."""

import contextlib
import contextvars

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

_RAISES = contextvars.ContextVar("raises", default=True)


@contextlib.contextmanager
def nan_for_errors():
    """Functions traced inside answer NaN where they would raise.

    For `jax.export`, whose functions cannot carry an error; and for `fit`, `predict` and `update`,
    which look for such numbers beforehand, so that JAX can keep on disk what they compile. A layer
    of your own that calls `error_if` answers NaN there too.
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

"""What a row of steps must look like before a layer touches it."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float


class Kinds(NamedTuple):
    """What kind the steps are; None where all are alike."""

    reading: Bool[Array, " L"] | None
    """True on a reading, False on a query or padding."""
    real: Bool[Array, " L"] | None
    """False on padding."""
    reset: Bool[Array, " L"] | None
    """True where another series begins."""


def checked_rows(
    n_features: int,
    inputs: Float[Array, "L H"],
    gaps: Float[Array, " L"],
    reading: Bool[Array, " L"] | None,
    real: Bool[Array, " L"] | None,
    reset: Bool[Array, " L"] | None,
    dtype,
) -> tuple[Float[Array, "L H"], Kinds]:
    """Inputs with padding set to 0, and the kinds of the steps.

    Raises:
        ValueError: As `checked_flags`.
    """
    inputs = jnp.asarray(inputs, dtype)
    reading, real, reset = checked_flags(
        n_features, inputs, reading=reading, real=real, reset=reset, gaps=gaps
    )
    if real is not None:
        # Before anything else touches them: NaN * 0 is NaN.
        inputs = jnp.where(real[:, None], inputs, jnp.zeros_like(inputs))
        reading = real if reading is None else reading & real
    return inputs, Kinds(reading, real, reset)


def checked_flags(
    n_features: int, inputs: Float[Array, "L H"], *, reading, real, reset, **gaps
) -> tuple[Bool[Array, " L"] | None, ...]:
    """`reading`, `real` and `reset` as arrays, as they may also be lists; None stays None.

    Raises:
        ValueError: Inputs that are no series of `n_features`, gaps or flags that are not one a
            step, or flags that are anything but True and False.
    """
    if inputs.ndim != 2 or inputs.shape[1] != n_features:
        raise ValueError(
            f"inputs must have shape (L, H) = (L, {n_features}) for one series; got "
            f"{inputs.shape}. Use jax.vmap for a batch."
        )
    n_steps = inputs.shape[0]
    flags = {"reading": reading, "real": real, "reset": reset}
    flags = {k: None if flag is None else jnp.asarray(flag) for k, flag in flags.items()}
    for name, array in (gaps | flags).items():
        if array is not None and np.shape(array) != (n_steps,):
            raise ValueError(
                f"{name} has shape {np.shape(array)}, inputs has {n_steps} steps: one entry a "
                f"step, shape ({n_steps},)."
            )
    for name, flag in flags.items():
        if flag is not None and flag.size and flag.dtype != np.bool_:
            raise ValueError(
                f"{name} is of {flag.dtype}: one True or False a step, as {name} > 0 gives."
            )
    return tuple(None if flag is None else flag.astype(bool) for flag in flags.values())

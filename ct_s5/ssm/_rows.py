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
        ValueError: Shapes that do not fit.
    """
    inputs = jnp.asarray(inputs, dtype)
    reading, real, reset = read_flags(reading=reading, real=real, reset=reset)
    check_shapes(n_features, inputs, gaps=gaps, reading=reading, real=real, reset=reset)
    if real is not None:
        # Before anything else touches them: NaN * 0 is NaN.
        inputs = jnp.where(real[:, None], inputs, jnp.zeros_like(inputs))
        reading = real if reading is None else reading & real
    return inputs, Kinds(reading, real, reset)


def read_flags(**flags) -> list[Bool[Array, " L"] | None]:
    """Arrays of what may also be lists.

    Raises:
        ValueError: Anything but True and False.
    """
    for name, flag in flags.items():
        found = None if flag is None else jnp.asarray(flag)
        if found is not None and found.size and found.dtype.kind != "b":
            raise ValueError(
                f"{name} is of {found.dtype}: one True or False a step, as {name} > 0 gives."
            )
    return [None if flag is None else jnp.asarray(flag, bool) for flag in flags.values()]


def check_shapes(n_features: int, inputs: Float[Array, "L H"], **entries) -> None:
    """Refuse inputs that are no series of `n_features`, or entries that are not one a step.

    Raises:
        ValueError: Shapes that do not fit.
    """
    if inputs.ndim != 2 or inputs.shape[1] != n_features:
        raise ValueError(
            f"inputs must have shape (L, H) = (L, {n_features}) for one series; got "
            f"{inputs.shape}. Use jax.vmap for a batch."
        )
    n_steps = inputs.shape[0]
    for name, array in entries.items():
        if array is not None and np.shape(array) != (n_steps,):
            raise ValueError(
                f"{name} has shape {np.shape(array)}, inputs has {n_steps} steps: one entry a "
                f"step, shape ({n_steps},)."
            )

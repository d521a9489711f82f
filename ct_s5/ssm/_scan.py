"""The diagonal linear recurrence, the one loop of the library."""

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Complex


def diagonal_scan(
    decay: Complex[Array, "L Q"],
    drive: Complex[Array, "L Q"],
    *,
    initial: Complex[Array, " Q"] | None = None,
    reset: Bool[Array, " L"] | None = None,
    reverse: bool = False,
) -> Complex[Array, "L Q"]:
    """`x_k = decay_k x_{k-1} + drive_k` along axis 0, all states at once.

    Args:
        decay: Factor on the state before each step.
        drive: What each step adds.
        initial: The state before the first step met; zeros when left out.
        reset: True where another series begins: everything before is forgotten, `initial` included.
            The same flags serve both directions: backwards, a series begins at its last step.
        reverse: Run from the last step to the first, `x_k = decay_k x_{k+1} + drive_k`.

    Returns:
        The state after every step.
    """
    if decay.shape != drive.shape:
        raise ValueError(
            f"decay has shape {decay.shape}, drive {drive.shape}: both must be (L, Q)."
        )
    if initial is None:
        initial = jnp.zeros_like(drive, shape=drive.shape[1:])
    if reset is None:
        reset = jnp.zeros(drive.shape[0], bool)
    elif reverse:
        reset = jnp.concatenate([reset[1:], jnp.zeros_like(reset[:1])])

    # Real arithmetic: on a CPU a loop over pairs of reals takes half the time of a complex one.
    # A reset selects, it does not multiply: 0 times an infinite state would be NaN.
    def step(state, inputs):
        begins, a_re, a_im, b_re, b_im = inputs
        re, im = (jnp.where(begins, jnp.zeros_like(part), part) for part in state)
        new = (a_re * re - a_im * im + b_re, a_re * im + a_im * re + b_im)
        return new, new

    _, (re, im) = lax.scan(
        step,
        (initial.real, initial.imag),
        (reset, decay.real, decay.imag, drive.real, drive.imag),
        reverse=reverse,
    )
    return lax.complex(re, im)

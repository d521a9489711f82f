"""The diagonal linear recurrence, the one loop of the library, and its gradient.

    x_k = a_k x_{k-1} + b_k

The gradient of a loss with respect to the states, g, runs through the same recurrence from the
other end, `l_k = g_k + conj(a_{k+1}) l_{k+1}`, and is then `l_k` with respect to b_k and
`conj(x_{k-1}) l_k` with respect to a_k. So the backward pass keeps the states and nothing else,
where JAX's own derivative of a loop would store every intermediate of every step.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Complex

from ct_s5.ssm._choice import Inner, Scan, choose
from ct_s5.ssm._pairs import Pair, conjugate, join, plus, select, split, times, zeros_like


def diagonal_scan(
    decay: Complex[Array, "L Q"],
    drive: Complex[Array, "L Q"],
    *,
    initial: Complex[Array, " Q"] | None = None,
    reset: Bool[Array, " L"] | None = None,
    reverse: bool = False,
    scan: Scan = "auto",
) -> Complex[Array, "L Q"]:
    """`x_k = decay_k x_{k-1} + drive_k` along axis 0, all states at once.

    Args:
        decay: Factor on the state before each step.
        drive: What each step adds.
        initial: The state before the first step met; zeros when left out.
        reset: True where another series begins: everything before is forgotten, `initial` included.
            The same flags serve both directions: backwards, a series begins at its last step.
        reverse: Run from the last step to the first, `x_k = decay_k x_{k+1} + drive_k`.
        scan: How; see `ct_s5.ssm.SCANS`. "blocked" is "sequential" here, where all states are
            answers and none could be left out.

    Returns:
        The state after every step.
    """
    if decay.shape != drive.shape or decay.ndim != 2:
        raise ValueError(
            f"decay has shape {decay.shape}, drive {drive.shape}: both must be (L, Q)."
        )
    if initial is None:
        initial = jnp.zeros_like(drive, shape=drive.shape[1:])
    flip = (lambda part: part[::-1]) if reverse else (lambda part: part)
    begins = reset
    if reset is not None and reverse:
        begins = begins_backwards(reset)[::-1]
    moves, drives = jax.tree.map(flip, (split(decay), split(drive)))
    states = scan_pairs(choose(scan).inner, moves, drives, split(initial), begins)
    return join(jax.tree.map(flip, states))


def begins_backwards(reset: Bool[Array, " L"]) -> Bool[Array, " L"]:
    """Where series begin for the backward direction: at the last step of each but the last."""
    return jnp.concatenate([reset[1:], jnp.zeros_like(reset[:1])])


def scan_pairs(
    inner: Inner, decay: Pair, drive: Pair, initial: Pair, begins: Bool[Array, " L"] | None
) -> Pair:
    """The states (L, Q) after every step, forwards; `begins` forgets everything before a step."""
    states: Any = _scan(inner, decay, drive, initial, begins)
    return states


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _scan(inner, decay, drive, initial, begins):
    return _RUN[inner](decay, drive, initial, begins)


def _scan_forward(inner, decay, drive, initial, begins):
    states = _RUN[inner](decay, drive, initial, begins)
    return states, (decay, states, initial, begins)


def _scan_backward(inner, kept, gradient):
    decay, states, initial, begins = kept
    adjoint, at_start = _ADJOINT[inner](decay, gradient, begins)
    # The state that each decay multiplied: none where a series begins.
    past = jax.tree.map(lambda own, all: jnp.concatenate([own[None], all[:-1]]), initial, states)
    if begins is not None:
        past = _forget(begins[:, None], past)
    return times(conjugate(past), adjoint), adjoint, at_start, None


_scan.defvjp(_scan_forward, _scan_backward)


def _forget(begins, state: Pair) -> Pair:
    # A reset selects, it does not multiply: 0 times an infinite state would be NaN.
    return select(begins, zeros_like(state), state)


def _run_sequential(decay, drive, initial, begins):
    def step(state, inputs):
        a, b, begin = inputs
        state = state if begin is None else _forget(begin, state)
        state = plus(times(a, state), b)
        return state, state

    return lax.scan(step, initial, (decay, drive, begins))[1]


def _adjoint_sequential(decay, gradient, begins):
    def step(later, inputs):
        a, g, begin = inputs
        adjoint = plus(g, later)
        earlier = times(conjugate(a), adjoint)
        return (earlier if begin is None else _forget(begin, earlier)), adjoint

    steps = (decay, gradient, begins)
    at_start, adjoint = lax.scan(step, _nothing(gradient), steps, reverse=True)
    return adjoint, at_start


def _run_associative(decay, drive, initial, begins):
    """All steps in about 2 log2 L rounds, for devices with thousands of lanes."""
    if not len(drive[0]):
        return drive
    start = times(_row(decay, 0), initial)
    start = plus(_row(drive, 0), start if begins is None else _forget(begins[0], start))
    drive = jax.tree.map(lambda part, first: part.at[0].set(first), drive, start)
    if begins is None:

        def combine(earlier, later):
            (a, b), (c, d) = earlier, later
            return times(c, a), plus(times(c, b), d)

        return lax.associative_scan(combine, (decay, drive))[1]

    def combine_series(earlier, later):
        (a, b, p), (c, d, q) = earlier, later
        return times(c, a), plus(_forget(q, times(c, b)), d), p | q

    flags = jnp.broadcast_to(begins[:, None], decay[0].shape)
    return lax.associative_scan(combine_series, (decay, drive, flags))[1]


def _adjoint_associative(decay, gradient, begins):
    """The same recurrence on the mirrored row, each decay moved to the step before its own."""

    def mirrored(part):
        return jnp.concatenate([part[1:], jnp.zeros_like(part[:1])])[::-1]

    moved = jax.tree.map(mirrored, (conjugate(decay), begins))
    gradient = jax.tree.map(lambda part: part[::-1], gradient)
    states = _run_associative(moved[0], gradient, _nothing(gradient), moved[1])
    adjoint = jax.tree.map(lambda part: part[::-1], states)
    if not len(decay[0]):
        return adjoint, _nothing(gradient)
    at_start = times(conjugate(_row(decay, 0)), _row(adjoint, 0))
    return adjoint, (at_start if begins is None else _forget(begins[0], at_start))


def _row(z: Pair, k: int) -> Pair:
    return z[0][k], z[1][k]


def _nothing(like: Pair) -> Pair:
    """The empty state that goes with some steps."""
    return jax.tree.map(lambda part: jnp.zeros_like(part, shape=part.shape[1:]), like)


_RUN = {"sequential": _run_sequential, "associative": _run_associative}
_ADJOINT = {"sequential": _adjoint_sequential, "associative": _adjoint_associative}

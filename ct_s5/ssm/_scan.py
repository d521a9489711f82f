"""The diagonal linear recurrence, the one loop of the library, and its gradient.

    x_k = a_k x_{k-1} + b_k

The gradient of a loss with respect to the states, g, runs through the same recurrence from the
other end, `l_k = g_k + conj(a_{k+1}) l_{k+1}`, and is then `l_k` with respect to b_k and
`conj(x_{k-1}) l_k` with respect to a_k. So the backward pass keeps the states and nothing else,
where JAX's own derivative of a loop would store every intermediate of every step.
"""

import functools
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Complex

from ct_s5.ssm._choice import Scan, choose
from ct_s5.ssm._pairs import Pair, conjugate, join, plus, select, split, times, zeros_like

Run = Literal["sequential", "associative", "exact tree"]


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
    for name, array, shape in (
        ("initial", initial, drive.shape[1:]),
        ("reset", reset, drive.shape[:1]),
    ):
        if array is not None and jnp.shape(array) != shape:
            raise ValueError(f"{name} has shape {jnp.shape(array)}; it must be {shape}.")
    if initial is None:
        initial = jnp.zeros_like(drive, shape=drive.shape[1:])
    flip = (lambda part: part[::-1]) if reverse else (lambda part: part)
    begins = reset
    if reset is not None and reverse:
        begins = begins_backwards(reset)[::-1]
    moves, drives = jax.tree.map(flip, (split(decay), split(drive)))
    less_one = (moves[0] - 1, moves[1])
    states = scan_pairs(choose(scan).inner, less_one, drives, split(initial), begins)
    return join(jax.tree.map(flip, states))


def begins_backwards(reset: Bool[Array, " L"]) -> Bool[Array, " L"]:
    """Where series begin for the backward direction: at the last step of each but the last."""
    return jnp.concatenate([reset[1:], jnp.zeros_like(reset[:1])])


def scan_pairs(
    run: Run, less_one: Pair, drive: Pair, initial: Pair, begins: Bool[Array, "L *N"] | None
) -> Pair:
    """The states (L, *N, Q) after every step, forwards; `begins` forgets everything before a step.

    The decay comes less one. As `x + (less_one x + drive)` the loop rounds a state that hardly
    forgets once a step, up as often as down; `decay x` is off the same way at every step, as the
    decay is. Two decays less one, first a, then c, make `a + (c a + c)`.
    """
    states: Any = _scan(run, less_one, drive, initial, begins)
    return states


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _scan(run, less_one, drive, initial, begins):
    return _RUN[run](less_one, drive, initial, begins)


def _scan_forward(run, less_one, drive, initial, begins):
    states = _RUN[run](less_one, drive, initial, begins)
    return states, (less_one, states, initial, begins)


def _scan_backward(run, kept, gradient):
    less_one, states, initial, begins = kept
    adjoint, at_start = _adjoint(run, less_one, gradient, begins)
    # The state that each decay multiplied: none where a series begins.
    past = jax.tree.map(lambda own, all: jnp.concatenate([own[None], all[:-1]]), initial, states)
    if begins is not None:
        past = _forget(begins, past)
    return times(conjugate(past), adjoint), adjoint, at_start, None


_scan.defvjp(_scan_forward, _scan_backward)


def _adjoint(run, less_one, gradient, begins):
    """The same recurrence from the other end, each decay moved to the step before its own."""
    nothing = _nothing(gradient)
    if not len(less_one[0]):
        return gradient, nothing

    def before(part):
        return jnp.concatenate([part[1:], jnp.zeros_like(part[:1])])

    moves, cuts = jax.tree.map(before, (conjugate(less_one), begins))
    adjoint = _RUN[run](moves, gradient, nothing, cuts, reverse=True)
    at_start = _moved(conjugate(_row(less_one, 0)), _row(adjoint, 0), nothing)
    return adjoint, (at_start if begins is None else _forget(begins[0], at_start))


def _forget(begins, state: Pair) -> Pair:
    # A reset selects, it does not multiply: 0 times an infinite state would be NaN.
    return select(begins[..., None], zeros_like(state), state)


def _moved(less_one: Pair, state: Pair, drive: Pair) -> Pair:
    # A state of which less than half is left takes its decay as such, and keeps no rounding of what
    # it was: far out values are forgotten altogether.
    keeps = less_one[0] > -0.5
    kept = select(keeps, state, zeros_like(state))
    factor = (jnp.where(keeps, less_one[0], less_one[0] + 1), less_one[1])
    return plus(kept, plus(times(factor, state), drive))


def _run_sequential(less_one, drive, initial, begins, *, reverse=False):
    def step(state, inputs):
        m, b, begin = inputs
        state = state if begin is None else _forget(begin, state)
        state = _moved(m, state, b)
        return state, state

    return lax.scan(step, initial, (less_one, drive, begins), reverse=reverse)[1]


def _run_associative(less_one, drive, initial, begins, *, reverse=False, whole=True):
    """All steps in about 2 log2 L rounds, for devices with thousands of lanes.

    It multiplies decays as they are, or less one if not `whole`: that is exact, and slower.
    """
    if not len(drive[0]):
        return drive
    first = -1 if reverse else 0
    initial = initial if begins is None else _forget(begins[first], initial)
    start = _moved(_row(less_one, first), initial, _row(drive, first))
    drive = jax.tree.map(lambda part, state: part.at[first].set(state), drive, start)
    move = (less_one[0] + 1, less_one[1]) if whole else less_one

    def on(earlier, move, drive):
        return plus(times(move, earlier), drive) if whole else _moved(move, earlier, drive)

    def both(earlier, later):
        return times(later, earlier) if whole else _moved(later, earlier, later)

    if begins is None:

        def combine(earlier, later):
            (a, b), (c, d) = earlier, later
            return both(a, c), on(b, c, d)

        return lax.associative_scan(combine, (move, drive), reverse=reverse)[1]

    def combine_series(earlier, later):
        (a, b, p), (c, d, q) = earlier, later
        return both(a, c), on(_forget(q, b), c, d), p | q

    return lax.associative_scan(combine_series, (move, drive, begins), reverse=reverse)[1]


def _row(z: Pair, k: int) -> Pair:
    return z[0][k], z[1][k]


def _nothing(like: Pair) -> Pair:
    """The empty state that goes with some steps."""
    return jax.tree.map(lambda part: jnp.zeros_like(part, shape=part.shape[1:]), like)


_RUN = {
    "sequential": _run_sequential,
    "associative": _run_associative,
    "exact tree": functools.partial(_run_associative, whole=False),
}

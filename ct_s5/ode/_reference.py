"""The slow reference: an ODE solver crosses each gap that the layer crosses in closed form."""

import functools

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

REFERENCE_HOLDS = ("zoh", "zoh_forward", "foh")


def solve_reference(
    rates: Complex[Array, " Q"],
    timescales: Float[Array, " Q"],
    input_map: Complex[Array, "Q H"],
    times: Float[Array, " L"],
    inputs: Float[Array, "L H"],
    hold: str,
    *,
    first_gap: float = 1.0,
    rtol: float | None = None,
) -> Complex[Array, "L Q"]:
    """Solve `x' = timescale * (rate * x + B u(t))` with Diffrax, from x = 0.

    What a layer computes in one scan, by stepping: Dormand and Prince's order 8, its steps
    chosen by an error estimate, each gap on its own, because the input may jump at a reading.

    Args:
        rates: Continuous-time eigenvalues, per model unit.
        timescales: Positive factors on time, one a state.
        input_map: B.
        times: Sorted times of the readings, in model units. Two may be equal.
        inputs: The readings.
        hold: What u(t) is between readings: `"zoh"`, the reading at the end of the gap;
            `"zoh_forward"`, the one at its start; `"foh"`, a straight line from one to the other.
            The reading before the first is 0.
        first_gap: The solve begins this long before the first reading.
        rtol: Relative tolerance of a solver step; left out, near the best the precision allows.

    Returns:
        The state at each reading.

    Raises:
        ValueError: A hold that is no input over time, or an unknown one.
    """
    if hold not in REFERENCE_HOLDS:
        raise ValueError(
            f"hold={hold!r} has no reference solution: choose one of {', '.join(REFERENCE_HOLDS)}. "
            "The others are not the response to an input in continuous time."
        )
    return _solve(rates, timescales, input_map, times, inputs, hold, first_gap, rtol)


@eqx.filter_jit
def _solve(rates, timescales, input_map, times, inputs, hold, first_gap, rtol):
    gaps = jnp.diff(times, prepend=times[:1] - first_gap)
    v = inputs.astype(rates.dtype) @ input_map.T
    held = jnp.concatenate([jnp.zeros_like(v[:1]), v[:-1]])
    begin, end = {"zoh": (v, v), "zoh_forward": (held, held), "foh": (held, v)}[hold]
    if rtol is None:
        rtol = 1e-14 if gaps.dtype == jnp.float64 else 1e-6
    cross = functools.partial(_cross, rates, timescales, rtol)
    return jax.lax.scan(cross, jnp.zeros_like(v[0]), (gaps, begin, end))[1]


def _cross(rates, timescales, rtol, state, gap_and_drive):
    gap, begin, end = gap_and_drive
    d = (timescales * gap).astype(rates.dtype)

    def slope(s, y, _):
        # Diffrax warns of complex states, so one is a pair of real arrays while it travels.
        x = jax.lax.complex(*y)
        u = begin + s.astype(rates.dtype) * (end - begin)
        change = d * (rates * x + u)
        return change.real, change.imag

    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(slope),
        diffrax.Dopri8(),
        t0=0.0,  # the share of the gap that is crossed, so that a gap of 0 is no special case
        t1=1.0,
        dt0=None,
        y0=(state.real, state.imag),
        stepsize_controller=diffrax.PIDController(rtol=rtol, atol=rtol / 10),
        max_steps=100_000,
    )
    state = jax.lax.complex(*jax.tree.map(lambda y: y[0], solution.ys))
    return state, state

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ct_s5.ode import solve_reference
from oracles.expm import cross_gap

P_HALF, H, L = 4, 3, 12


@pytest.mark.parametrize("hold", ["zoh", "zoh_forward", "foh"])
def test_the_solver_agrees_with_the_matrix_exponential(hold, precision):
    rng = np.random.default_rng(0)
    rates = -rng.uniform(0.1, 1, P_HALF) + 1j * rng.normal(size=P_HALF) * 5
    timescales = rng.uniform(0.05, 1, P_HALF)
    input_map = rng.normal(size=(P_HALF, H)) + 1j * rng.normal(size=(P_HALF, H))
    inputs = rng.normal(size=(L, H))
    # Quarters, so that float32 holds the times exactly; some readings share a time.
    gaps = rng.integers(0, 8, L) / 4
    gaps[[0, 5]] = 0.75, 0
    times = 100 + np.cumsum(gaps)

    state, before, expected = np.zeros(P_HALF), np.zeros(H), []
    for u, gap in zip(inputs, gaps, strict=True):
        begin, end = {"zoh": (u, u), "zoh_forward": (before, before), "foh": (before, u)}[hold]
        state = cross_gap(rates, timescales, input_map, gap, state, begin, end)
        expected.append(state)
        before = u

    def real(x):
        return jnp.asarray(x, precision)

    def pair(x):
        return jax.lax.complex(real(x.real), real(x.imag))

    states = solve_reference(
        pair(rates), real(timescales), pair(input_map), real(times), real(inputs), hold,
        first_gap=0.75,
    )  # fmt: skip
    assert states.real.dtype == precision
    error = np.abs(states - np.array(expected)).max() / np.abs(expected).max()
    assert error < {"float32": 3e-6, "float64": 1e-12}[precision]


@pytest.mark.parametrize("hold", ["impulse", "linear"])
def test_a_hold_that_is_no_input_over_time_is_refused(hold):
    one, pair = jnp.ones(1), jnp.ones(1, jnp.complex64)
    with pytest.raises(ValueError, match=f"{hold}.*choose one of zoh, zoh_forward, foh"):
        solve_reference(pair, one, pair[:, None], one, one[:, None], hold)

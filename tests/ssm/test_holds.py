import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from drawn import EXACT, every_hold

from ct_s5.ssm import HOLDS, discretise
from oracles.expm import cross_gap

RATES = [-0.5 + 3j, -2.0 + 0j, -1e-8 + 0j, -1e-3 + 40j]
GAPS = [0.0, 1e-6, 0.3, 1.0, 7.0, 1e4]


def cross(hold, rate, timescale, gap, before, held, now):
    """The state after a gap by `discretise`, for one state."""
    factors = discretise(hold, jnp.asarray([rate]), jnp.asarray([timescale]), jnp.asarray([gap]))
    decay, gain, held_gain = (0 if x is None else np.asarray(x)[0, 0] for x in factors)
    return decay * before + gain * now + held_gain * held


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hold", ["zoh", "zoh_forward", "foh"])
def test_a_gap_is_crossed_as_the_matrix_exponential_crosses_it(hold, rate, gap):
    before, held, now = 0.7 - 0.2j, -1.3, 0.4
    begin, end = {"zoh": (now, now), "zoh_forward": (held, held), "foh": (held, now)}[hold]
    with jax.enable_x64(True):
        state = cross(hold, rate, 0.3, gap, before, held, now)
    # The exponential of a matrix loses a digit for every turn of the state that it crosses.
    exact = cross_gap([rate], [0.3], [[1.0]], gap, [before], [begin], [end])[0]
    np.testing.assert_allclose(state, exact, rtol=1e-9)


@pytest.mark.parametrize("gap", [1e-6, 1.0, 1e4])
def test_the_other_holds_are_their_formulas(gap, precision):
    rate, timescale, before, held, now = -0.5 + 3j, 0.25, 0.7 - 0.2j, -1.3, 0.4
    dtype = {"float32": "complex64", "float64": "complex128"}[precision]
    z, unit = rate * timescale * gap, rate * timescale
    expected = {
        "bilinear": ((1 + z / 2) * before + timescale * gap * now) / (1 - z / 2),
        "impulse": np.exp(z) * before + now,
        "async": np.exp(z) * before + (np.exp(unit) - 1) / unit * timescale * now,
    }
    for hold, state in expected.items():
        rate_ = np.asarray(rate, dtype)
        answer = cross(hold, rate_, np.asarray(timescale, precision), np.asarray(gap, precision),
                       before, held, now)  # fmt: skip
        assert abs(answer - state) < EXACT[precision] * abs(state)


def test_a_gap_of_nothing_writes_nothing_but_an_event():
    for hold in HOLDS:
        state = cross(hold, np.complex64(-1 + 2j), np.float32(0.5), np.float32(0), 0.5, 3.0, 2.0)
        unit = np.expm1(-0.5 + 1j) / (-1 + 2j)
        written = {"impulse": 2.0, "async": 2.0 * unit}.get(hold, 0.0)
        np.testing.assert_allclose(state, 0.5 + written, rtol=1e-6)


@functools.partial(jax.jit, static_argnums=0)
@functools.partial(jax.value_and_grad, argnums=1)
def one_number(hold, rate_and_timescale):
    """Of all factors at several gaps; sines, so that no two of them cancel."""
    re, im, timescale = rate_and_timescale
    gaps = jnp.array([0.0, 1e-6, 1.0, 30.0])
    factors = discretise(hold, jax.lax.complex(re, im)[None], timescale[None], gaps)
    parts = [part for x in factors if x is not None for part in (x.real, x.imag)]
    return sum(jnp.sum(jnp.sin(part + n)) for n, part in enumerate(parts))


@pytest.mark.parametrize("rate", [-1e-8 + 0j, -1e-12 + 1e-10j, 0j, -1e-4 + 0j, -0.4 + 0.3j])
@every_hold
def test_gradients_stay_right_as_a_rate_goes_to_zero(hold, rate):
    with jax.enable_x64(True):

        def value(at):
            return float(one_number(hold, at)[0])

        at, h = np.array([rate.real, rate.imag, 0.3]), 1e-4
        gradient = np.asarray(one_number(hold, at)[1])
        for n, towards in enumerate(h * np.eye(3)):
            far = value(at + 2 * towards) - value(at - 2 * towards)
            near = value(at + towards) - value(at - towards)
            difference = (8 * near - far) / (12 * h)
            np.testing.assert_allclose(gradient[n], difference, rtol=1e-8, atol=1e-8)


def test_a_long_silence_is_forgotten_by_every_hold_but_bilinear():
    for hold in HOLDS:
        decay = discretise(hold, jnp.asarray([-0.5 + 3j]), jnp.ones(1), jnp.asarray([1e4])).decay
        np.testing.assert_allclose(decay[0, 0], -1 if hold == "bilinear" else 0, atol=1e-3)


def test_an_unknown_hold_is_named_beside_the_known_ones():
    with pytest.raises(ValueError, match=r"hold must be one of zoh, zoh_forward, .*; got 'zoo'"):
        discretise("zoo", jnp.ones(1, complex), jnp.ones(1), jnp.ones(1))

"""A long row in single precision: the gradients of the loop, written out in double precision."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from drawn import LOOP, H, draw_layer, error, loop, quick_jit, readings

from ct_s5.ssm import S5Layer, _choice

LONG, FEATURES, STATES = 65_536, 4, 64


@pytest.fixture(autouse=True)
def _blocks_as_users_have_them(monkeypatch, _short_blocks):
    monkeypatch.setitem(_choice.SCANS, "blocked", _choice.Way("sequential", 1024))


@jax.jit
@jax.grad
def gradient(moving, inputs, weights):
    layer, gaps = moving
    return jnp.sum(weights * layer(inputs, gaps))


at_length = quick_jit(lambda layer, inputs, gaps: layer(inputs, gaps))


def by_hand(layer, inputs, gaps, weights):
    """The gradients by rates (real parts before minus softplus) and gaps, step by step."""
    real, imag, log_timescale = (
        np.asarray(part, np.float64)
        for part in (layer.rate_real, layer.rate_imag, layer.log_timescale)
    )
    rate, timescale = -np.logaddexp(0, real) + 1j * imag, np.exp(log_timescale)
    into, out_of = np.asarray(layer.input_map, complex), np.asarray(layer.output_map, complex)
    d = timescale * gaps[:, None]
    z = rate * d
    decay, v = np.exp(z), inputs @ into.T
    near = np.abs(z) < 0.02
    far = np.where(near, 1, z)
    mean = np.where(near, 1 + z / 2 + z**2 / 6 + z**3 / 24 + z**4 / 120, np.expm1(far) / far)
    slope = np.where(
        near,
        1 / 2 + z / 3 + z**2 / 8 + z**3 / 30 + z**4 / 144,
        (np.exp(far) - np.expm1(far) / far) / far,
    )
    drive, asked = d * mean * v, 2 * weights @ out_of.conj()
    before, later = np.zeros_like(v), np.zeros_like(v)
    state = past = np.zeros(len(rate), complex)
    for k in range(LONG):
        before[k] = state
        state = decay[k] * state + drive[k]
    for k in reversed(range(LONG)):
        later[k] = past = asked[k] + past
        past = decay[k].conj() * past
    # What a loss gains when z, then when d phi1(z) v moves.
    of_z = (decay * before).conj() * later
    of_gain = v.conj() * later
    of_rate = np.sum(d * of_z + (d * d * slope).conj() * of_gain, axis=0)
    of_gap = np.sum((timescale * (rate.conj() * of_z + decay.conj() * of_gain)).real, axis=1)
    softplus_slope = 1 / (1 + np.exp(-real))
    return np.stack([-softplus_slope * of_rate.real, of_rate.imag]), of_gap


@pytest.mark.parametrize("gap", ["0", "1e-6", "0.01", "1", "1e4", "mixed", "rate near 0"])
def test_gradients_of_a_long_row_keep_five_digits(gap):
    rng = np.random.default_rng(0)
    layer = S5Layer(FEATURES, STATES, scan="blocked", key=jax.random.key(0))
    gaps = rng.exponential(size=LONG)
    if gap == "mixed":
        gaps *= rng.choice([0, 1e-6, 1, 1e4], LONG)
    elif gap == "rate near 0":
        # softplus(-20) = 2e-9: a state that hardly forgets, and hardly turns.
        layer = eqx.tree_at(
            lambda a: (a.rate_real, a.rate_imag),
            layer,
            (layer.rate_real.at[::2].set(-20.0), layer.rate_imag.at[::2].set(1e-8)),
        )
    else:
        gaps = np.full(LONG, float(gap))
    inputs, weights = rng.normal(size=(2, LONG, FEATURES)).astype(np.float32)
    gaps = gaps.astype(np.float32)
    of_layer, of_gaps = gradient((layer, jnp.asarray(gaps)), inputs, weights)
    of_rates = np.stack([of_layer.rate_real, of_layer.rate_imag])
    exact = by_hand(layer, *(np.asarray(a, np.float64) for a in (inputs, gaps, weights)))
    for ours, expected in zip((of_rates, of_gaps), exact, strict=True):
        assert np.abs(ours - expected).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("scan", ["blocked", "associative"])
@pytest.mark.parametrize("hold", ["zoh", "bilinear", "impulse", "async"])
def test_answers_at_the_end_of_a_long_row_keep_five_digits(hold, scan):
    n_steps = 8192
    inputs = np.random.default_rng(1).normal(size=(n_steps, H)).astype(np.float32)
    layer = draw_layer(hold, n_states=16, timescale=(1e-3, 1e-1), scan=scan)
    with jax.enable_x64(True):
        exact = jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf), np.float64), layer)
    for gap in (1e-6, 1.0, 1e4):
        gaps = np.full(n_steps, gap, np.float32)
        with jax.enable_x64(True):
            steps = readings(inputs.astype(np.float64), gaps.astype(np.float64))
            wanted = loop(exact, **steps)
        assert error(at_length(layer, inputs, gaps), wanted) < LOOP["float32"]

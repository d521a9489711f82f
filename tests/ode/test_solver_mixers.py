"""ODE-RNN and neural CDE against SciPy's solver and loops written from their equations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ct_s5.ode import NeuralCDELayer, ODERNNLayer

L, H = 8, 3
# Queries before the first reading and after others, one gap of 0, and padding.
READING = np.array([0, 1, 1, 0, 1, 1, 0, 1], bool)
REAL = np.arange(L) < 7


def draw():
    rng = np.random.default_rng(0)
    x, gaps = rng.normal(size=(L, H)), rng.exponential(size=L)
    gaps[5] = 0
    return x, gaps


def answer(layer, x, gaps, dtype="float64"):
    """What the layer says, with garbage in the padding."""
    x, gaps = np.where(REAL[:, None], x, np.nan), np.where(REAL, gaps, np.nan)
    flags = {"reading": jnp.asarray(READING), "real": jnp.asarray(REAL)}
    told = layer(jnp.asarray(x, dtype), jnp.asarray(gaps, dtype), **flags)
    assert told.dtype == dtype
    return np.asarray(told)


def solved(field, start, end):
    """y(end) of y' = field(y), y(0) = start."""
    if end == 0:
        return start
    found = solve_ivp(lambda _, y: field(y), (0, end), start, rtol=1e-11, atol=1e-12)
    return found.y[:, -1]


def linear(layer, x):
    return np.asarray(layer.weight) @ x + np.asarray(layer.bias)


def slow_ode_rnn(layer, x, gaps):
    state, told, begun = np.zeros(H), np.zeros((L, H)), False
    cell = layer.cell
    w, u, b, bn = map(np.asarray, (cell.weight_ih, cell.weight_hh, cell.bias, cell.bias_n))
    for k in np.flatnonzero(REAL):
        moved = state
        if begun:
            moved = solved(
                lambda h: np.tanh(linear(layer.outer, np.tanh(linear(layer.inner, h)))),
                state, gaps[k],
            )  # fmt: skip
        if READING[k]:
            (wr, wz, wn), (ur, uz, un) = np.split(w @ x[k] + b, 3), np.split(u @ moved, 3)
            reset, keep = 1 / (1 + np.exp(-wr - ur)), 1 / (1 + np.exp(-wz - uz))
            new = np.tanh(wn + reset * (un + bn))
            state = moved = (1 - keep) * new + keep * moved
            begun = True
        told[k] = moved
    return told


def slow_neural_cde(layer, x, gaps):
    """dz = f(z) dX along a path of 1 + H dimensions, corner by corner."""

    def matrix(z):
        hidden = np.tanh(linear(layer.inner, z))
        along_inputs = linear(layer.along_inputs, hidden).reshape(H, H)
        return np.tanh(np.column_stack([linear(layer.along_time, hidden), along_inputs]))

    def along(z, begin, end):
        move = (end - begin) / np.append(1, np.full(H, np.sqrt(H)))
        return solved(lambda z: matrix(z) @ move, z, 1.0)

    z, told, corner = np.zeros(H), np.zeros((L, H)), None
    for k in np.flatnonzero(REAL):
        moved = z
        if corner is not None:
            later = corner + np.append(gaps[k], np.zeros(H))
            moved = along(z, corner, later)
        if READING[k]:
            if corner is None:
                corner, moved = np.append(0.0, x[k]), linear(layer.start, x[k])
            else:
                corner = np.append(later[0], x[k])
                moved = along(moved, later, corner)
            z = moved
        told[k] = moved
    return told


MIXERS = {
    "ode-rnn": (lambda **told: ODERNNLayer(H, n_hidden=5, **told), slow_ode_rnn),
    "neural-cde": (lambda **told: NeuralCDELayer(H, n_hidden=5, **told), slow_neural_cde),
}
every_mixer = pytest.mark.parametrize(("make", "slow"), MIXERS.values(), ids=MIXERS)


@every_mixer
def test_more_solver_steps_come_to_what_scipy_says(make, slow):
    with jax.enable_x64(True):
        x, gaps = draw()
        errors = []
        for n_steps in (20, 200):
            layer = make(n_solver_steps=n_steps, key=jax.random.key(0))
            expected = slow(layer, x, gaps)
            errors.append(np.abs(answer(layer, x, gaps) - expected).max())
    assert (expected[0] == 0).all()  # before the first reading nothing moves
    assert errors[1] < 1e-5
    assert 50 < errors[0] / errors[1] < 200  # of second order: a tenth of the step, 100 times less


@every_mixer
def test_the_few_steps_of_use_are_near(make, slow):
    layer, (x, gaps) = make(key=jax.random.key(0)), draw()
    expected = slow(layer, x, gaps)
    told = answer(layer, x, gaps, "float32")
    assert np.abs(told - expected).max() < 0.01 * np.abs(expected).max()


@every_mixer
def test_a_gap_of_nothing_leaves_the_state_to_the_bit(make, slow):
    layer = make(key=jax.random.key(0))
    x = jnp.asarray(draw()[0], "float32")
    state = layer.absorb(layer.initial_state(), x[0], jnp.ones(()))
    after = layer.cross(state, jnp.zeros(()))
    jax.tree.map(np.testing.assert_array_equal, after, state)
    moved = layer.cross(state, jnp.ones(()))
    assert np.abs(moved.hidden - state.hidden).max() > 1e-3


@every_mixer
def test_what_cannot_be_is_refused(make, slow):
    with pytest.raises(ValueError, match="n_solver_steps=0: a gap takes at least one"):
        make(n_solver_steps=0, key=jax.random.key(0))
    layer = make(key=jax.random.key(0))
    with pytest.raises(RuntimeError, match="gaps holds a gap that is negative"):
        jax.block_until_ready(layer(jnp.ones((2, H)), jnp.array([1.0, -1.0])))

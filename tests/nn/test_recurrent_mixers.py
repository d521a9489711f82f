"""LSTM, the GRU that is told of gaps, and GRU-D, each against a loop written from its formulas."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ct_s5.nn import GRUDLayer, GRULayer, LSTMLayer

L, H = 8, 3
READING = np.array([0, 1, 1, 0, 1, 1, 0, 0], bool)
REAL = np.arange(L) < 7


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru(cell, x, state):
    w, u, b, bn = map(np.asarray, (cell.weight_ih, cell.weight_hh, cell.bias, cell.bias_n))
    (wr, wz, wn), (ur, uz, un) = np.split(w @ x + b, 3), np.split(u @ state, 3)
    new = np.tanh(wn + sigmoid(wr + ur) * (un + bn))
    keep = sigmoid(wz + uz)
    return (1 - keep) * new + keep * state


class Lstm:
    def make(self):
        self.layer = LSTMLayer(H, key=jax.random.key(0))
        self.inside = np.zeros(H)
        return self.layer

    def cross(self, state, gap):
        return state

    def absorb(self, state, x, gap):
        cell = self.layer.cell
        w, u, b = map(np.asarray, (cell.weight_ih, cell.weight_hh, cell.bias))
        enter, forget, candidate, out = np.split(w @ x + u @ state + b, 4)
        self.inside = sigmoid(forget) * self.inside + sigmoid(enter) * np.tanh(candidate)
        return sigmoid(out) * np.tanh(self.inside)


class GruGap:
    def make(self):
        self.layer = GRULayer(H, gap=True, key=jax.random.key(0))
        return self.layer

    def cross(self, state, gap):
        return state

    def absorb(self, state, x, gap):
        return gru(self.layer.cell, np.append(x, np.log(1 + gap)), state)


class GruD:
    def make(self):
        layer = GRUDLayer(H, key=jax.random.key(0))
        # One unit fades, one not even at a gap of 0, one only after a while.
        learned = jnp.array([0.5, -0.3, 0.4]), jnp.array([0.1, 0.0, -0.3])
        self.layer = eqx.tree_at(lambda g: (g.decay.weight, g.decay.bias), layer, learned)
        return self.layer

    def cross(self, state, gap):
        w, b = map(np.asarray, (self.layer.decay.weight, self.layer.decay.bias))
        return np.exp(-np.maximum(0, w * gap + b)) * state

    def absorb(self, state, x, gap):
        return gru(self.layer.cell, x, state)


@pytest.mark.parametrize("slow", [Lstm, GruGap, GruD])
def test_the_layer_is_its_formulas(slow, precision):
    slow, rng = slow(), np.random.default_rng(0)
    layer = slow.make()
    x, gaps = rng.normal(size=(L, H)), rng.exponential(size=L)
    gaps[4] = 0
    state, expected = np.zeros(H), np.zeros((L, H))
    for k in range(L):
        if not REAL[k]:
            continue
        expected[k] = slow.cross(state, gaps[k])
        if READING[k]:
            expected[k] = state = slow.absorb(expected[k], x[k], gaps[k])
    x, gaps = np.where(REAL[:, None], x, np.nan), np.where(REAL, gaps, np.nan)
    flags = {"reading": jnp.asarray(READING), "real": jnp.asarray(REAL)}
    told = layer(jnp.asarray(x, precision), jnp.asarray(gaps, precision), **flags)
    assert told.dtype == precision
    np.testing.assert_allclose(told, expected, atol={"float32": 1e-6, "float64": 1e-13}[precision])


def test_what_a_gru_d_forgets_at_the_start_spans_short_and_long_gaps():
    layer = GRUDLayer(16, key=jax.random.key(0))
    left = layer.cross(jnp.ones(16), jnp.array(10.0))
    assert left.max() > 0.9
    assert left.min() < 1e-4
    np.testing.assert_array_equal(layer.cross(left, jnp.zeros(())), left)


@pytest.mark.parametrize("layer", [GRULayer(H, gap=True, key=jax.random.key(0)), GruD().make()])
def test_a_gap_that_cannot_be_is_refused(layer):
    for wrong in (-1.0, np.nan):
        with pytest.raises(RuntimeError, match="gaps holds a gap that is negative"):
            jax.block_until_ready(layer(jnp.ones((2, H)), jnp.array([1.0, wrong])))


@pytest.mark.parametrize("layer_type", [GRULayer, GRUDLayer, LSTMLayer])
def test_what_a_query_brings_along_is_never_looked_at(layer_type):
    layer = layer_type(H, key=jax.random.key(0))
    x = np.random.default_rng(0).normal(size=(L, H)).astype("float32")
    flags = {"reading": jnp.asarray(READING), "real": jnp.asarray(REAL)}
    clean, spoilt = (
        eqx.filter_value_and_grad(lambda layer, x: jnp.sum(layer(x, jnp.ones(L), **flags) ** 2))(
            layer, jnp.where(READING[:, None], x, filler)
        )
        for filler in (0.0, jnp.nan)
    )
    for one, other in zip(*map(jax.tree.leaves, (clean, spoilt)), strict=True):
        np.testing.assert_array_equal(one, other)

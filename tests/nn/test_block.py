"""Norms, activations, dropout, and the block that puts them around a mixer."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ct_s5.nn import ACTIVATIONS, BatchNorm, GatedActivation, GRULayer, S5Block, StepNorm
from ct_s5.ssm import S5Layer

N, L, H = 3, 7, 4


def draw(seed=0):
    rng = np.random.default_rng(seed)
    reading = rng.random((N, L)) < 0.6
    return (rng.normal(size=(N, L, H)) * 3 + 1).astype("float32"), reading


def normalise(norm, inputs, reading, training=True):
    def one(x, r):
        return norm(x, r, training=training)

    return jax.vmap(one, axis_name="batch", out_axes=(0, None))(inputs, reading)


def test_batch_statistics_are_those_of_the_readings():
    inputs, reading = draw()
    outputs, moments = normalise(BatchNorm(H), inputs, reading)
    seen = inputs[reading].astype(float)
    np.testing.assert_allclose(moments.mean, seen.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(moments.variance, seen.var(axis=0), rtol=1e-5)
    expected = (inputs - seen.mean(axis=0)) / np.sqrt(seen.var(axis=0) + 1e-5)
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)

    spoilt = np.where(reading[..., None], inputs, np.float32(1e30))
    again, same = normalise(BatchNorm(H), spoilt, reading)
    jax.tree.map(np.testing.assert_array_equal, same, moments)
    np.testing.assert_array_equal(again[reading], outputs[reading])


def test_a_batch_without_a_reading_stays_finite():
    outputs, _ = normalise(BatchNorm(H), draw()[0], np.zeros((N, L), bool))
    assert np.isfinite(outputs).all()


def test_in_use_a_batch_norm_knows_only_its_moving_average():
    inputs, reading = draw()
    norm = BatchNorm(H, momentum=0.9)
    for _ in range(2):
        _, moments = normalise(norm, inputs, reading)
        norm = norm.absorb(moments)
    seen = inputs[reading].astype(float)
    mean = (0.9 * 0.1 + 0.1) * seen.mean(axis=0)
    variance = 0.9**2 + (0.9 * 0.1 + 0.1) * seen.var(axis=0)
    np.testing.assert_allclose(norm.running_mean, mean, rtol=1e-5)
    np.testing.assert_allclose(norm.running_variance, variance, rtol=1e-5)
    outputs, nothing = normalise(norm, inputs, reading, training=False)
    assert nothing is None
    expected = (inputs - mean) / np.sqrt(variance + 1e-5)
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)


def test_no_gradient_moves_the_moving_average():
    inputs, reading = draw()

    def loss(norm, training):
        return jnp.sum(jnp.sin(normalise(norm, inputs, reading, training)[0]))

    for training in (True, False):
        slopes = jax.grad(loss)(BatchNorm(H), training)
        assert (slopes.running_mean == 0).all()
        assert (slopes.running_variance == 0).all()
        assert (slopes.weight != 0).all()


@pytest.mark.parametrize("kind", ["layer", "rms"])
def test_a_step_norm_sees_one_step(kind):
    inputs, reading = draw()
    outputs, moments = StepNorm(H, kind=kind)(inputs[0], reading[0], training=True)
    assert moments is None
    x = inputs[0].astype(float)
    x = x - x.mean(axis=1, keepdims=True) if kind == "layer" else x
    expected = x / np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_an_activation_is_its_formula(kind):
    x = draw()[0][0]
    activation = GatedActivation(kind, H, dropout=0.5, key=jax.random.key(0))
    g = x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))  # gelu, as JAX has it

    def linear(layer):
        return g @ np.asarray(layer.weight).T + np.asarray(layer.bias)

    gate = 1 if kind == "gelu" else 1 / (1 + np.exp(-linear(activation.gate)))
    passed = {"half_glu2": lambda: x, "full_glu": lambda: linear(activation.value)}
    expected = passed.get(kind, lambda: g)() * gate
    np.testing.assert_allclose(activation(x, key=None), expected, rtol=1e-5, atol=1e-5)


def test_dropout_drops_whole_features_of_each_series_by_itself():
    activation = GatedActivation("gelu", 64, dropout=0.5, key=jax.random.key(0))
    x = jnp.asarray(np.random.default_rng(0).uniform(1, 2, (N, L, 64)))
    keys = jax.random.split(jax.random.key(1), N)
    dropped = np.asarray(jax.vmap(lambda x, key: activation(x, key=key))(x, keys))
    whole = np.asarray(jax.vmap(lambda x: activation(x, key=None))(x))
    gone = dropped == 0
    assert (gone == gone[:, :1]).all()
    assert not (gone[0, 0] == gone[1, 0]).all()
    assert 0.3 < gone.mean() < 0.7
    np.testing.assert_allclose(dropped[~gone], 2 * whole[~gone], rtol=1e-6)


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_an_activation_drops_where_the_published_one_does(kind):
    # Twice around a gate, before and behind it; once where there is no gate.
    key, share, n = jax.random.key(1), 0.5, 16
    x = jnp.asarray(np.random.default_rng(0).normal(size=(L, n)), "float32")
    activation = GatedActivation(kind, n, dropout=share, key=jax.random.key(0))

    def dropped(values, key):
        return jnp.where(jax.random.bernoulli(key, 1 - share, (1, n)), values / (1 - share), 0)

    before, behind = jax.random.split(key)
    g = dropped(jax.nn.gelu(x), before)
    expected = g
    if kind != "gelu":
        gate = jax.nn.sigmoid(jax.vmap(activation.gate)(g))
        value = jax.vmap(activation.value)(g) if kind == "full_glu" else g
        expected = dropped((x if kind == "half_glu2" else value) * gate, behind)
    np.testing.assert_allclose(activation(x, key=key), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("kind", "times"), [("gelu", 1), ("half_glu1", 2)])
def test_a_block_drops_no_more_than_its_activation(kind, times):
    n, gaps = 256, np.ones(L, "float32")
    x = jnp.asarray(np.random.default_rng(0).normal(size=(L, n)), "float32")
    block = S5Block(mixer, n, dropout=0.5, activation=kind, key=jax.random.key(0))
    outputs, _ = block.forward(x, gaps, key=jax.random.key(3))
    assert (outputs == x).all(axis=0).mean() == pytest.approx(1 - 0.5**times, abs=0.1)


def mixer(inputs, gaps, *, gaps_after=None, reading=None, real=None, reset=None):
    """The least that a block accepts: it needs no `S5Layer`."""
    return jnp.cumsum(inputs, axis=0) * gaps[:, None]


@pytest.mark.parametrize("prenorm", [True, False])
def test_a_block_is_norm_mixer_activation_and_skip(prenorm):
    x, gaps = draw()[0][0], np.arange(1.0, L + 1, dtype="float32")
    keywords = {"prenorm": prenorm, "activation": "gelu", "key": jax.random.key(0)}
    block = S5Block(mixer, H, **keywords)

    def norm(x):
        centred = x - x.mean(axis=1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)

    mixed = np.asarray(jax.nn.gelu(mixer(jnp.asarray(norm(x) if prenorm else x), gaps)))
    expected = x + mixed if prenorm else norm(x + mixed)
    np.testing.assert_allclose(block(x, gaps), expected, rtol=1e-4, atol=1e-4)


def test_a_block_drops_in_training_only():
    x, gaps = draw()[0][0], np.ones(L, "float32")
    block = S5Block(mixer, H, dropout=0.5, activation="gelu", key=jax.random.key(0))
    outputs, _ = block.forward(x, gaps, key=jax.random.key(3))
    assert not np.allclose(outputs, block(x, gaps))
    np.testing.assert_array_equal(block.forward(x, gaps, key=None)[0], block(x, gaps))


def test_a_gru_sees_readings_only():
    layer = GRULayer(H, key=jax.random.key(0))
    x = draw()[0][0]
    reading = np.array([True, False, True, True, False, True, False])
    real = np.array([True, True, True, False, True, True, False])
    spoilt = np.where(real[:, None], x, np.nan)
    outputs = layer(spoilt, np.ones(L), reading=jnp.asarray(reading), real=jnp.asarray(real))

    cell = layer.cell
    w, u, b, bn = map(np.asarray, (cell.weight_ih, cell.weight_hh, cell.bias, cell.bias_n))
    state, expected = np.zeros(H), np.zeros((L, H))
    for k in range(L):
        if reading[k] and real[k]:
            (wr, wz, wn), (ur, uz, un) = np.split(w @ x[k] + b, 3), np.split(u @ state, 3)
            reset, keep = 1 / (1 + np.exp(-wr - ur)), 1 / (1 + np.exp(-wz - uz))
            new = np.tanh(wn + reset * (un + bn))
            state = new + keep * (state - new)
        expected[k] = state if real[k] else 0
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-6)


def test_a_batch_without_a_reading_leaves_nothing_to_remember():
    norm = BatchNorm(H)
    _, moments = normalise(norm, draw()[0], np.zeros((N, L), bool))
    after = norm.absorb(moments)
    np.testing.assert_array_equal(after.running_mean, norm.running_mean)
    np.testing.assert_array_equal(after.running_variance, norm.running_variance)


@pytest.mark.parametrize("norm", ["layer", "rms"])
@pytest.mark.parametrize("prenorm", [True, False])
def test_padding_holds_nothing_and_moves_nothing_whatever_stands_there(norm, prenorm):
    key = jax.random.key(0)
    block = S5Block(S5Layer(H, 4, key=key), H, norm=norm, prenorm=prenorm, key=key)
    real = np.array([True, True, False])
    x = np.random.default_rng(0).normal(size=(3, H)).astype("float32")

    def total(block, x):
        outputs = block(x, jnp.ones(3), real=real)
        return jnp.sum(outputs**2), outputs

    clean, spoilt = (
        eqx.filter_value_and_grad(total, has_aux=True)(block, np.where(real[:, None], x, filler))
        for filler in (np.float32(0), np.float32("nan"))
    )
    for one, other in zip(*map(jax.tree.leaves, (clean, spoilt)), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.any(spoilt[0][1][2])
    outputs, _ = block.run(
        x, jnp.ones(3), block.mixer.initial_state(), reading=real, real=jnp.asarray(real)
    )
    np.testing.assert_allclose(outputs, clean[0][1], atol=1e-6)


@pytest.mark.parametrize("share", [-0.1, 1.0, 1.5, float("nan")])
def test_a_share_that_drops_all_or_less_than_nothing_is_refused(share):
    with pytest.raises(ValueError, match="dropout is a share from 0 to below 1; got"):
        GatedActivation("gelu", H, dropout=share, key=jax.random.key(0))

"""What a layer is before training."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ct_s5.ssm import S4DLayer, S4Layer, S5Layer
from oracles.hippo import hippo_rates

H, P = 48, 64


def start(seed=0, **keywords):
    return S5Layer(H, P, key=jax.random.key(seed), **keywords)


@pytest.mark.parametrize("n_blocks", [1, 4])
def test_the_rates_are_hippo_s(n_blocks):
    layer = start(n_blocks=n_blocks)
    size = P // n_blocks
    expected = np.tile(hippo_rates(size)[: size // 2], n_blocks)
    np.testing.assert_allclose(layer.rates, expected, rtol=1e-6)


def test_rates_are_stable_whatever_the_parameters_become():
    layer = start()
    for raw in (-80.0, -1.0, 0.0, 1.0, 1e4):
        moved = eqx.tree_at(lambda x: x.rate_real, layer, jnp.full_like(layer.rate_real, raw))
        slopes = jax.grad(lambda layer: jnp.sum(layer.rates.real))(moved).rate_real
        assert (np.asarray(moved.rates.real) < 0).all()
        assert (np.asarray(slopes) < 0).all()


def test_timescales_are_log_uniform_in_their_range():
    logs = np.concatenate(
        [np.log(start(seed, timescale=(1e-3, 1e-1)).timescales) for seed in range(20)]
    )
    assert np.log(1e-3) <= logs.min() < np.log(1.2e-3)
    assert np.log(0.8e-1) < logs.max() <= np.log(1.0001e-1)
    np.testing.assert_allclose(logs.mean(), np.log(1e-2), atol=0.15)  # 2.6 standard errors
    np.testing.assert_allclose(start(rescale=4.0).timescales, 4 * start().timescales, rtol=1e-6)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(
    ("output_init", "deviation"),
    [
        ("trunc_standard_normal", 1 / np.sqrt(P)),
        ("lecun_normal", 1 / np.sqrt(H * P)),
        ("complex_normal", np.sqrt(1 / 2)),
    ],
)
def test_the_output_map_spreads_as_documented(output_init, deviation, bidirectional):
    layer = start(output_init=output_init, bidirectional=bidirectional)
    assert layer.output_map.shape == (H, P if bidirectional else P // 2)
    halves = np.split(np.asarray(layer.output_map), 1 + bidirectional, axis=1)
    for half in halves:
        # 1536 entries: a standard error of 1.8 %.
        np.testing.assert_allclose(half.real.std(), deviation, rtol=0.06)
        np.testing.assert_allclose(half.imag.std(), deviation, rtol=0.06)
    assert not bidirectional or not np.allclose(*halves)


def test_the_other_maps_spread_as_documented():
    layer = start()
    assert layer.input_map.shape == (P // 2, H)
    # Real with deviation 1 / sqrt(P) before it is turned: the turn shares that out over two parts.
    power = np.mean(np.abs(layer.input_map) ** 2)
    np.testing.assert_allclose(power, 1 / P, rtol=0.12)
    assert np.asarray(layer.input_map.imag).std() > 0.5 / np.sqrt(P)
    assert layer.feedthrough.shape == (H,)
    np.testing.assert_allclose(layer.feedthrough.std(), 1, rtol=0.35)


def test_the_key_decides_everything_drawn():
    same, other = start(0), start(1)
    jax.tree.map(np.testing.assert_array_equal, start(0), same)
    for name in ("log_timescale", "input_weight", "output_weight", "feedthrough"):
        assert not np.allclose(getattr(same, name), getattr(other, name))


@pytest.mark.parametrize("make", [S5Layer, S4Layer, S4DLayer])
def test_a_start_is_the_same_traced_or_not_and_compiles_nothing_by_itself(make, monkeypatch):
    def build(key):
        return make(3, 8, key=key)

    keys = jax.random.split(jax.random.key(0), 2)
    traced = eqx.filter_jit(build)(keys[0])
    shapes = eqx.filter_eval_shape(build, keys[0])

    def refuse(*_):
        raise AssertionError("a callback outside a trace is compiled anew each time")

    monkeypatch.setattr(jax, "pure_callback", refuse)
    plain, both = build(keys[0]), eqx.filter_vmap(build)(keys)
    for ours, of_trace, shape, of_two in zip(
        *(jax.tree.leaves(tree) for tree in (plain, traced, shapes, both)), strict=True
    ):
        if eqx.is_array(ours):
            np.testing.assert_allclose(ours, of_trace, rtol=1e-6, atol=1e-7)
            np.testing.assert_allclose(ours, of_two[0], rtol=1e-6, atol=1e-7)
            assert (ours.shape, ours.dtype) == (shape.shape, shape.dtype)

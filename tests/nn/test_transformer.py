"""Attention over readings, against a loop over pairs of steps."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ct_s5.nn import TransformerLayer, _transformer
from oracles.gaps_loop import gaps_loop

H, HEADS = 6, 2
# Two series and padding; queries first, between and last, one of them at the time of a reading.
TIMES = [np.array([0.5, 2.0, 2.5, 2.5, 4.0, 9.0, 9.5]), np.array([1.0, 1.5, 3.0])]
READING = [np.array([0, 1, 1, 0, 0, 1, 0], bool), np.array([1, 0, 1], bool)]
L = 12


def steps():
    """All the arguments of a layer for both series in one row."""
    gaps, after = zip(*map(gaps_loop, TIMES, READING), strict=True)
    real = np.arange(L) < 10

    def row(parts, blank):
        return np.append(np.concatenate(parts), [blank] * 2)

    x = np.random.default_rng(0).normal(size=(L, H))
    return {
        "inputs": np.where(real[:, None], x, np.nan),
        "gaps": row(gaps, np.nan),
        "gaps_after": row(after, np.nan),
        "reading": row(READING, True).astype(bool),
        "real": real,
        "reset": np.isin(np.arange(L), [0, 7]),
    }


def slow(layer, x, both):
    """Every step of each series asks every reading of it that it may see."""
    layer, offset, told = jax.tree.map(np.asarray, layer), 0, np.zeros((L, H))
    pace, slope, phase = np.exp(layer.time.log_timescale), layer.time.weight, layer.time.bias
    for times, reading in zip(TIMES, READING, strict=True):
        parts = []
        for k, time in enumerate(times):
            t = 1 + time - times[reading][0]  # the first reading comes after one unit
            if not both and not reading[:k].any():
                t = 1.0  # what lies ahead is not known
            encoded = np.append(slope * t + phase[0], np.sin(pace * t + phase[1:]))
            told_of = layer.into.weight @ (x[offset + k] + encoded) + layer.into.bias
            parts.append(told_of.reshape(3, HEADS, H // HEADS))
        for k in range(len(times)):
            seen = [j for j in range(len(times)) if reading[j] and (both or j <= k)]
            found = np.zeros((HEADS, H // HEADS))
            for head in range(HEADS if seen else 0):
                fit = [parts[k][0, head] @ parts[j][1, head] / np.sqrt(H / HEADS) for j in seen]
                shares = np.exp(fit) / np.exp(fit).sum()
                found[head] = shares @ np.array([parts[j][2, head] for j in seen])
            told[offset + k] = layer.out_of.weight @ found.ravel()
        offset += len(times)
    return told


def cast(arguments, precision):
    return {
        name: jnp.asarray(a, precision if a.dtype.kind == "f" else None)
        for name, a in arguments.items()
    }


@pytest.mark.parametrize("block", [L, 5])
@pytest.mark.parametrize("both", [False, True])
def test_a_step_finds_what_a_loop_over_readings_finds(both, precision, block, monkeypatch):
    monkeypatch.setattr(_transformer, "_BLOCK", block)
    layer = TransformerLayer(H, n_heads=HEADS, bidirectional=both, key=jax.random.key(0))
    arguments = steps()
    told = eqx.filter_jit(layer)(**cast(arguments, precision))
    assert told.dtype == precision
    expected = slow(layer, arguments["inputs"], both)
    assert both or (expected[0] == 0).all()  # nothing came before
    np.testing.assert_allclose(told, expected, atol={"float32": 2e-6, "float64": 1e-13}[precision])


@pytest.mark.parametrize("both", [False, True])
def test_slopes_stay_finite_where_there_is_nothing_to_attend_to(both):
    layer = TransformerLayer(H, n_heads=HEADS, bidirectional=both, key=jax.random.key(0))
    x, ones, none = jnp.ones((3, H)), jnp.ones(3), jnp.zeros(3, bool)

    @eqx.filter_jit
    @eqx.filter_value_and_grad
    def loss(arguments):
        layer, x, gaps = arguments
        return jnp.sum(layer(x, gaps, gaps_after=gaps, reading=none))

    value, slopes = loss((layer, x, ones))
    assert value == 0
    assert all((np.asarray(slope) == 0).all() for slope in jax.tree.leaves(slopes))


@pytest.mark.parametrize("both", [False, True])
def test_a_row_in_blocks_has_the_slopes_of_a_row_at_once(both, monkeypatch):
    layer = TransformerLayer(H, n_heads=HEADS, bidirectional=both, key=jax.random.key(0))

    def slopes(block):
        monkeypatch.setattr(_transformer, "_BLOCK", block)
        arguments = cast(steps(), "float32")
        x = arguments.pop("inputs")
        return jax.grad(lambda moving: jnp.sum(jnp.sin(moving[0](moving[1], **arguments))))(
            (layer, x)
        )

    for one, other in zip(*map(jax.tree.leaves, (slopes(L), slopes(5))), strict=True):
        np.testing.assert_allclose(other, one, atol=1e-5)


def test_a_long_row_needs_no_memory_for_all_pairs_of_its_steps():
    n_steps = 8192
    layer = TransformerLayer(H, n_heads=HEADS, key=jax.random.key(0))
    x, gaps = jnp.zeros((n_steps, H)), jnp.ones(n_steps)
    loss = jax.jit(jax.grad(lambda layer, x, gaps: jnp.sum(layer(x, gaps))))
    memory = loss.lower(layer, x, gaps).compile().memory_analysis()
    assert memory.temp_size_in_bytes < n_steps**2 * HEADS * 4 / 2


def test_the_true_gaps_make_a_difference():
    layer = TransformerLayer(H, n_heads=HEADS, key=jax.random.key(0))
    x = jnp.asarray(np.random.default_rng(0).normal(size=(4, H)), "float32")
    even = layer(x, jnp.ones(4))
    uneven = layer(x, jnp.array([1.0, 1.0, 3.0, 1.0]))
    np.testing.assert_array_equal(even[:2], uneven[:2])
    assert np.abs(even[2:] - uneven[2:]).max() > 1e-4


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"n_features=6 .* n_heads=4: .* a multiple of 4"):
        TransformerLayer(6, key=jax.random.key(0))
    both = TransformerLayer(H, n_heads=HEADS, bidirectional=True, key=jax.random.key(0))
    x, gaps = jnp.ones((2, H)), jnp.ones(2)
    with pytest.raises(ValueError, match="With queries, a bidirectional layer needs gaps_after"):
        both(x, gaps, reading=jnp.array([True, False]))
    with pytest.raises(RuntimeError, match="gaps holds a gap that is negative"):
        jax.block_until_ready(both(x, -gaps))


def test_the_longest_gap_leaves_finite_answers_and_slopes():
    layer = TransformerLayer(H, n_heads=HEADS, key=jax.random.key(0))
    gaps = jnp.asarray([1.0, 1e22, 1e30, 1.0])
    x = jnp.asarray(np.random.default_rng(0).normal(size=(4, H)), gaps.dtype)
    told, slopes = eqx.filter_value_and_grad(lambda layer: jnp.sum(layer(x, gaps) ** 2))(layer)
    assert all(np.isfinite(part).all() for part in jax.tree.leaves((told, slopes)))


def test_no_step_is_no_answer():
    layer = TransformerLayer(H, n_heads=HEADS, key=jax.random.key(0))
    assert layer(jnp.zeros((0, H)), jnp.zeros(0)).shape == (0, H)

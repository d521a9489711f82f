"""Gradients of a layer against finite differences, and what may never reach them."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from drawn import H, L, both_directions, draw_layer, draw_row, every_hold, quick_jit

pytestmark = pytest.mark.usefixtures("double_precision")

# A weight of its own for every output, so that no two can hide each other's error.
WEIGHTS = np.sin(1 + np.arange(L * H)).reshape(L, H)


@pytest.fixture
def double_precision():
    with jax.enable_x64(True):
        yield


@quick_jit
@jax.value_and_grad
def loss_and_gradient(moving, masks):
    layer, inputs, gaps, extra = moving
    if layer.bidirectional:
        outputs = layer(inputs, gaps, gaps_after=extra, **masks)
    else:  # through `run`, so that the state before and the one after have gradients too
        outputs, end = layer.run(inputs, gaps, extra, **masks)
        outputs = outputs + jnp.sum(end.x.real + end.held.imag)
    return jnp.sum(WEIGHTS * outputs)


def loss(moving, masks):
    return float(loss_and_gradient(moving, masks)[0])


def draw(hold, bidirectional, seed, timescale=(1e-2, 0.5)):
    """What the loss is differentiated by, and the masks."""
    layer = draw_layer(hold, bidirectional, timescale=timescale)
    row, rng = draw_row(seed, "float64"), np.random.default_rng(seed)
    state = jax.tree.map(
        lambda x: jnp.asarray(rng.normal(size=x.shape) + 1j * rng.normal(size=x.shape)),
        layer.initial_state(),
    )
    extra = jnp.asarray(row["gaps_after"]) if bidirectional else state
    moving = (layer, jnp.asarray(row["inputs"]), jnp.asarray(row["gaps"]), extra)
    return moving, {name: row[name] for name in ("reading", "real", "reset")}


@both_directions
@every_hold
def test_every_gradient_is_the_finite_difference(hold, bidirectional):
    moving, masks = draw(hold, bidirectional, 0)
    # Above 0, so that a small step back in time leaves no gap negative.
    moving = eqx.tree_at(lambda m: m[2], moving, replace_fn=lambda gaps: gaps + 0.01)
    if bidirectional:
        moving = eqx.tree_at(lambda m: m[3], moving, replace_fn=lambda gaps: gaps + 0.01)
    _, gradient = loss_and_gradient(moving, masks)
    rng = np.random.default_rng(1)
    leaves, tree = jax.tree.flatten(moving)
    for n, (leaf, slope) in enumerate(zip(leaves, jax.tree.leaves(gradient), strict=True)):
        towards = rng.normal(size=leaf.shape)
        if jnp.iscomplexobj(leaf):
            towards = towards + 1j * rng.normal(size=leaf.shape)

        def along(h, n=n, towards=towards):
            moved = [*leaves[:n], leaves[n] + h * towards, *leaves[n + 1 :]]
            return loss(jax.tree.unflatten(tree, moved), masks)

        h = 1e-4
        difference = (8 * (along(h) - along(-h)) - (along(2 * h) - along(-2 * h))) / (12 * h)
        expected = np.sum(np.real(slope * towards))  # JAX's complex gradient is the conjugate one
        np.testing.assert_allclose(expected, difference, rtol=1e-6, atol=1e-8)


@both_directions
@every_hold
def test_the_gradient_by_a_gap_is_right_from_none_to_ten_thousand(hold, bidirectional):
    # States slow enough that some of them remember across 1e4.
    moving, masks = draw(hold, bidirectional, 1, timescale=(1e-4, 0.3))
    masks = {"reading": np.arange(L) % 5 != 4, "real": np.ones(L, bool), "reset": masks["reset"]}
    where = [2, 3] if bidirectional else [2]
    special = {6: 0.0, 9: 0.0, 12: 1e-6, 14: 1e-6, 21: 1e4, 24: 1e4}  # readings and queries
    ordinary = np.random.default_rng(0).exponential(size=L)
    ordinary[list(special)] = list(special.values())
    for kind in where:
        moving = (*moving[:kind], jnp.asarray(ordinary), *moving[kind + 1 :])
    _, gradient = loss_and_gradient(moving, masks)
    for kind in where:
        for k, gap in special.items():

            def at(gap, kind=kind, k=k):
                gaps = moving[kind].at[k].set(gap)
                return loss((*moving[:kind], gaps, *moving[kind + 1 :]), masks)

            if gap == 0:  # only forward in time, to third order
                h = 1e-4
                weighed = -11 * at(0.0) + 18 * at(h) - 9 * at(2 * h) + 2 * at(3 * h)
                difference = weighed / (6 * h)
            else:
                h = {1e-6: 0.9e-6, 1e4: 1e-2}[gap]
                difference = (at(gap + h) - at(gap - h)) / (2 * h)
            np.testing.assert_allclose(gradient[kind][k], difference, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("garbage", [np.nan, np.inf, 1e30])
@both_directions
@every_hold
def test_garbage_in_padding_changes_no_gradient(hold, bidirectional, garbage):
    moving, masks = draw(hold, bidirectional, 2)
    real = masks["real"]
    assert not real.all()

    def filled(filler):
        layer, inputs, gaps, extra = moving
        inputs = jnp.where(real[:, None], inputs, filler)
        extra = jnp.where(real, extra, filler) if bidirectional else extra
        return loss_and_gradient((layer, inputs, jnp.where(real, gaps, filler), extra), masks)

    (clean, clean_slopes), (dirty, dirty_slopes) = filled(0.0), filled(garbage)
    assert clean == dirty
    jax.tree.map(np.testing.assert_array_equal, dirty_slopes, clean_slopes)
    assert all(np.isfinite(slope).all() for slope in jax.tree.leaves(dirty_slopes))
    assert (dirty_slopes[1][~real] == 0).all()
    assert (dirty_slopes[2][~real] == 0).all()


@every_hold
def test_the_slope_of_a_slope_is_what_finite_differences_say(hold):
    layer, rng = draw_layer(hold, False, timescale=(0.3, 1.0)), np.random.default_rng(0)
    n_steps = 600  # two blocks
    inputs, gaps = rng.normal(size=(n_steps, H)), rng.uniform(0.2, 2, size=n_steps)
    moving, fixed = eqx.partition((layer, jnp.asarray(gaps)), eqx.is_array)
    along = jax.tree.map(lambda part: jnp.asarray(rng.normal(size=part.shape)), moving)

    def squares(moving):
        layer, gaps = eqx.combine(moving, fixed)
        return jnp.sum(layer(jnp.asarray(inputs), gaps) ** 2)

    def slope(moving):
        pairs = zip(*map(jax.tree.leaves, (jax.grad(squares)(moving), along)), strict=True)
        return sum(jnp.sum(part * direction) for part, direction in pairs)

    curvature = quick_jit(jax.grad(slope))(moving)

    quick_slope = quick_jit(slope)

    def at(step):
        return quick_slope(jax.tree.map(lambda part, way: part + step * way, moving, along))

    pairs = zip(*map(jax.tree.leaves, (curvature, along)), strict=True)
    told = sum(float(jnp.sum(part * direction)) for part, direction in pairs)
    np.testing.assert_allclose(told, (at(1e-6) - at(-1e-6)) / 2e-6, rtol=1e-6)

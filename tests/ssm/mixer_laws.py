"""What every causal sequence layer must keep, whatever its mathematics."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
from drawn import EXACT, H, L, call, draw_row, error, padded, quick_jit, readings, run

STEPS = ("inputs", "gaps", "reading", "real", "reset")


def draw_steps(seed, dtype, gaps="mixed"):
    """A packed row with queries and padding, as keywords of a causal layer."""
    row = draw_row(seed, dtype, gaps)
    return {name: row[name] for name in STEPS}


def all_readings(row):
    """The same row with neither queries nor padding nor resets."""
    return {"inputs": row["inputs"], "gaps": row["gaps"]}


def check_queries(layer, precision):
    """A query's own output stands alone, and nothing else moves with it."""
    row = draw_steps(0, precision)
    row["real"], row["reset"] = np.ones(L, bool), np.zeros(L, bool)
    asked = call(layer, **row)
    moved = row | {
        "inputs": np.where(row["reading"][:, None], row["inputs"], 1e3).astype(precision)
    }
    told = call(layer, **moved)
    assert error(told[row["reading"]], asked[row["reading"]]) < EXACT[precision]
    kept = {name: row[name][row["reading"]] for name in ("inputs", "gaps")}
    alone = call(layer, **_steps(padded(readings(**kept))))
    assert error(alone[: len(kept["gaps"])], asked[row["reading"]]) < EXACT[precision]
    before = ~np.logical_or.accumulate(row["reading"])
    expected = np.asarray(layer.feedthrough) * row["inputs"]  # the empty state
    np.testing.assert_allclose(asked[before], expected[before], rtol=1e-6)


def check_garbage(layer, precision):
    """Padding changes neither value nor gradient, whatever it holds."""
    row = draw_steps(1, precision)
    clean, dirty = dict(row), dict(row)
    for name in ("inputs", "gaps"):
        there = row["real"].reshape(-1, *[1] * (row[name].ndim - 1))
        clean[name] = np.where(there, row[name], 0).astype(precision)
        dirty[name] = np.where(there, row[name], np.nan).astype(precision)
    (value, outputs), gradient = _graded(layer, **clean)
    (value_, outputs_), gradient_ = _graded(layer, **dirty)
    assert value == value_
    np.testing.assert_array_equal(outputs, outputs_)
    assert (np.asarray(outputs)[~row["real"]] == 0).all()
    for one, other in zip(jax.tree.leaves(gradient), jax.tree.leaves(gradient_), strict=True):
        np.testing.assert_array_equal(one, other)
        assert np.isfinite(one).all()


def check_differences(layer, gaps):
    """Along a random direction the gradient is what the loss changes by."""
    row = draw_steps(5, "float64") | {"gaps": gaps}
    steps = {name: row[name] for name in ("reading", "real", "reset")}
    rng, place = np.random.default_rng(0), (layer, row["inputs"], row["gaps"])
    leaves, tree = jax.tree.flatten(place)
    ways = [rng.normal(size=leaf.shape) for leaf in leaves]
    moved = [
        jax.tree.unflatten(tree, [leaf + far * way for leaf, way in zip(leaves, ways, strict=True)])
        for far in (-1e-6, 1e-6)
    ]
    behind, ahead = (float(_graded(*where, **steps)[0][0]) for where in moved)
    gradient = jax.tree.leaves(_graded(*place, **steps)[1])
    told = sum(np.vdot(way, leaf) for way, leaf in zip(ways, gradient, strict=True))
    assert abs((ahead - behind) / 2e-6 - told) < 1e-5 * (1 + abs(told))


def check_gradient_at(layer, gap, precision):
    """Gaps of every size have a gradient."""
    row = draw_steps(2, precision, gap)
    row["reset"] = np.zeros(L, bool)
    for leaf in jax.tree.leaves(_graded(layer, **row)[1]):
        assert np.isfinite(leaf).all()


def check_resets(layer, precision):
    """A packed row is its series one by one."""
    row = draw_steps(3, precision)
    row["reset"] = np.isin(np.arange(L), [0, 6, 7, 24])
    packed = call(layer, **row)
    bounds = [0, 6, 7, 24, L]
    alone = []
    for begin, end in itertools.pairwise(bounds):
        series = {name: flat[begin:end] for name, flat in row.items()}
        spread = padded(series)
        spread["real"][: end - begin] = series["real"]
        alone.append(call(layer, **_steps(spread))[: end - begin])
    assert error(packed, np.concatenate(alone)) < EXACT[precision]


def check_pieces(layer, precision):
    """Going on from a state gives what the whole gives, and `run` what the layer gives."""
    row = draw_steps(4, precision)
    whole = call(layer, **row)
    state, outputs = layer.initial_state(), []
    for begin, end in ((0, 5), (5, 5), (5, 19), (19, L)):
        chunk = {name: flat[begin:end] for name, flat in row.items()}
        spread = padded(chunk)
        spread["real"][: end - begin] = chunk["real"]
        answer, state = run(layer, state=state, **_steps(spread))
        outputs.append(answer[: end - begin])
    # The convolution and the recurrence are two ways of counting.
    assert error(np.concatenate(outputs), whole) < 5 * EXACT[precision]


def _steps(row):
    return {name: row[name] for name in STEPS}


@quick_jit
def _graded(layer, inputs, gaps, **steps):
    def loss(layer, inputs, gaps):
        outputs = layer(inputs, gaps, **steps)
        return jnp.sum(jnp.sin(outputs)), outputs

    return jax.value_and_grad(loss, argnums=(0, 1, 2), has_aux=True)(layer, inputs, gaps)


assert H == 3  # the layers of these tests are drawn for it

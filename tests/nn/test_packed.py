"""Packed with resets = padded = one by one, through the whole model (law 8)."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from models import (
    EXACT,
    MODELS,
    L,
    answer,
    assemble,
    build,
    draw_series,
    draw_steps,
    in_order,
    loss_and_gradient,
    numbers,
    quick_jit,
)

every_model = pytest.mark.parametrize("kind", MODELS)

# Two rows of 20 steps: series 0, 1 and 2 (which is empty) in the first, 3 in the second.
MEMBERS = np.array([[0, 1, 2], [3, -1, -1]])
N_STEPS = 20


def drawn():
    """Four series of readings and queries, and their static features."""
    series, static = draw_series()
    rng = np.random.default_rng(5)
    asked = (2, 0, 0, 3)
    return [
        in_order([*steps, *draw_steps(rng, 0, n)]) for steps, n in zip(series, asked, strict=True)
    ], static


def packed(series, static):
    """The same series, several in a row."""
    padded = assemble(series, static)
    rows = {}
    for name, array in vars(padded).items():
        if array is None or name == "static":
            continue
        rows[name] = np.zeros((len(MEMBERS), N_STEPS, *array.shape[2:]), array.dtype)
    rows["segments"] = np.zeros((len(MEMBERS), N_STEPS), np.int32)
    for row, members in enumerate(MEMBERS):
        end = 0
        for slot, n in enumerate(members):
            if n < 0:
                continue
            here = row, slice(end, end + len(series[n]))
            end += len(series[n])
            for name, array in vars(padded).items():
                if name in rows and array is not None:
                    rows[name][here] = array[n, : len(series[n])]
            rows["segments"][here] = slot
    features = np.where(MEMBERS[..., None] >= 0, padded.static[MEMBERS], 0)
    return padded, dataclasses.replace(padded, **rows, static=features)


def of_each(model, answers, batch):
    """The answers in the order of the series: one each, or one a step."""
    answers = numbers(answers)
    if model.settings.per == "reading":
        return answers[batch.real]
    return answers[MEMBERS >= 0] if batch.segments is not None else answers


@every_model
def test_packed_series_are_answered_as_padded_ones(kind):
    model = build(kind)
    padded, batch = packed(*drawn())
    expected = of_each(model, answer(model, padded), padded)
    found = of_each(model, answer(model, batch), batch)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= EXACT["float32"] * np.abs(expected).max()


@pytest.mark.parametrize("kind", ["zoh", "bilinear, both"])
def test_garbage_in_packed_padding_changes_nothing(kind):
    model = build(kind)
    _, batch = packed(*drawn())
    blank = ~batch.real
    dirty = dataclasses.replace(
        batch,
        values=np.where(batch.observed, batch.values, np.nan),
        gaps=np.where(blank, np.nan, batch.gaps),
        gaps_after=np.where(blank, np.nan, batch.gaps_after),
        observed=batch.observed | blank[..., None],
        reading=batch.reading | blank,
    )
    clean, dirtied = loss_and_gradient(model, batch), loss_and_gradient(model, dirty)
    jax.tree.map(np.testing.assert_array_equal, dirtied, clean)


@pytest.mark.parametrize("kind", ["foh, both", "gru"])
def test_packed_series_teach_what_padded_ones_do(kind, precision):
    model = build(kind)

    @quick_jit
    def gradient(model, batch, places):
        def loss(model):
            answers = jnp.concatenate(jax.tree.leaves(model(batch)), axis=-1)[places]
            turns = jnp.arange(answers.size, dtype=precision).reshape(answers.shape)
            return jnp.sum(answers * jnp.cos(turns))

        return eqx.filter_grad(loss)(model)

    batches = packed(*drawn())
    gradients = [jax.tree.leaves(gradient(model, b, np.nonzero(b.real))) for b in batches]
    largest = max(np.abs(g).max() for g in gradients[0])
    tolerance = {"float32": 1e-5, "float64": 1e-12}[precision] * largest
    for one, other in zip(*gradients, strict=True):
        assert np.abs(one - other).max() <= tolerance


@pytest.mark.parametrize("kind", ["depth-0", "foh"])
def test_each_series_drops_features_of_its_own(kind):
    model = build(kind, dropout=0.5)
    padded, batch = packed(*drawn())
    key = jax.random.key(3)
    keys = jax.random.split(key, MEMBERS.shape)
    whole, _ = quick_jit(type(model).forward)(model, batch, key)
    whole = of_each(model, whole, batch)
    # Each series as a row of its own, with the key it has in company.
    alone = jax.vmap(type(model)._one, in_axes=(None, 0, 0), axis_name="batch")
    told, _ = quick_jit(alone)(model, padded, keys[MEMBERS >= 0])
    np.testing.assert_allclose(whole, of_each(model, told, padded), rtol=1e-5, atol=1e-6)


def test_batch_statistics_are_those_of_all_readings_however_they_lie():
    model = build("async")
    key = jax.random.key(0)
    of_padded, of_packed = (
        quick_jit(type(model).forward)(model, batch, key)[1] for batch in packed(*drawn())
    )
    for one, other in zip(jax.tree.leaves(of_padded), jax.tree.leaves(of_packed), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    assert L < N_STEPS

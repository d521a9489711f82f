import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from models import (
    EXACT,
    MODELS,
    K,
    L,
    N,
    answer,
    assemble,
    build,
    draw_series,
    draw_steps,
    in_order,
    loss_and_gradient,
    numbers,
    train,
    use,
)

from ct_s5.batch import IrregularBatch
from ct_s5.nn import ModelSettings, S5Model, channel_history

every_model = pytest.mark.parametrize("kind", MODELS)


def counted(answers, batch):
    """The answers that mean something, one a row: those at real steps, or one a series."""
    return answers[batch.real] if answers.ndim == 3 else answers


def close(answers, expected, precision):
    assert answers.shape == expected.shape
    largest = np.abs(expected).max(initial=0)
    assert np.abs(answers - expected).max(initial=0) <= EXACT[precision] * largest


@every_model
def test_company_and_order_change_no_answer(kind, precision):
    model = build(kind)
    series, static = draw_series()
    whole = answer(model, assemble(series, static))
    others, other_static = draw_series(1)
    for n in range(N):
        company, features = list(others), other_static.copy()
        company[n - 1], features[n - 1] = series[n], static[n]
        beside = answer(model, assemble(company, features))[n - 1]
        if model.settings.per == "reading":
            beside, alone = beside[: len(series[n])], whole[n][: len(series[n])]
        else:
            alone = whole[n]
        close(beside, alone, precision)


@every_model
def test_more_padding_changes_no_answer(kind, precision):
    model = build(kind)
    series, static = draw_series()
    short, long = assemble(series, static, 9), assemble(series, static)
    answers = counted(answer(model, long), long)
    close(counted(numbers(use(model, short)), short), answers, precision)


@every_model
def test_queries_change_no_other_answer(kind, precision):
    model, rng = build(kind), np.random.default_rng(2)
    series, static = draw_series()
    batch = assemble(series, static)
    expected = answer(model, batch)
    for _ in range(3):
        asked = [in_order([*steps, *draw_steps(rng, 0, 5)]) for steps in series]
        with_queries = assemble(asked, static)
        answers = answer(model, with_queries)
        if model.settings.per == "reading":
            close(answers[with_queries.reading], expected[batch.reading], precision)
            # Each query is answered as if it were the only one.
            for row, k in np.argwhere(with_queries.real & ~with_queries.reading)[::4]:
                lone = list(series)
                lone[row] = [step for j, step in enumerate(asked[row]) if step[1] or j == k]
                place = sum(step[1] for step in asked[row][:k])
                alone = answer(model, assemble(lone, static))[row, place]
                close(answers[row, k], alone, precision)
        else:
            close(answers, expected, precision)


@pytest.mark.parametrize("garbage", [np.nan, np.inf, 1e30])
@every_model
def test_garbage_where_nothing_was_measured_changes_nothing(kind, garbage, precision):
    model, rng = build(kind), np.random.default_rng(3)
    series, static = draw_series()
    series[0] = sorted(
        [*series[0], *draw_steps(rng, 0, 4)], key=lambda step: (step[0], not step[1])
    )
    batch = assemble(series, static)
    blank = ~batch.real
    dirty = dataclasses.replace(
        batch,
        values=np.where(batch.observed, batch.values, garbage),
        gaps=np.where(blank, garbage, batch.gaps),
        gaps_after=np.where(blank, garbage, batch.gaps_after),
        observed=batch.observed | blank[..., None],
        reading=batch.reading | blank,
    )
    clean, dirtied = loss_and_gradient(model, batch), loss_and_gradient(model, dirty)
    jax.tree.map(np.testing.assert_array_equal, dirtied, clean)
    assert all(np.isfinite(x).all() for x in jax.tree.leaves(dirtied))
    assert {x.dtype.name for x in jax.tree.leaves(dirtied)} == {precision}


@every_model
def test_a_series_without_a_reading_is_answered(kind, precision):
    model = build(kind)
    nothing = assemble([[], draw_steps(np.random.default_rng(0), 0, 3), [], []], np.ones((N, 1)))
    answers = answer(model, nothing)
    assert np.isfinite(answers).all()
    assert answers.dtype == precision
    if model.settings.per == "series":  # from the static features alone
        features = np.append(np.zeros(model.head.linear.in_features - 1), 1)
        assert np.ptp(answers, axis=0).max() == 0
        raw = np.asarray(model.head.linear.weight) @ features + np.asarray(model.head.linear.bias)
        np.testing.assert_allclose(answers[0][:K], raw[:K], rtol=1e-5)


@every_model
def test_answers_have_the_shape_asked_for(kind):
    model = build(kind)
    answers = eqx.filter_eval_shape(model, assemble(*draw_series()))
    shape = (N, K) if model.settings.per == "series" else (N, L, K)
    if model.settings.head == "gaussian":
        assert answers.mean.shape == answers.variance.shape == shape
        assert (answer(model, assemble(*draw_series()))[:, K:] > 0).all()  # the variances
    else:
        assert answers.shape == shape


@pytest.mark.parametrize("kind", ["zoh", "depth-0"])
def test_without_dropout_and_batch_statistics_training_says_what_use_says(kind):
    model, batch = build(kind), assemble(*draw_series())
    answers, moments = train(model, batch)
    assert all(x is None for x in moments)
    assert len(moments) == model.settings.depth
    whole = counted(answer(model, batch), batch)
    np.testing.assert_allclose(counted(numbers(answers), batch), whole, rtol=1e-5, atol=1e-6)
    assert jax.tree.structure(model.absorb(moments)) == jax.tree.structure(model)


def test_batch_norm_of_a_model_remembers_what_it_absorbs():
    model, batch = build("async"), assemble(*draw_series())
    _, moments = train(model, batch)
    after = model.absorb(moments)
    for old, new, seen in zip(model.blocks, after.blocks, moments, strict=True):
        expected = 0.95 * old.norm.running_mean + 0.05 * seen.mean
        np.testing.assert_allclose(new.norm.running_mean, expected, rtol=1e-6)


def test_batch_statistics_in_training_see_readings_only():
    model, rng = build("async"), np.random.default_rng(4)
    series, static = draw_series()
    batch = assemble(series, static)
    _, moments = train(model, batch)
    told = np.repeat(batch.static[:, None], L, axis=1)
    steps = batch.values, batch.observed, batch.gaps, batch.reading
    past = jax.vmap(lambda *known: channel_history(*known)[0])(*map(jnp.asarray, steps))
    features = jax.vmap(model.encoder)(batch.values, batch.observed, past, told)
    seen = np.asarray(features, float)[batch.reading]
    np.testing.assert_allclose(moments[0].mean, seen.mean(axis=0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(moments[0].variance, seen.var(axis=0), rtol=1e-4)

    asked = [in_order([*steps, *draw_steps(rng, 0, 5)]) for steps in series]
    asked = assemble(asked, static)
    asked = dataclasses.replace(asked, reading=asked.reading | ~asked.real)  # padding is neither
    _, again = train(model, asked)
    for got, expected in zip(jax.tree.leaves(again), jax.tree.leaves(moments), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_tokens_are_looked_up_and_a_missing_one_is_nothing():
    model = build("zoh", n_channels=1, n_tokens=5, depth=0, pooling="mean", n_static=0)
    batch = assemble([draw_steps(np.random.default_rng(0), 4)], np.zeros((1, 0)))
    tokens = np.array([3.0, 0.0, 4.0, 3.0])
    values = np.full((1, L, 1), np.nan)
    values[0, :4, 0] = tokens
    observed = np.arange(L)[None, :, None] < np.array([4])
    batch = dataclasses.replace(batch, values=values, observed=observed)
    vectors = np.asarray(model.encoder.embedding.weight)[tokens.astype(int)]
    linear = model.head.linear
    expected = np.asarray(linear.weight) @ vectors.mean(axis=0) + np.asarray(linear.bias)
    np.testing.assert_allclose(model(batch)[0], expected, rtol=1e-5, atol=1e-6)

    outside = dataclasses.replace(batch, values=np.where(values == 4, 5.0, values))
    with pytest.raises(
        RuntimeError, match="A token is no whole number from 0 to 4, the vocabulary"
    ):
        jax.block_until_ready(model(outside))
    between = dataclasses.replace(batch, values=np.where(values == 4, 1.9, values))
    with pytest.raises(RuntimeError, match="A token is no whole number from 0 to 4"):
        jax.block_until_ready(model(between))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"pooling": "max"}, "pooling must be one of last, mean, .*; got 'max'"),
        ({"mixer": "rnn"}, "mixer must be one of s5, .*; got 'rnn'"),
        ({"per": "step"}, "per must be one of series, reading; got 'step'"),
        ({"head": "rank"}, "head must be class, value or gaussian; got 'rank'"),
        ({"norm": "group"}, "norm must be layer, rms or batch; got 'group'"),
        ({"activation": "relu"}, "activation must be one of full_glu, .*; got 'relu'"),
        (
            {"inputs": ("value", "delta")},
            r"inputs must be some of value, .*; got \('value', 'delta'\)",
        ),
        ({"inputs": ()}, "inputs must be some of"),
        ({"hold": "zoo"}, "hold must be one of"),
        ({"states": 7}, "n_states=7 does not split"),
    ],
)
def test_settings_that_cannot_be_are_refused(setting, message):
    settings = ModelSettings(
        **({"n_channels": 2, "n_outputs": 3, "width": 4, "states": 4} | setting)
    )
    with pytest.raises(ValueError, match=message):
        S5Model(settings, key=jax.random.key(0))


def test_steps_that_a_batch_does_not_have_are_refused():
    model = build("foh")
    batch = assemble(*draw_series())
    assert model(batch, at=np.zeros((N, 2), int)).shape == (N, 2, K)
    for wrong in (L, -1):
        with pytest.raises(eqx.EquinoxRuntimeError, match=rf"a step beyond the {L} there"):
            jax.block_until_ready(model(batch, at=np.full((N, 1), wrong)))
    with pytest.raises(TypeError, match=r"at= counts steps of the batch.*got float32"):
        model(batch, at=np.zeros((N, 1), np.float32))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"anchors": (7,), "per": "reading", "n_outputs": 1},
            r"anchors=\(7,\) are channels, from 0",
        ),
        ({"anchors": (-1,), "per": "reading", "n_outputs": 1}, "are channels, from 0 to 1"),
        ({"dropout": 1.0}, "dropout is a share from 0 to below 1; got 1.0"),
        ({"depth": 0, "dropout": -0.5}, "dropout is a share"),
    ],
)
def test_settings_without_a_meaning_are_refused(changes, message):
    settings = {"n_channels": 2, "n_outputs": 1, "width": 4, "states": 4} | changes
    with pytest.raises(ValueError, match=message):
        S5Model(ModelSettings(**settings), key=jax.random.key(0))


@pytest.mark.parametrize("gap", [-5.0, np.nan])
@pytest.mark.parametrize("how", [{"depth": 0}, {"mixer": "s4d"}])
def test_a_gap_that_cannot_be_is_refused_where_no_layer_looks_at_it(gap, how):
    sizes = {"n_channels": 2, "n_outputs": 1, "width": 4, "states": 4, "pooling": "gap_mean"}
    model = S5Model(ModelSettings(**sizes, **how), key=jax.random.key(0))
    ones = np.ones((1, 3), np.float32)
    batch = IrregularBatch(
        values=np.ones((1, 3, 2), np.float32),
        observed=np.ones((1, 3, 2), bool),
        gaps=ones * np.array([1, gap, 1], np.float32),
        gaps_after=ones,
        reading=ones > 0,
        real=ones > 0,
        static=np.zeros((1, 0), np.float32),
    )
    with pytest.raises(RuntimeError, match="gaps holds a gap that is negative, NaN"):
        jax.block_until_ready(model(batch))
    padding = dataclasses.replace(batch, real=np.array([[True, False, True]]))
    assert np.isfinite(model(padding)).all()


def test_no_step_carries_the_state_on_and_answers_nothing():
    settings = ModelSettings(n_channels=2, n_outputs=1, width=4, states=4)
    model = S5Model(settings, key=jax.random.key(0))
    none = IrregularBatch(
        values=np.zeros((0, 2), np.float32),
        observed=np.zeros((0, 2), bool),
        gaps=np.zeros(0, np.float32),
        gaps_after=np.zeros(0, np.float32),
        reading=np.zeros(0, bool),
        real=np.zeros(0, bool),
        static=np.zeros(0, np.float32),
    )
    state = model.initial_state()
    answers, after = model.run(none, state)
    assert answers.shape == (0, 1)
    jax.tree.map(np.testing.assert_array_equal, after, state)
    with pytest.raises(ValueError, match="The batch has no steps"):
        model(jax.tree.map(lambda part: part[None], none))

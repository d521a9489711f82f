"""Windows that start from carried states are the series that they were cut from."""

import dataclasses
import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tiny_training import arrays_of

from ct_s5.batch import SeriesSet, windows
from ct_s5.nn import INPUTS, ModelSettings, S5Model
from ct_s5.training import FitSettings, Forecasting, Targets, fit, loss_of_each, predict_all
from ct_s5.training import _predict as predicting
from ct_s5.training._along import Starts, Windows

LENGTHS = (30, 0, 1, 12, 45)
EXACT = {"float32": 1e-5, "float64": 1e-12}
KINDS = {
    "foh": {"hold": "foh", "depth": 2, "anchors": (1, 0), "inputs": INPUTS},
    "gru": {"mixer": "gru", "inputs": ("value", "age")},
}


def draw_series(seed=0):
    rng = np.random.default_rng(seed)
    n = sum(LENGTHS)
    observed = rng.random((n, 2)) < 0.6
    observed[::7] = False  # queries of the caller's own
    return SeriesSet(
        values=np.where(observed, rng.normal(size=(n, 2)), 0).astype(np.float32),
        observed=observed,
        times=np.concatenate(
            [100 * rng.random() + np.cumsum(rng.exponential(size=k)) for k in LENGTHS]
        ),
        reading=observed.any(axis=1),
        offsets=np.concatenate([[0], np.cumsum(LENGTHS)]),
        static=rng.normal(size=(len(LENGTHS), 1)).astype(np.float32),
        unit=0.8,
    )


def build(kind="foh", **changes):
    settings = {"n_channels": 2, "n_outputs": 2, "n_static": 1, "width": 4, "states": 4, "depth": 1}
    settings |= {"timescale": (0.05, 1.0), "per": "reading", "head": "gaussian"}
    return S5Model(ModelSettings(**settings | KINDS[kind] | changes), key=jax.random.key(1))


# Compiled in half the time, to slower code.
@functools.partial(eqx.filter_jit, compiler_options={"xla_backend_optimization_level": 0})
def answers_of(model, batch, start=None):
    return model.forward(batch, jax.random.key(0), start)[0]


def flat(answers, batch):
    """The answers at real steps, one row each."""
    return jax.tree.map(lambda a: np.asarray(a)[batch.real], answers)


@pytest.mark.parametrize(
    ("kind", "precision", "lengths"),
    [("foh", "float64", (1, 7)), ("gru", "float32", (7,))],
    indirect=["precision"],
)
def test_windows_answer_and_lose_as_the_uncut_series_do(kind, precision, lengths):
    model, exact = build(kind), {"rtol": EXACT[precision], "atol": EXACT[precision]}
    shown, targets = Forecasting((0, 1), 5.0).draw(draw_series(), np.random.default_rng(0))
    batch = shown.batch()
    whole = flat(answers_of(model, batch), batch)

    def loss(answers):
        told = jax.tree.map(jnp.asarray, (answers, targets.values, targets.weights))
        return float(loss_of_each("faithful", *told).sum())

    for length in lengths:
        cut = Windows.cut(shown, length)
        starts, empty = cut.starts(model, batch_size=4), Starts.empty(model, len(cut.owner))
        batch, every = cut.series.batch(), np.arange(len(cut.owner))
        told, bare = (flat(answers_of(model, batch, s.of(every)), batch) for s in (starts, empty))
        for ours, theirs in zip(jax.tree.leaves(told), jax.tree.leaves(whole), strict=True):
            np.testing.assert_allclose(ours, theirs, **exact)
        assert loss(told) == pytest.approx(loss(whole), rel=EXACT[precision])
        assert loss(bare) != pytest.approx(loss(whole), rel=1e-3)


def test_series_too_long_to_hold_are_answered_window_by_window(monkeypatch):
    model, series = build("gru"), draw_series()
    wanted = predict_all(model, series)
    monkeypatch.setattr(predicting, "MOST_STEPS", 29)
    monkeypatch.setattr(predicting, "_WINDOW", 8)
    told = predict_all(model, series)
    for ours, theirs in zip(jax.tree.leaves(told), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


N, W, K = 64, 4, 6


def marked(seed):
    """N series of K windows: the first row is a mark, 10 or -10, to be told in the last window."""
    rng = np.random.default_rng(seed)
    row = np.arange(N * K * W) % (K * W)
    mark = np.repeat(rng.choice([-1.0, 1.0], N), K * W)
    series = SeriesSet(
        values=np.where(row == 0, 10 * mark, 0)[:, None].astype(np.float32),
        observed=np.ones((len(row), 1), bool),
        times=row.astype(float),
        reading=np.ones(len(row), bool),
        offsets=np.arange(0, len(row) + 1, K * W),
        static=np.zeros((N, 0), np.float32),
    )
    told = row >= (K - 1) * W
    return series, Targets(mark[:, None].astype(np.float32), told.astype(float))


def test_what_was_read_five_windows_back_is_learned_through_the_carried_state():
    settings = ModelSettings(
        n_channels=1,
        n_outputs=1,
        width=8,
        states=8,
        depth=1,
        per="reading",
        inputs=("value",),  # so that nothing but the layer's state knows the mark
        timescale=(0.01, 0.1),
        prenorm=False,
    )
    model = S5Model(settings, key=jax.random.key(0))
    how = FitSettings(max_epochs=25, learning_rate=0.02, weight_decay=0.0, packing=False)
    series, targets = marked(0)
    carried = fit(model, series, targets, loss="value", settings=dataclasses.replace(how, window=W))
    alone = fit(model, windows(series, W)[0], targets, loss="value", settings=how)
    series, targets = marked(1)
    asked = targets.weights > 0

    def error(model, series):
        return ((predict_all(model, series) - targets.values)[asked] ** 2).mean()

    assert error(carried.model, series) < 0.1
    assert error(alone.model, windows(series, W)[0]) > 0.9


def test_series_of_one_window_train_as_they_do_without_to_the_bit():
    model, series = build(depth=0), draw_series()
    how = FitSettings(max_epochs=1, batch_size=4)
    task = Forecasting((0, 1), 5.0)
    one, other = (
        fit(model, series, task, loss="faithful", settings=dataclasses.replace(how, window=window))
        for window in (None, 500)
    )
    for a, b in zip(arrays_of(one.model), arrays_of(other.model), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "changes", [{"bidirectional": True}, {"norm": "batch"}, {"mixer": "transformer"}]
)
def test_a_model_that_cannot_carry_its_state_is_refused(changes):
    settings, series = FitSettings(max_epochs=1, window=8), draw_series()
    targets = Targets(series.values, np.ones(len(series.times)))
    with pytest.raises(ValueError, match="window=8 carries states along a series"):
        fit(build(**changes), series, targets, loss="faithful", settings=settings)

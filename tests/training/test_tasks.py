import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ct_s5.batch import SeriesSet
from ct_s5.nn import Gaussian
from ct_s5.training import Forecasting, Imputing, loss_of_each

LENGTHS = (30, 0, 1, 12, 45)


def draw_series(seed=0, channels=3):
    rng = np.random.default_rng(seed)
    n = sum(LENGTHS)
    observed = rng.random((n, channels)) < 0.5
    return SeriesSet(
        values=np.where(observed, rng.normal(size=(n, channels)), 0).astype(np.float32),
        observed=observed,
        times=np.concatenate([np.cumsum(rng.exponential(size=k)) for k in LENGTHS]),
        reading=observed.any(axis=1),
        offsets=np.concatenate([[0], np.cumsum(LENGTHS)]),
        static=np.zeros((len(LENGTHS), 0), np.float32),
    )


def parts(series):
    return [slice(a, b) for a, b in zip(series.offsets[:-1], series.offsets[1:], strict=True)]


@pytest.mark.parametrize("cut", [None, 6.0])
def test_a_forecast_is_asked_within_the_horizon_of_its_origin(cut):
    series = draw_series()
    task = Forecasting(channels=(2, 0), horizon=4.0, cut=cut)
    lengths = set()
    for seed in range(4):
        shown, targets = task.draw(series, np.random.default_rng(seed))
        lengths.add(tuple(shown.lengths))
        for own, rows in zip(parts(series), parts(shown), strict=True):
            times, reading = series.times[own], series.reading[own]
            readable = [
                (t, v, o)
                for t, v, o, r in zip(
                    times, series.values[own], series.observed[own], reading, strict=True
                )
                if r
            ]
            foreseen = []
            last = None  # the time of the last reading before, in row order
            for k in range(rows.start, rows.stop):
                time = shown.times[k]
                if shown.reading[k]:
                    last = time
                elif targets.weights[k].any():
                    assert 0 < time - last <= 4.0 * (1 + 1e-6)
                    if cut is not None:
                        assert last <= times[0] + cut < time
                    foreseen.append(time)
                    ((value, seen),) = [(v, o) for t, v, o in readable if t == time]
                    np.testing.assert_array_equal(targets.weights[k], seen[[2, 0]])
                    np.testing.assert_array_equal(targets.values[k], value[[2, 0]])
            wanted = []
            for t, _, o in readable:
                origins = [s for s, *_ in readable if s < t and t - s <= 4.0]
                if cut is not None:
                    before = [s for s, *_ in readable if s - times[0] <= cut]
                    origins = [s for s in origins if before and s == before[-1]]
                if origins and o[[2, 0]].any():
                    wanted.append(t)
            assert sorted(foreseen) == wanted
    assert len(lengths) == 1


def test_origins_differ_from_draw_to_draw_and_from_nothing_else():
    series, task = draw_series(), Forecasting((0,), 10.0)
    one, again, other = (task.draw(series, np.random.default_rng(s))[0] for s in (0, 0, 1))
    np.testing.assert_array_equal(one.gaps, again.gaps)
    assert (one.gaps != other.gaps).any()


def test_what_is_known_beforehand_comes_with_the_question():
    series = draw_series()
    shown, targets = Forecasting((0,), 10.0, known=(1,)).draw(series, np.random.default_rng(0))
    asked = np.flatnonzero(targets.weights[:, 0])
    assert len(asked)
    assert not shown.observed[asked][:, [0, 2]].any()
    for row in asked:
        (source,) = np.flatnonzero(
            (series.times == shown.times[row]) & (series.values[:, 0] == targets.values[row, 0])
        )
        assert shown.observed[row, 1] == series.observed[source, 1]
        assert shown.values[row, 1] == series.values[source, 1]


@pytest.mark.parametrize("way", ["cell", "row", "block"])
def test_hidden_cells_are_the_targets_and_nothing_else_is(way):
    series = draw_series()
    shown, targets = Imputing((1, 2), (0.3, 0.7), (way,)).draw(series, np.random.default_rng(3))
    hidden = series.observed & ~shown.observed
    assert not hidden[:, 0].any()
    assert 0.2 < hidden[:, 1:].sum() / series.observed[:, 1:].sum() < 0.8
    np.testing.assert_array_equal(targets.weights, hidden[:, 1:])
    np.testing.assert_array_equal(targets.values[hidden[:, 1:]], series.values[hidden])
    assert not (shown.observed & ~series.observed).any()
    np.testing.assert_array_equal(shown.offsets, series.offsets)
    if way == "row":
        some = series.observed[:, 1:] & hidden[:, 1:].any(axis=1, keepdims=True)
        np.testing.assert_array_equal(some, hidden[:, 1:])


def test_blocks_hide_stretches_of_one_channel():
    series = draw_series()
    full = dataclasses.replace(series, observed=np.ones_like(series.observed))
    shown, _ = Imputing((0, 1, 2), (0.5, 0.5), ("block",), 6).draw(full, np.random.default_rng(0))
    long = parts(full)[4]
    hidden = ~shown.observed[long]
    runs = [np.diff(np.flatnonzero(np.diff(np.pad(h, 1).astype(int))))[::2] for h in hidden.T]
    inner = np.concatenate([r[1:-1] for r in runs if len(r) > 2])
    assert (inner % 6 == 0).all()


@pytest.mark.parametrize("task", [Forecasting((0, 1), 5.0), Imputing((0, 1))])
def test_rows_that_do_not_count_are_not_asked_for(task):
    series = draw_series()
    counted = np.arange(len(series.times)) % 3 == 0
    task = dataclasses.replace(task, counted=counted)
    shown, targets = task.draw(series, np.random.default_rng(0))
    asked = targets.weights.any(axis=1)
    assert np.isin(shown.times[asked], series.times[counted]).all()
    assert asked.any()


def test_weights_of_cells_count_as_those_of_rows_do():
    rng = np.random.default_rng(0)
    answers, targets = rng.normal(size=(2, 4, 3)).astype(np.float32)
    variance = rng.uniform(0.5, 2.0, (4, 3)).astype(np.float32)
    rows = np.array([0.0, 1.0, 2.0, 0.5], np.float32)
    cells = np.repeat(rows[:, None], 3, axis=1)
    told = map(jnp.asarray, (answers, targets))
    answers, targets = told
    for kind, given, scale in (
        ("value", answers, 3),
        ("gaussian", Gaussian(answers, jnp.asarray(variance)), 1),
        ("faithful", Gaussian(answers, jnp.asarray(variance)), 1),
    ):
        by_row = loss_of_each(kind, given, targets, jnp.asarray(rows))
        by_cell = loss_of_each(kind, given, targets, jnp.asarray(cells))
        np.testing.assert_allclose(by_cell, scale * by_row, rtol=1e-6)


def test_a_faithful_mean_follows_squared_errors_and_the_variance_its_likelihood():
    mean, target = jnp.array([[1.0, -2.0]]), jnp.array([[3.0, 1.0]])
    variance, one = jnp.array([[9.0, 0.1]]), jnp.ones(1)

    def total(kind, mean, variance):
        return loss_of_each(kind, Gaussian(mean, variance), target, one).sum()

    by_mean, by_variance = jax.grad(total, (1, 2))("faithful", mean, variance)
    np.testing.assert_allclose(by_mean, mean - target, rtol=1e-6)
    np.testing.assert_allclose(by_variance, jax.grad(total, 2)("gaussian", mean, variance))


def test_a_cell_without_weight_touches_no_gradient():
    weights = jnp.array([[1.0, 0.0]])

    def total(mean):
        told = Gaussian(mean, jnp.ones((1, 2)))
        return loss_of_each("faithful", told, jnp.array([[0.0, jnp.nan]]), weights).sum()

    gradient = jax.grad(total)(jnp.array([[2.0, jnp.inf]]))
    np.testing.assert_array_equal(gradient, [[2.0, 0.0]])


def test_the_origin_of_a_cut_is_the_reading_at_the_cut_itself():
    n = 200
    rng = np.random.default_rng(0)
    times = np.sort(rng.uniform(0, 6, size=(n, 9)), axis=1)
    times[:, 0], times[:, 4] = 0.0, 3.3
    times.sort(axis=1)
    series = SeriesSet(
        values=rng.normal(size=(9 * n, 1)).astype(np.float32),
        observed=np.ones((9 * n, 1), bool),
        times=times.ravel(),
        reading=np.ones(9 * n, bool),
        offsets=np.arange(0, 9 * n + 1, 9),
        static=np.zeros((n, 0), np.float32),
    )
    shown, targets = Forecasting(channels=(0,), horizon=9.0, cut=3.3).draw(series, rng)
    asked = np.flatnonzero(targets.weights[:, 0])
    last = np.maximum.accumulate(np.where(shown.reading, np.arange(len(shown.times)), -1))[asked]
    assert len(asked) > n
    np.testing.assert_array_equal(shown.times[last], 3.3)

"""Training is repeatable, stops when it should, and keeps the best."""

import dataclasses
import re
import sys
import warnings

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from tiny_training import (
    NAMES,
    SETTINGS,
    arrays_of,
    classes,
    tiny_model,
    tiny_series,
    values,
)

from ct_s5.batch import minibatches, thinned_lengths
from ct_s5.training import FitSettings, Imputing, Targets, fit, predict_all
from ct_s5.training._checkpoint import Checkpoint
from ct_s5.training._fit import _buckets, _packing


def train(model=None, targets=None, **keywords):
    """The shared training; keywords of `FitSettings` and of `fit` change it."""
    ours = {field.name for field in dataclasses.fields(SETTINGS)}
    changed = {name: keywords.pop(name) for name in list(keywords) if name in ours}
    settings = dataclasses.replace(SETTINGS, **changed)
    keywords = {"loss": "class", "series": tiny_series(), "names": NAMES} | keywords
    return fit(model or tiny_model(), targets=targets or classes(), settings=settings, **keywords)


def same(result, other):
    """Whether two trainings went alike to the bit; seconds aside."""
    clocks = ["seconds", "series_per_second"]
    one, two = result.history.drop(columns=clocks), other.history.drop(columns=clocks)
    pairs = zip(arrays_of(result.model), arrays_of(other.model), strict=True)
    return one.equals(two) and all(np.array_equal(a, b) for a, b in pairs)


@pytest.fixture(scope="module")
def result():
    held_out = tiny_series(5, seed=9), classes(5)
    return train(validation=held_out)


def test_the_history_tells_every_epoch(result):
    assert result.history.index.name == "epoch"
    assert result.history.index.tolist() == [1, 2, 3, 4]
    assert result.history.columns.tolist() == [
        "loss",
        "learning_rate",
        "validation_loss",
        "seconds",
        "series_per_second",
        "steps",
    ]
    assert np.isfinite(result.history).all(axis=None)
    assert result.lengths == (4,)


def test_the_same_seed_trains_the_same_model_to_the_bit(result):
    again = train(validation=(tiny_series(5, seed=9), classes(5)))
    assert same(result, again)
    assert again.n_compilations == 0


def test_another_seed_trains_another_model():
    one, other = train(max_epochs=1), train(max_epochs=1, seed=4)
    assert not same(one, other)


def test_a_seed_shuffles_what_an_epoch_sees_but_all_of_it_is_seen():
    parts = [list(minibatches(tiny_series(), (4,), 4, seed=3, epoch=e)) for e in (1, 2)]
    orders = [np.concatenate([part.series for part in epoch]) for epoch in parts]
    assert orders[0].tolist() != orders[1].tolist()
    assert all(sorted(order[order >= 0]) == list(range(6)) for order in orders)


def test_training_learns():
    history = train(max_epochs=40, learning_rate=0.05).history
    assert history.loss.iloc[-1] < 0.5 * history.loss.iloc[0]


def test_the_best_epoch_is_that_of_the_lowest_validation_loss(result):
    assert result.best_epoch == result.history.validation_loss.idxmin()
    scores = np.float64(predict_all(result.model, tiny_series(5, seed=9), batch_size=4))
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    expected = -np.log(shares[np.arange(5), classes(5).values]).mean()
    assert result.history.validation_loss.min() == pytest.approx(expected, rel=1e-5)


def test_training_stops_when_patience_ends_and_keeps_the_best_weights():
    # The same series with the labels turned round: what is learned makes validation worse.
    turned = Targets(1 - classes().values, np.ones(6))
    best = train(validation=(tiny_series(), turned), max_epochs=60, patience=3, learning_rate=0.05)
    assert len(best.history) == best.best_epoch + 3 < 60
    scores = predict_all(best.model, tiny_series(), batch_size=4)
    expected = best.history.validation_loss[best.best_epoch]
    wrong = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(6), turned.values]
    assert wrong.mean() == pytest.approx(expected, rel=1e-5)


def test_without_validation_the_last_epoch_is_the_best():
    result = train(patience=1)
    assert result.best_epoch == len(result.history) == 4
    assert "validation_loss" not in result.history


@pytest.mark.parametrize("monitor", ["accuracy", "auroc", "auprc"])
def test_the_best_epoch_may_be_chosen_by_a_score(monitor):
    held_out = tiny_series(5, seed=9), classes(5)
    result = train(validation=held_out, monitor=monitor)
    assert result.best_epoch == result.history[f"validation_{monitor}"].idxmax()


def test_a_score_that_the_validation_cannot_give_is_refused():
    one_class = Targets(np.zeros(5, np.int32), np.ones(5))
    with pytest.raises(ValueError, match="monitor='auroc' is not defined on the validation target"):
        train(validation=(tiny_series(5), one_class), monitor="auroc")
    with pytest.raises(ValueError, match=r"monitor must be loss, .* for a 'class' loss; got 'neg"):
        train(monitor="negative_mse")


def test_training_and_validation_without_a_target_are_refused():
    none = Targets(np.zeros(6, np.int32), np.zeros(6))
    with pytest.raises(ValueError, match="no target to train on: the weight of each is zero"):
        train(targets=none)
    with pytest.raises(ValueError, match="no target to validate on: the weight of each is zero"):
        train(validation=(tiny_series(), none))


NAN, INF = float("nan"), float("inf")
BAD_SETTINGS = {
    "max_epochs": [0, NAN, 2.5],
    "batch_size": [0],
    "patience": [0, INF],
    "n_buckets": [0],
    "learning_rate": [0.0, NAN, INF],
    "weight_decay": [-0.1, NAN, INF],
    "state_rate": [-1.0, NAN, INF],
    "gradient_clip": [0.0, NAN, INF],
    "thinning": [1.0, NAN],
    "warmup": [1.5, NAN],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, some in BAD_SETTINGS.items() for value in some]
)
def test_a_setting_that_cannot_be_is_refused(name, value):
    with pytest.raises(ValueError, match=rf"^{name} .*; got {value}\.$"):
        dataclasses.replace(SETTINGS, **{name: value})


@pytest.mark.parametrize(
    ("n_steps", "epochs", "patience"), [(1, 200, 40), (12, 100, 20), (1000, 15, 5)]
)
def test_epochs_left_out_make_a_usual_number_of_steps(n_steps, epochs, patience):
    assert FitSettings().limits(n_steps) == (epochs, patience)
    assert FitSettings(max_epochs=7, patience=3).limits(n_steps) == (7, 3)


@pytest.mark.parametrize("weight", [NAN, INF, -1.0, 1e39])
def test_a_weight_that_is_none_is_refused_by_name_and_value(weight):
    targets = Targets(classes().values, np.array([1, 1, weight, 1, weight, 1]))
    told = f"target of training series 'cleo' is {weight}; 2 such weights in all. A weight is a f"
    with pytest.raises(ValueError, match=re.escape(told)):
        train(targets=targets)
    held_out = tiny_series(), targets
    with pytest.raises(ValueError, match="target of validation series 2 is"):
        train(validation=held_out)
    with pytest.raises(ValueError, match="target of validation series 'c' is"):
        train(validation=held_out, validation_names="abcdef")


def test_a_weight_of_a_reading_that_is_none_names_series_and_row():
    weights = np.ones(24)
    weights[9] = NAN
    with pytest.raises(ValueError, match="the target of row 1 of training series 'cleo' is nan"):
        train(tiny_model(**PER_READING), values(weights=weights), loss="value")


def test_a_weight_of_0_leaves_a_series_out():
    series = tiny_series()
    spoilt = dataclasses.replace(
        series, values=np.where(np.arange(24)[:, None] < 4, 7, series.values)
    )
    targets = Targets(classes().values, np.array([0.0, 1, 1, 1, 1, 1]))
    turned = Targets(np.array([1, 1, 0, 1, 0, 1], np.int32), targets.weights)
    assert same(train(targets=targets), train(targets=turned, series=spoilt))


@pytest.mark.parametrize("loss", ["class", "value", "gaussian"])
def test_a_model_in_double_precision_is_trained_and_validated_in_it(loss):
    targets = classes() if loss == "class" else Targets(values().values[:6], np.ones(6))
    with jax.enable_x64(True):
        model = tiny_model(depth=0, head=loss, n_outputs=2 if loss == "class" else 1)
        told = train(model, targets, loss=loss, validation=(tiny_series(), targets), max_epochs=2)
    assert {a.dtype for a in arrays_of(told.model)} == {np.dtype(np.float64)}
    assert np.isfinite(told.history).all(axis=None)


# Depth 0 compiles quickly, and what is asked here does not depend on what lies between.
PER_READING = {"depth": 0, "per": "reading", "head": "value", "n_outputs": 1, "dropout": 0.0}


def test_thinning_trains_on_other_gaps_and_still_repeats_itself():
    def thinned(share):
        keywords = {"loss": "value", "thinning": share}
        return train(tiny_model(**PER_READING), values(), **keywords)

    assert thinned(0.5).lengths == (2,)
    assert same(thinned(0.5), thinned(0.5))
    assert not same(thinned(0.5), thinned(0.0))


def test_thinning_leaves_the_lengths_that_training_pads_to():
    reading = np.ones(24, bool)
    reading[1:4] = False  # one reading, and three queries, which thinning leaves
    reading[4:8] = False  # queries alone
    series = dataclasses.replace(tiny_series(), reading=reading)
    assert thinned_lengths(series, 0.75).tolist() == [4, 4, 1, 1, 1, 1]
    for part in minibatches(series, (1, 4), 6, seed=0, epoch=1, thinning=0.75):
        lengths = part.batch.real.sum(axis=1)[part.series >= 0]
        assert (
            lengths.tolist()
            == thinned_lengths(series, 0.75)[part.series[part.series >= 0]].tolist()
        )


def test_answers_per_reading_are_held_to_the_rows_that_have_a_target():
    model = tiny_model(**PER_READING)
    weights = np.ones(24)
    weights[::3] = 0
    targets = values(weights=weights)
    targets.values[::3] = np.nan
    # So small a rate that the second minibatch still meets the first weights.
    result = train(model, targets, loss="value", learning_rate=1e-9)
    answers = predict_all(model, tiny_series(), lengths=(4,), batch_size=4)
    assert answers.shape == (24, 1)
    errors = (answers - targets.values)[weights > 0] ** 2
    assert result.history.loss[1] == pytest.approx(errors.mean(), rel=1e-5)
    assert not np.isnan(np.concatenate([a.ravel() for a in arrays_of(result.model)])).any()


@pytest.mark.parametrize(
    ("names", "third"),
    [(NAMES, "'cleo'"), (pd.date_range("2024", periods=6), "2024-01-03 00:00:00"), (None, "2")],
    ids=["text", "days", "none"],
)
def test_a_loss_that_is_infinite_in_the_first_epoch_names_step_and_series(names, third):
    targets = values()
    targets.values[9] = 1e30
    with pytest.raises(
        FloatingPointError,
        match=rf"became NaN or infinite at step \d \(epoch 1\), series {third}. Try a smaller",
    ):
        train(tiny_model(**PER_READING), targets, loss="value", names=names)


def test_a_finite_loss_with_an_infinite_gradient_is_caught_before_it_spoils_the_weights():
    # A feature of 1e25 through a weight of 1e-20 answers 1e5, whose square is a float32; times the
    # feature, in the gradient of that weight, it is none.
    def weights(model):
        return model.encoder.linear.weight, model.head.linear.weight

    model = tiny_model(**PER_READING)
    features, answers = weights(model)
    factors = jnp.float32(1e25), jnp.float32(1e-20)
    model = eqx.tree_at(weights, model, (features * factors[0], answers * factors[1]))
    targets = values()
    targets.values[:] = 1e15
    with pytest.raises(
        FloatingPointError, match="in weights or gradients rather than in one series"
    ):
        train(model, targets, loss="value")


def test_a_loss_that_becomes_infinite_later_warns_and_gives_back_the_best_weights(
    tmp_path, monkeypatch
):
    # One target is infinite once squared; thinning hides its reading in the first epochs.
    row, thinning = 9, 0.5

    def first_seen(seed):
        for epoch in range(1, 5):
            parts = minibatches(tiny_series(), (2,), 4, seed=seed, epoch=epoch, thinning=thinning)
            if any((part.rows == row).any() for part in parts):
                return epoch
        return 0

    seed = next(seed for seed in range(50) if first_seen(seed) == 3)
    targets = values()
    targets.values[row] = 1e30
    written = []
    message = r"\(epoch 3\), series 'cleo'. Training stopped; the weights are those of epoch 2. Try"
    monkeypatch.setattr(Checkpoint, "write", lambda self, now: written.append(now))
    with pytest.warns(RuntimeWarning, match=message):
        result = train(
            tiny_model(**PER_READING),
            targets,
            loss="value",
            thinning=thinning,
            seed=seed,
            checkpoint=tmp_path / "unused",
        )
    assert result.history.index.tolist() == [1, 2]
    pairs = zip(arrays_of(result.model), arrays_of(written[-1].model), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


# One step an epoch: nothing looks at what its update made of the weights but the end of the epoch.
ONE_STEP = {"batch_size": 8, "warmup": 0.0, "max_epochs": 2}


@pytest.mark.parametrize("learning_rate", [1e38, 3e38])
def test_an_update_that_spoils_the_weights_is_noticed_also_when_it_is_the_last(learning_rate):
    # 3e38 overflows the weights themselves, 1e38 whatever they are multiplied with.
    model = tiny_model(**PER_READING)
    keywords = ONE_STEP | {"loss": "value", "learning_rate": learning_rate}
    with pytest.raises(
        FloatingPointError, match=r"after step 0 \(epoch 1\), in weights.*smaller learning_rate"
    ):
        train(model, values(), **keywords | {"max_epochs": 1})
    with pytest.raises(FloatingPointError, match=r"at step 1 \(epoch 1\), in weights or gradients"):
        train(model, values(), **keywords | {"batch_size": 3})


def test_weights_spoilt_later_give_way_to_those_of_the_epoch_before(monkeypatch):
    model = tiny_model(**PER_READING)
    good = train(model, values(), **ONE_STEP | {"max_epochs": 1}, loss="value")

    def schedule(peak, *_):
        return lambda step: np.float32(peak if step == 0 else 3e38)

    monkeypatch.setattr("ct_s5.training._fit.make_schedule", schedule)
    message = r"after step 1 \(epoch 2\), in weights.* stopped; the weights are those of epoch 1"
    with pytest.warns(RuntimeWarning, match=message):
        result = train(model, values(), **ONE_STEP, loss="value")
    assert result.history.index.tolist() == [1]
    for one, other in zip(arrays_of(result.model), arrays_of(good.model), strict=True):
        np.testing.assert_array_equal(one, other)


def beyond(series, n):
    """The same series, of which one answers what is no number."""
    spoilt = np.arange(len(series.times)) // 4 == n
    return dataclasses.replace(series, values=np.where(spoilt[:, None], np.nan, series.values))


@pytest.mark.parametrize("monitor", ["loss", "accuracy"])
@pytest.mark.filterwarnings("ignore:The validation .* is not finite:RuntimeWarning")
def test_without_any_finite_validation_there_is_no_answer(monitor, tmp_path):
    held_out = beyond(tiny_series(5, seed=9), 3), classes(5)
    told = (
        rf"No epoch had a finite validation {monitor}: after epoch 4, validation series 'd' has a"
    )
    keywords = {"validation": held_out, "validation_names": "abcde", "monitor": monitor}
    for _ in range(2):  # the second goes on from the checkpoint of the first, which is over
        with pytest.raises(FloatingPointError, match=told):
            train(**keywords, checkpoint=tmp_path / "c")


def test_only_an_epoch_with_a_finite_validation_is_the_best(monkeypatch):
    # Validation is told what is no number after the first epochs.
    from ct_s5.training import _fit

    validate, calls = _fit.validate, []

    def blind(model, cohort, *rest):
        calls.append(1)
        spoilt = dataclasses.replace(cohort, series=beyond(cohort.series, 3))
        return validate(model, spoilt if len(calls) < 3 else cohort, *rest)

    monkeypatch.setattr(_fit, "validate", blind)
    with pytest.warns(
        RuntimeWarning, match=r"finite after epoch 1: validation series 3 has .*never count"
    ):
        result = train(validation=(tiny_series(5, seed=9), classes(5)))
    assert result.best_epoch == result.history.validation_loss.idxmin() >= 3
    assert result.history.validation_loss.isna().tolist() == [True, True, False, False]


def test_a_training_that_fails_before_any_finite_validation_gives_no_weights(monkeypatch):
    def schedule(peak, *_):
        return lambda step: np.float32(peak if step < 2 else 3e38)

    monkeypatch.setattr("ct_s5.training._fit.make_schedule", schedule)
    held_out = beyond(tiny_series(5, seed=9), 3), classes(5)
    with (
        pytest.warns(RuntimeWarning, match="not finite after epoch 1"),
        pytest.raises(FloatingPointError, match=r"\(epoch 2\).*No epoch had a finite validation"),
    ):
        train(validation=held_out)


@pytest.fixture(scope="module")
def normed():
    return train(tiny_model(norm="batch"), max_epochs=1, learning_rate=1e-9, weight_decay=0.0)


def test_the_step_is_compiled_once_for_a_shape_and_counted(normed):
    assert normed.n_compilations == 1
    again = train(tiny_model(norm="batch"), seed=8, learning_rate=0.5, weight_decay=0.0)
    assert again.n_compilations == 0


def test_batch_norm_averages_move_by_absorbing_alone(normed):
    model = tiny_model(norm="batch")
    mean, variance = np.zeros(8), np.ones(8)
    key = jax.random.fold_in(jax.random.key(SETTINGS.seed), 1)
    forward = eqx.filter_jit(type(model).forward)
    # The two minibatches of the one epoch, seen through weights that hardly moved.
    for k, part in enumerate(minibatches(tiny_series(), (4,), 4, seed=SETTINGS.seed, epoch=1)):
        _, (moments,) = forward(model, part.batch, jax.random.fold_in(key, k))
        mean = 0.95 * mean + 0.05 * np.float64(moments.mean)
        variance = 0.95 * variance + 0.05 * np.float64(moments.variance)
    norm = normed.model.blocks[0].norm
    np.testing.assert_allclose(norm.running_mean, mean, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(norm.running_variance, variance, rtol=1e-5)


def test_progress_shows_loss_and_compilations_and_silence_is_silent(capsys, monkeypatch):
    trained = train(max_epochs=2, progress=True).model
    predict_all(trained, tiny_series(), progress=True)
    assert capsys.readouterr() == ("", "")  # a log file is no terminal
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    train(max_epochs=2, progress=True)
    shown = capsys.readouterr().err
    assert shown.index("compiling") < shown.index("loss")
    assert "loss" in shown
    assert "compiled" in shown
    assert re.search(r"\d series/s", shown)
    assert "/2" in shown
    train(max_epochs=2)
    assert capsys.readouterr() == ("", "")


def test_answers_come_in_the_order_of_the_series_however_they_are_batched(result):
    series = tiny_series()
    whole = predict_all(result.model, series, lengths=(4,), batch_size=6)
    order = np.array([4, 0, 5, 2, 1, 3])
    np.testing.assert_allclose(
        predict_all(result.model, series.take(order), lengths=(4,), batch_size=4),
        whole[order],
        atol=1e-6,
    )
    np.testing.assert_allclose(
        predict_all(result.model, series, lengths=(2,), batch_size=4), whole, atol=1e-6
    )
    with pytest.raises(ValueError, match="There is no series to answer for"):
        predict_all(result.model, series.take(np.arange(0)))


def test_a_training_that_ends_well_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert isinstance(train(max_epochs=1).history, pd.DataFrame)


def ragged():
    """The tiny series, of 4, 1, 3, 4, 2 and 2 readings: four full rows."""
    kept = np.arange(4) < np.array([4, 1, 3, 4, 2, 2])[:, None]
    return tiny_series().keep(kept.ravel())


@pytest.mark.parametrize("per", ["series", "reading"])
def test_packed_series_train_the_same_model(per):
    # One batch holds all of them, so that the two ways differ in nothing but where steps lie.
    told = (tiny_model(dropout=0.0), classes())
    if per == "reading":
        told = (tiny_model(**PER_READING), values(16))
    how = {"series": ragged(), "batch_size": 6, "n_buckets": 1}
    how["loss"] = "class" if per == "series" else "value"
    results = [train(*told, **how, packing=packing) for packing in (True, False)]
    packed, padded = (result.history.loss for result in results)
    np.testing.assert_allclose(packed, padded, rtol=1e-4)
    for one, other in zip(*(arrays_of(result.model) for result in results), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_a_loss_that_is_not_finite_names_the_one_series_of_a_packed_row():
    targets = values(16)
    targets.values[6] = 1e30
    how = {"series": ragged(), "batch_size": 6, "loss": "value"}
    with pytest.raises(FloatingPointError, match=r"\(epoch 1\), series 'cleo'\."):
        train(tiny_model(**PER_READING), targets, **how, packing=True)


def test_series_are_packed_where_that_saves_steps():
    def rows(lengths, batch_size, **keywords):
        steps = np.asarray(lengths)
        settings = FitSettings(batch_size=batch_size, **keywords)
        packing = _packing(steps, _buckets(steps, settings.n_buckets), settings)
        return packing and len(packing.rows)

    assert rows([4, 1, 3, 4, 2, 2], 6) == 4
    assert rows([4, 1, 3, 4, 2, 2], 6, packing=False) is None
    assert rows([4, 4, 4, 4], 6) is None  # nothing to save
    assert rows([4, 4, 4, 4], 6, packing=True) == 4
    assert rows([100] * 64, 32) is None  # nor here, though 100 is no round length
    assert rows(np.random.default_rng(0).integers(90, 101, 64), 32) is None  # one series a row
    # One long series among short ones: a row would hold far more than a batch of them.
    assert rows([100, *[1] * 99], 32) is None


@pytest.mark.parametrize(
    ("targets", "loss", "message"),
    [
        (
            Targets(np.zeros(6, np.float32), np.ones(6)),
            "value",
            r"shape \(6, 2\) .* got shapes \(6,\)",
        ),
        (Targets(np.zeros((6, 1), np.float32), np.ones(6)), "value", r"got shapes \(6, 1\)"),
        (
            Targets(np.zeros(13, np.int32), np.ones(13)),
            "class",
            r"6 training series, 2 answers each",
        ),
        (Targets(np.zeros((6, 2), np.int32), np.ones(6)), "class", r"shape \(6,\) and a weight"),
        (Targets(np.zeros((6, 2), np.float32), np.ones(5)), "value", r"and \(5,\)"),
    ],
)
def test_targets_that_do_not_fit_are_refused(targets, loss, message):
    with pytest.raises(ValueError, match=message):
        train(tiny_model(head="class" if loss == "class" else "value"), targets, loss=loss)


@pytest.mark.parametrize("wrong", [-1, 2, 99])
def test_a_class_that_there_is_none_of_is_refused(wrong):
    numbers = classes().values.copy()
    numbers[2] = wrong
    told = f"target of training series 'cleo' is {wrong}; 1 such targets in all. Of 2 classes they"
    with pytest.raises(ValueError, match=told):
        train(targets=Targets(numbers, np.ones(6)))
    weights = np.ones(6)
    weights[2] = 0
    train(targets=Targets(numbers, weights))


def test_one_negative_weight_among_a_rows_own_is_refused():
    weights = np.ones((6, 2))
    weights[1] = [-1, 2]
    targets = Targets(np.zeros((6, 2), np.float32), weights)
    with pytest.raises(ValueError, match="target of training series 'bob' is -1"):
        train(tiny_model(head="value"), targets, loss="value")


def test_thinning_and_a_task_that_hides_readings_are_refused_together():
    settings = dataclasses.replace(SETTINGS, thinning=0.3)
    with pytest.raises(ValueError, match=r"thinning=0\.3 and Imputing do not go together"):
        fit(
            *(tiny_model(**PER_READING), tiny_series(), Imputing((0, 1))),
            loss="value",
            settings=settings,
        )

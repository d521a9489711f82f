"""Laws 4, 5 and 10 for people with frames."""

import copy

import numpy as np
import pandas as pd
import pytest
from tiny_wards import DEEP, FORWARD, IDS, classifier, labels, numbers, regressor, ward

from ct_s5.estimators import load


@pytest.mark.parametrize(
    "move",
    [
        lambda ds: ds + pd.Timedelta(days=3653),
        lambda ds: ds - pd.Timedelta(days=40_000),
        lambda ds: ds.dt.tz_convert("UTC"),
        lambda ds: ds.dt.tz_convert("Pacific/Chatham"),
        lambda ds: ds.dt.as_unit("s"),
        lambda ds: ds.dt.as_unit("ns"),
    ],
    ids=["ten years on", "a century back", "UTC", "Chatham", "seconds", "nanoseconds"],
)
def test_the_clock_a_frame_is_written_in_changes_no_bit(fitted_with_a_hold, move):
    frame = ward(seed=3)
    expected = fitted_with_a_hold.predict_proba(frame)
    moved = fitted_with_a_hold.predict_proba(frame.assign(ds=move(frame.ds)))
    pd.testing.assert_frame_equal(moved, expected, check_exact=True)


@pytest.fixture(scope="module")
def fitted_to_hours():
    return classifier(**FORWARD).fit(_in_hours(ward()), labels())


def _in_hours(frame):
    return frame.assign(ds=(frame.ds - frame.ds.min()).dt.total_seconds() / 3600)


@pytest.mark.parametrize("shift", [0.1, -1e3, 3e5])
def test_a_shift_of_float_times_changes_answers_by_rounding_alone(fitted_to_hours, shift):
    frame = _in_hours(ward(seed=3))
    expected = fitted_to_hours.predict_proba(frame)
    moved = fitted_to_hours.predict_proba(frame.assign(ds=frame.ds + shift))
    np.testing.assert_allclose(moved, expected, atol=1e-6)
    assert not np.allclose(
        fitted_to_hours.predict_proba(frame.assign(ds=frame.ds * 10)), expected, atol=1e-6
    )


def test_training_does_not_know_the_clock_either(fitted):
    frame = ward()
    moved = frame.assign(ds=(frame.ds + pd.Timedelta(days=100)).dt.as_unit("s"))
    model = classifier(**DEEP).fit(moved, labels())
    assert model.predict_proba(ward(seed=3)).equals(fitted.predict_proba(ward(seed=3)))


def test_durations_and_numbers_are_times_as_well():
    frame = ward()
    elapsed = frame.ds - frame.ds.min()
    one = classifier().fit(frame.assign(ds=elapsed), labels())
    other = classifier().fit(frame.assign(ds=elapsed.dt.total_seconds().astype(int)), labels())
    plain = classifier().fit(frame, labels())
    answers = plain.predict_proba(frame)
    assert one.predict_proba(frame.assign(ds=elapsed)).equals(answers)
    seconds = frame.assign(ds=elapsed.dt.total_seconds().astype(int))
    assert other.predict_proba(seconds).equals(answers)


def test_neither_the_order_of_the_series_nor_of_their_rows_changes_an_answer(fitted_with_a_hold):
    frame = ward(seed=3)
    expected = fitted_with_a_hold.predict_proba(frame)
    by_series = frame.sort_values(["unique_id", "ds"], kind="stable")
    backwards = pd.concat([frame[frame.unique_id == i] for i in reversed(IDS)])
    shuffled = frame.sample(frac=1, random_state=0)
    sorting = copy.copy(fitted_with_a_hold).set_params(sort=True)
    for model, other in (
        (fitted_with_a_hold, by_series),
        (fitted_with_a_hold, backwards),
        (sorting, shuffled),
    ):
        answers = model.predict_proba(other).loc[expected.index]
        np.testing.assert_allclose(answers, expected, atol=1e-6)


def test_other_series_beside_it_and_more_padding_change_no_answer(fitted):
    frame = ward(seed=3)
    expected = fitted.predict_proba(frame)
    for ids in (["p5"], IDS[:7]):
        part = fitted.predict_proba(frame[frame.unique_id.isin(ids)])
        np.testing.assert_allclose(part, expected.loc[part.index], atol=1e-6)
    long = pd.concat([ward(seed=4, ids=["long"]), frame])
    later = ward(seed=5, ids=["long"])
    later["ds"] += pd.Timedelta(days=9)
    beside = fitted.predict_proba(pd.concat([long, later]))
    np.testing.assert_allclose(beside.loc[expected.index], expected, atol=1e-6)


def test_a_row_in_which_nothing_was_observed_changes_no_answer(fitted):
    frame = ward(seed=3)
    query = pd.DataFrame({"unique_id": ["p4"], "ds": [frame.ds.max() + pd.Timedelta("1h")]})
    asked = pd.concat([frame, query], ignore_index=True)
    np.testing.assert_allclose(fitted.predict_proba(asked), fitted.predict_proba(frame), atol=1e-6)


LABELS = {
    "integers": labels(),
    "small integers": labels().astype("int8") + 5,
    "text": labels().map({0: "home", 1: "died"}),
    "text as objects": labels().map({0: "home", 1: "died"}).astype(object),
    "categories": labels().map({0: "home", 1: "died"}).astype("category"),
    "flags": labels().astype(bool),
    "flags as objects": labels().astype(bool).astype(object),
    "floats": labels().astype(float),
    "nullable integers": labels().astype("Int64"),
}


def alike(model, path):
    """Save, load and compare: answers to the bit, settings, what was learned."""
    model.save(path)
    again = load(path)
    assert type(again) is type(model)
    assert again.get_params() == model.get_params()
    assert again.schema_ == model.schema_
    assert again.lengths_ == model.lengths_
    assert again.best_epoch_ == model.best_epoch_
    pd.testing.assert_frame_equal(again.history_, model.history_)
    return again


@pytest.mark.parametrize("kind", LABELS)
def test_a_loaded_classifier_answers_alike_to_the_bit(kind, tmp_path):
    model = classifier().fit(ward(), LABELS[kind])
    again = alike(model, tmp_path / "model.safetensors")
    frame = ward(seed=3)
    assert again.classes_.dtype == model.classes_.dtype != object
    assert set(again.predict(frame)) <= set(LABELS[kind])
    pd.testing.assert_series_equal(again.predict(frame), model.predict(frame))
    pd.testing.assert_frame_equal(
        again.predict_proba(frame), model.predict_proba(frame), check_exact=True
    )
    assert again.score(frame, LABELS[kind]) == model.score(frame, LABELS[kind])


def test_a_loaded_recurrent_network_answers_alike_to_the_bit(fitted, tmp_path):
    again = alike(fitted, tmp_path / "model.safetensors")
    frame = ward(seed=3)
    assert again.predict_proba(frame).equals(fitted.predict_proba(frame))


@pytest.mark.parametrize("several", [False, True])
def test_a_loaded_regressor_answers_alike_to_the_bit(several, tmp_path):
    y = pd.DataFrame({"days": numbers(), "cost": numbers() ** 2}) if several else numbers()
    model = regressor().fit(ward(), y)
    again = alike(model, tmp_path / "model.safetensors")
    frame = ward(seed=3)
    assert again.predict(frame).equals(model.predict(frame))


def test_a_loaded_model_knows_categories_and_weights(tmp_path):
    static = pd.DataFrame({"unit": ["icu", None, "ward"] * 4, "age": np.arange(12.0)}, index=IDS)
    settings = {"class_weight": {"home": 1.0, "died": 2.5}, "inputs": ["value", "age"]}
    model = classifier(**settings, random_state=np.random.RandomState(0))
    model.fit(ward(), LABELS["text"], static=static)
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.class_weight == settings["class_weight"]
    assert again.random_state is None
    frame = ward(seed=3)
    assert again.predict_proba(frame, static=static).equals(
        model.predict_proba(frame, static=static)
    )
    again.fit(frame, LABELS["text"], static=static)


def test_a_loaded_model_answers_per_reading_alike(fitted_per_reading, tmp_path):
    again = alike(fitted_per_reading, tmp_path / "model")
    frame = ward(seed=3)
    assert again.predict_proba(frame).equals(fitted_per_reading.predict_proba(frame))


def test_a_loaded_model_of_a_table_still_counts_its_columns(tmp_path):
    table = np.random.default_rng(0).normal(size=(12, 4))
    classifier().fit(table, labels().to_numpy()).save(tmp_path / "model")
    with pytest.raises(ValueError, match="X has 3 features, but S5Classifier is expecting 4"):
        load(tmp_path / "model").predict(table[:, :3])


def test_a_score_that_came_out_nan_does_not_keep_a_model_from_its_file(tmp_path):
    model = classifier().fit(ward(), labels())
    model.history_.loc[2, "validation_loss"] = np.nan
    alike(model, tmp_path / "model")

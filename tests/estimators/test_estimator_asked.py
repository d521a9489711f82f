"""Answers at any time: law 6, and what is asked of whom."""

import numpy as np
import pandas as pd
import pytest
from tiny_wards import FORWARD, IDS, classifier, labels, numbers, regressor, ward


@pytest.fixture(scope="module")
def so_far():
    """A causal model that answers once a series."""
    return classifier(**FORWARD).fit(ward(), labels())


@pytest.fixture(scope="module")
def by_reading():
    """A model of both directions that answers at every reading."""
    frame = ward()
    model = regressor(depth=1, bidirectional=True, per="reading", max_epochs=1)
    return model.fit(frame, frame.hr.to_numpy())


def test_the_answer_of_a_series_as_it_stood_is_that_of_its_readings_so_far(so_far):
    frame = ward(seed=5)
    when = frame.groupby("unique_id").ds.transform("median")
    pairs = pd.DataFrame({"unique_id": IDS, "ds": when.groupby(frame.unique_id).first()[IDS].array})
    told = so_far.predict_proba(frame, at=pairs)
    pd.testing.assert_frame_equal(told[["unique_id", "ds"]], pairs, check_column_type=False)
    early = frame[frame.ds <= when]
    wanted = so_far.predict_proba(early).loc[IDS]
    np.testing.assert_allclose(told[[0, 1]], wanted, rtol=1e-5)
    late = so_far.predict_proba(frame, at=frame.ds.max() + pd.Timedelta("1D"))
    np.testing.assert_allclose(late[[0, 1]], so_far.predict_proba(frame), rtol=1e-5)
    assert so_far.predict(frame, at="1h").columns.tolist() == ["unique_id", "ds", "prediction"]


@pytest.mark.parametrize("seed", range(3))
def test_questions_change_no_other_answer(by_reading, seed):
    frame, rng = ward(seed=6), np.random.default_rng(seed)
    span = frame.ds.max() - frame.ds.min()
    draw = frame.ds.min() + (rng.random(30) * 1.4 - 0.2) * span
    pairs = pd.DataFrame({"unique_id": rng.choice(IDS, 30), "ds": draw})
    some = by_reading.predict(frame, at=pairs)
    few = by_reading.predict(frame, at=pairs[::3])
    np.testing.assert_allclose(few.prediction, some.prediction[::3], rtol=1e-5)
    # At its own time, a reading's answer is that of a question right after it.
    asked = by_reading.predict(frame, at=frame[["unique_id", "ds"]])
    assert np.isfinite(asked.prediction).all()
    rows = frame.assign(**dict.fromkeys(("hr", "temp"), np.nan))
    rows["ds"] += pd.Timedelta("7s")
    both = pd.concat([frame, rows]).sort_values("ds", kind="stable")
    told = by_reading.predict(both).set_index(["unique_id", "ds"]).prediction
    alone = by_reading.predict(frame).set_index(["unique_id", "ds"]).prediction
    np.testing.assert_allclose(told[alone.index], alone, rtol=2e-5, atol=1e-6)
    after = by_reading.predict(frame, at=rows[["unique_id", "ds"]])
    after = after.set_index(["unique_id", "ds"]).prediction
    np.testing.assert_allclose(told[after.index], after, rtol=2e-5, atol=1e-6)


def test_a_model_of_both_directions_has_no_answer_as_it_stood(fitted):
    with pytest.raises(ValueError, match="looks at all of its readings, so it has no answer at"):
        fitted.predict(ward(), at="1h")


def test_arrays_are_answered_with_arrays(so_far):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(8, 5, 2)), np.arange(8) % 2
    model = classifier(**FORWARD).fit(X, y)
    told = model.predict_proba(X, at=[2, 7.5])
    assert told.shape == (16, 2)
    np.testing.assert_allclose(told[1::2], model.predict_proba(X), rtol=1e-5)


def test_a_series_that_is_not_there_is_refused(so_far):
    frame = ward()
    pairs = pd.DataFrame({"unique_id": ["nobody"], "ds": frame.ds[:1]})
    with pytest.raises(ValueError, match="asks about series 'nobody'"):
        so_far.predict(frame, at=pairs)


def test_several_targets_keep_their_names_when_asked():
    frame = ward()
    y = pd.DataFrame({"a": numbers(), "b": numbers() * 2})
    model = regressor(**FORWARD).fit(frame, y)
    told = model.predict(frame, at=frame.ds.iloc[[-1]])
    assert told.columns.tolist() == ["unique_id", "ds", "a", "b"]

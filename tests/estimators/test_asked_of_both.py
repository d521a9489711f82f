"""What forecaster and imputer make of questions that come in any order, zone and number."""

import numpy as np
import pandas as pd
import pytest

from ct_s5 import S5Forecaster, S5Imputer

TINY = {"width": 8, "states": 8, "depth": 1, "max_epochs": 2, "batch_size": 8, "random_state": 0}
START = pd.Timestamp("2026-03-28 20:00", tz="Europe/Berlin")  # the clocks change that night


def curves(seed=0, n=10, length=20):
    rng = np.random.default_rng(seed)
    hours = np.cumsum(rng.exponential(0.5, size=(n, length)), axis=1)
    values = np.sin(hours + rng.uniform(0, 6, (n, 1)))
    blank = np.where(rng.random((n, length)) < 0.3, np.nan, values**2)
    ds = (START + pd.to_timedelta(hours.ravel(), "h")).round("s")
    names = np.repeat([f"c{k}" for k in range(n)], length)
    told = {"unique_id": names, "ds": ds, "level": values.ravel(), "other": blank.ravel()}
    return pd.DataFrame(told)


@pytest.fixture(scope="module", params=[S5Forecaster, S5Imputer])
def fitted(request):
    own = {"horizon": "3h"} if request.param is S5Forecaster else {}
    return request.param(**own, **TINY).fit(curves())


@pytest.fixture(scope="module")
def frame():
    return curves(1, n=3)


def pairs(frame, shift="10min"):
    own = frame[frame.unique_id != "c1"].groupby("unique_id").nth([3, 9, 15])
    return own[["unique_id", "ds"]].assign(ds=own.ds + pd.Timedelta(shift)).reset_index(drop=True)


def same(told, wanted):
    pd.testing.assert_frame_equal(told, wanted, rtol=1e-5, atol=1e-6)


def test_order_repeats_and_zone_of_questions_change_no_answer(fitted, frame):
    at = pairs(frame)
    wanted = fitted.predict(frame, at)
    order = [4, 0, 5, 4, 2, 1, 3, 0]
    told = fitted.predict(frame, at.iloc[order])
    same(told, wanted.iloc[order].reset_index(drop=True))
    utc = fitted.predict(frame, at.assign(ds=at.ds.dt.tz_convert("UTC")))
    same(utc.drop(columns="ds"), wanted.drop(columns="ds"))
    assert (utc.ds == wanted.ds).all()


def test_other_questions_leave_no_trace_in_an_answer(fitted, frame):
    at = pairs(frame)
    alone = pd.concat([fitted.predict(frame, at.iloc[[k]]) for k in range(len(at))])
    same(fitted.predict(frame, at), alone.reset_index(drop=True))
    near = pd.concat([at, at.assign(ds=at.ds + pd.Timedelta("1s"))], ignore_index=True)
    same(fitted.predict(frame, near).iloc[: len(at)], alone.reset_index(drop=True))


def test_a_question_at_a_reading_or_before_the_first_is_answered(fitted, frame):
    for at in (pairs(frame, "0s"), pairs(frame).assign(ds=frame.ds.min() - pd.Timedelta("1h"))):
        told = fitted.predict(frame, at)
        assert np.isfinite(told.drop(columns=["unique_id", "ds"])).all(axis=None)
        assert (told["level-lo-90"] <= told["level-hi-90"]).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda at: at.assign(unique_id="c9"), "about series 'c9', of which the data has no row"),
        (lambda at: at.assign(ds=at.ds.dt.tz_localize(None)), "zone"),
        (lambda at: at.assign(ds=pd.NaT), "row 0 of at="),
        (lambda at: at.iloc[:0], "at= holds no time"),
    ],
    ids=["stranger", "naive", "no time", "nothing"],
)
def test_a_question_that_cannot_be_is_refused(fitted, frame, change, words):
    with pytest.raises((ValueError, TypeError), match=words):
        fitted.predict(frame, change(pairs(frame)))

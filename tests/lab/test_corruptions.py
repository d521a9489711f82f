"""Corruptions: how much goes, what stays, and that more is lost at a higher rate."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from ct_s5.frames import encode, learn_from, to_long
from ct_s5.lab import CORRUPTIONS, Corruption, corrupt
from ct_s5.lab._treatments import Readings

RATES = {"jitter": (0.2, 1.0), "rate": (2, 4)}


def long_series(n_series=6, length=400, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "unique_id": np.repeat([f"s{n}" for n in range(n_series)], length),
            "ds": pd.to_timedelta(
                np.concatenate([np.cumsum(rng.integers(1, 9, length)) for _ in range(n_series)]),
                unit="s",
            ),
            "a": rng.normal(size=n_series * length),
            "b": rng.exponential(size=n_series * length),
        }
    )
    frame["b"] = frame["b"].mask(rng.random(len(frame)) < 0.3)
    return frame


@pytest.fixture(scope="module")
def frame():
    return long_series()


def keys(frame):
    return set(zip(frame["unique_id"], frame["ds"], strict=True))


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_at_no_rate_nothing_changes(frame, kind):
    none = corrupt(frame, f"{kind}={1 if kind == 'rate' else 0}")
    pd.testing.assert_frame_equal(none, corrupt(frame, "drop=0"))
    assert len(none) == len(frame)


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_a_seed_fixes_what_is_done(frame, kind):
    rate = RATES.get(kind, (0.3, 0.5))[0]
    one = corrupt(frame, Corruption(kind, rate), seed=3)
    pd.testing.assert_frame_equal(one, corrupt(frame, f"{kind}={rate}", seed=3))
    if kind != "rate":
        assert not one.equals(corrupt(frame, f"{kind}={rate}", seed=4))


@pytest.mark.parametrize("rate", [0.3, 0.7])
def test_as_many_readings_go_as_the_rate_says(frame, rate):
    n = len(frame)
    low, high = binom.ppf([1e-6, 1 - 1e-6], n, rate)
    assert low <= n - len(corrupt(frame, f"drop={rate}")) <= high
    counts = corrupt(frame, f"burst={rate}").groupby("unique_id").size()
    assert (counts == 400 - round(rate * 400)).all()
    left = corrupt(frame, f"informative={rate}").count()
    for name in ("a", "b"):
        assert left[name] == frame[name].count() - round(rate * frame[name].count())
    hidden = corrupt(frame, f"drop-cells={rate}")
    cells = int(frame[["a", "b"]].count().sum())
    low, high = binom.ppf([1e-6, 1 - 1e-6], cells, rate)
    assert low <= cells - hidden[["a", "b"]].count().sum() <= high


@pytest.mark.parametrize("kind", ["drop", "drop-cells", "burst", "informative"])
def test_a_higher_rate_loses_what_a_lower_one_lost(frame, kind):
    some, more = (corrupt(frame, f"{kind}={rate}", seed=1) for rate in (0.3, 0.6))
    whole = frame.set_index(["unique_id", "ds"])
    some, more = (part.set_index(["unique_id", "ds"]).reindex(whole.index) for part in (some, more))
    for name in ("a", "b"):
        assert (some[name].notna() | more[name].isna()).all()
        assert some[name].isna().sum() < more[name].isna().sum()


def test_a_multiple_of_a_rate_loses_what_the_rate_lost(frame):
    times = {
        n: set(map(tuple, corrupt(frame, f"rate={n}")[["unique_id", "ds"]].to_numpy()))
        for n in (2, 3, 4)
    }
    assert times[4] < times[2]
    assert not times[3] < times[2]


def test_a_burst_takes_whole_stretches(frame):
    def stretches(corruption):
        left, found = corrupt(frame, corruption, seed=2), []
        for name, own in frame.groupby("unique_id"):
            kept = own["ds"].isin(left.loc[left["unique_id"] == name, "ds"]).to_numpy()
            found.append((np.diff(kept.astype(int), prepend=1) < 0).sum())
        return np.array(found)

    # 160 of 400 readings, in runs of 40 on average.
    assert (stretches("burst=0.4") <= 12).all()
    assert (stretches("drop=0.4") > 60).all()


def test_a_lower_rate_keeps_every_second_or_third_reading(frame):
    for rate in (2, 3):
        wanted = frame.groupby("unique_id").nth(slice(None, None, rate))
        assert keys(corrupt(frame, f"rate={rate}")) == keys(wanted)


def test_jitter_moves_times_and_keeps_the_order_of_readings(frame):
    median = frame.groupby("unique_id")["ds"].diff().median() / pd.Timedelta("1s")
    moved = corrupt(frame, "jitter=0.5", seed=1)
    np.testing.assert_allclose(moved["a"], frame["a"], rtol=1e-6, atol=1e-6)
    away = (moved["ds"] - frame["ds"]) / pd.Timedelta("1s")
    assert 0.3 * median < away.std() < 0.6 * median
    steps = moved.groupby("unique_id")["ds"].diff().dropna()
    assert (steps > pd.Timedelta(0)).all()


@pytest.mark.parametrize("kind", ["number", "zone", "seconds"])
def test_jitter_keeps_the_kind_of_time(kind):
    frame = long_series(2, 50)
    if kind == "number":
        frame["ds"] = (frame["ds"] / pd.Timedelta("1s")).astype(int)
    elif kind == "zone":
        frame["ds"] = (pd.Timestamp("2026-10-25", tz="UTC") + frame["ds"]).dt.tz_convert(
            "Europe/Berlin"
        )
    else:
        frame["ds"] = frame["ds"].astype("timedelta64[s]")
    moved = corrupt(frame, "jitter=1", seed=1)
    assert moved["ds"].dtype.kind == {"number": "f"}.get(kind, frame["ds"].dtype.kind)
    assert getattr(moved["ds"].dtype, "tz", None) == getattr(frame["ds"].dtype, "tz", None)
    step = 1.0 if kind == "number" else pd.Timedelta("1s")
    assert 0 < ((moved["ds"] - frame["ds"]) / step).abs().median() < 10


def test_what_is_far_from_the_middle_goes_first(frame):
    left = corrupt(frame, "informative=0.5")
    whole = frame["a"]
    lost = ~whole.round(4).isin(left["a"].round(4))
    rank = (whole.rank(pct=True) - 0.5).abs()
    ends, middle = lost[rank > 0.4].mean(), lost[rank < 0.1].mean()
    assert ends > middle + 0.2


@pytest.mark.parametrize("kind", ["drop", "drop-cells", "burst", "informative"])
def test_no_series_loses_its_last_reading(kind):
    frame = long_series(40, 2)
    assert set(corrupt(frame, f"{kind}=0.97")["unique_id"]) == set(frame["unique_id"])


def test_rows_stay_as_questions_where_answers_are_asked_at_each(frame):
    left = corrupt(frame, "drop=0.5", per="reading")
    assert keys(left) == keys(frame)
    told = corrupt(frame, "drop=0.5")
    assert left[["a", "b"]].notna().any(axis=1).sum() == len(told)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("drop", "no corruption with rates: write drop=0.3"),
        ("drop=much", "no corruption with rates"),
        ("thin=0.3", "A corruption is one of drop"),
        ("drop=1", "a share from 0 to below 1"),
        ("rate=1.5", "divided by: 1, 2, 3"),
        ("jitter=-1", "a number of median gaps"),
        ("drop=0.1,0.2", "is 2 corruptions: give one"),
    ],
)
def test_what_is_no_corruption_is_refused(frame, text, message):
    with pytest.raises(ValueError, match=message):
        corrupt(frame, text)


def test_rates_are_read_as_a_list():
    assert Corruption.parse("drop=0,0.5") == [Corruption("drop", 0.0), Corruption("drop", 0.5)]
    both = Corruption.all_of(["drop=0.5,0.3", Corruption("drop", 0.5), "rate=2"])
    assert [str(c) for c in both] == ["drop=0.5", "drop=0.3", "rate=2"]


@pytest.mark.parametrize("kind", ["drop", "drop-cells", "burst"])
def test_a_series_draws_for_itself_whatever_the_others_are(kind):
    """From the seed and its own position: the series before it may be longer or shorter."""
    frame = long_series(3, 60)
    shorter = frame.drop(index=range(20, 60))
    one, other = (corrupt(part, f"{kind}=0.5", seed=2) for part in (frame, shorter))
    for name in ("s1", "s2"):
        assert keys(one[one["unique_id"] == name]) == keys(other[other["unique_id"] == name])


def test_without_a_change_the_very_readings_are_given_back(frame):
    long = to_long(frame)
    readings = Readings.of(encode(long, learn_from(long, None, None)))
    for text in ("drop=0", "jitter=0", "rate=1"):
        (corruption,) = Corruption.all_of(text)
        assert not corruption.changes
        assert corruption.apply(readings, 5) is readings


@pytest.mark.parametrize("corruption", ["drop=0.5", "drop-cells=0.5", "burst=0.4", "jitter=0.5"])
def test_at_a_reading_nothing_is_told_of_what_comes_after(corruption):
    rng = np.random.default_rng(0)
    others = [
        pd.DataFrame({"unique_id": n, "ds": np.cumsum(rng.exponential(1, 10)), "a": 1.0})
        for n in range(1, 30)
    ]
    past = np.cumsum(rng.exponential(1, 40))
    (change,) = Corruption.all_of(corruption)

    def spoiled(later):
        times = np.concatenate([past, past[-1] + np.cumsum(later)])
        own = pd.DataFrame({"unique_id": 0, "ds": times, "a": 2.0})
        long = to_long(pd.concat([own, *others], ignore_index=True))
        readings = Readings.of(encode(long, learn_from(long, 1.0, None)), "reading")
        found = change.apply(dataclasses.replace(readings, gap_unit=1.0), 0).treated("true").frame
        return found.iloc[:20][["ds", "a"]].to_numpy()

    some, many = spoiled([0.02] * 3), spoiled([5.0] * 3)
    np.testing.assert_allclose(some, many, rtol=1e-6)
    untouched = np.column_stack([past[:20], np.full(20, 2.0)])
    assert not np.allclose(some, untouched, rtol=1e-4)
    # The mean length of all series stays below 20, so that runs are of two: no series has a say.
    np.testing.assert_allclose(spoiled([0.02] * 160), some, rtol=1e-6)

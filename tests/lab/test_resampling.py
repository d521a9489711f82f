"""Regular grids: against pandas and NumPy, one series and channel at a time."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from ct_s5.frames import encode, learn_from, to_long
from ct_s5.lab import TREATMENTS, treat
from ct_s5.lab._grid import numbered
from ct_s5.lab._treatments import Readings, refuses


def irregular(kind="timedelta", n_series=4, seed=0):
    """Series of 1 to 9 rows with cells missing; times at random."""
    rng = np.random.default_rng(seed)
    parts = []
    for n, length in enumerate([1, 9, 5, 7][:n_series]):
        seconds = np.sort(rng.choice(np.arange(1, 400), length, replace=False))
        values = np.where(rng.random((length, 2)) < 0.35, np.nan, rng.normal(size=(length, 2)))
        values[rng.integers(length), :] = rng.normal(size=2)
        parts.append(pd.DataFrame({"unique_id": f"s{n}", "ds": seconds, "a": 0.0, "b": 0.0}))
        parts[-1][["a", "b"]] = values
    frame = pd.concat(parts, ignore_index=True).dropna(subset=["a", "b"], how="all")
    if kind != "number":
        frame["ds"] = pd.to_timedelta(frame["ds"], unit="s")
    if kind == "zone":
        frame["ds"] = (pd.Timestamp("2026-03-29 00:30", tz="UTC") + frame["ds"]).dt.tz_convert(
            "Europe/Berlin"
        )
    return frame.reset_index(drop=True)


def seconds(times):
    if times.dtype.kind in "if":
        return times.to_numpy(np.float64)
    return ((times - times.iloc[0]) / pd.Timedelta("1s")).to_numpy()


def expected(own, at, kind, column):
    """One channel of one series at some seconds since its first row."""
    time, value = seconds(own["ds"]) - seconds(own["ds"])[0], own[column].to_numpy()
    known = ~np.isnan(value)
    time, value = time[known], value[known]
    if not known.any():
        return np.full(len(at), np.nan)
    if kind == "linear":
        return np.interp(at, time, value)
    if kind == "last":
        return np.array(
            [value[time <= t + 1e-7][-1] if (time <= t + 1e-7).any() else np.nan for t in at]
        )
    edges = [-1.0, *at]
    inside = [
        (time > lo + 1e-7) & (time <= hi + 1e-7) for lo, hi in zip(edges[:-1], at, strict=True)
    ]
    return np.array([value[some].mean() if some.any() else np.nan for some in inside])


@pytest.mark.parametrize("kind", ["last", "linear", "mean"])
@pytest.mark.parametrize("times", ["timedelta", "number", "zone"])
@pytest.mark.parametrize("grid", [None, 6, "step"])
def test_a_grid_shows_what_its_kind_says(kind, times, grid):
    frame = irregular(times)
    step = {"number": 37.0}.get(times, "37s") if grid == "step" else grid
    treated = treat(frame, f"resample-{kind}", grid=step)
    assert treated["ds"].dtype.kind == frame["ds"].dtype.kind or times == "number"
    for name, own in frame.groupby("unique_id"):
        points = treated[treated["unique_id"] == name]
        at = seconds(points["ds"]) - seconds(points["ds"])[0]
        span = seconds(own["ds"])[-1] - seconds(own["ds"])[0]
        n_points = {None: len(own), 6: 6, "step": int(np.ceil(span / 37)) + 1}[grid]
        n_points = n_points if span else 1
        ends = span if grid != "step" else (n_points - 1) * 37.0
        np.testing.assert_allclose(at, np.linspace(0, ends, n_points), atol=1e-6)
        assert points["ds"].iloc[0] == own["ds"].iloc[0]
        for column in ("a", "b"):
            wanted = expected(own, at, kind, column)
            np.testing.assert_allclose(points[column], wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["last", "linear", "mean"])
def test_plus_equal_numbers_the_points(kind):
    frame = irregular()
    treated = treat(frame, f"resample-{kind}+equal")
    for name, own in frame.groupby("unique_id"):
        points = treated.loc[treated["unique_id"] == name, "ds"]
        assert points.tolist() == list(range(len(own)))
    other = treat(frame, f"resample-{kind}")
    pd.testing.assert_frame_equal(treated.drop(columns="ds"), other.drop(columns="ds"))


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        (1, "at least 2 points"),
        ("soon", "grid='soon' is no length of time"),
        ("1ns", "name a longer step"),
        (2.5, "needs a unit"),
    ],
)
def test_a_grid_that_is_none_is_refused(grid, message):
    with pytest.raises(ValueError, match=message):
        treat(irregular(), "resample-last", grid=grid)


def questions(treatment, seed=0):
    """A frame in which half of the rows hold nothing, treated with an answer at each row."""
    frame = irregular(seed=seed)
    frame.loc[frame.index % 2 == 1, ["a", "b"]] = np.nan
    long = to_long(frame)
    readings = Readings.of(encode(long, learn_from(long, None, None)), per="reading")
    return frame, readings.treated(treatment, seed)


@pytest.mark.parametrize(
    "treatment", ["true", "equal", "appended", "resample-last", "resample-mean"]
)
def test_every_row_is_asked_for_whatever_the_treatment(treatment):
    frame, treated = questions(treatment)
    asked = treated.rows >= 0
    assert treated.rows[asked].tolist() == list(range(len(frame)))
    assert (treated.frame["unique_id"][asked].to_numpy() == frame["unique_id"].to_numpy()).all()
    # Each row of the frame stays one row when it is encoded.
    assert not treated.frame.duplicated(["unique_id", "ds"]).any()
    times = treated.frame.groupby("unique_id", sort=False)["ds"]
    assert times.is_monotonic_increasing.all()


CAUSAL = [name for name in TREATMENTS if refuses(name, "reading") is None]


def prefix(frame, schema, treatment, grid, row):
    """What is told of time and cells up to a row of the first series, and which rows answer."""
    readings = Readings.of(encode(to_long(frame), schema), per="reading")
    readings = dataclasses.replace(readings, gap_unit=1.5, step=0.9)  # of the data as a whole
    treated = readings.treated(treatment, 0, grid)
    end = np.flatnonzero(treated.rows == row)[0] + 1
    return treated.frame.drop(columns="unique_id").iloc[:end].to_numpy(float), treated.rows[:end]


@pytest.mark.parametrize("grid", [None, 0.7])
@pytest.mark.parametrize("treatment", CAUSAL)
def test_an_answer_at_a_reading_is_told_nothing_of_what_comes_after(treatment, grid):
    rng = np.random.default_rng(2)
    for _ in range(20):
        n, row = 9, 5
        frame = pd.DataFrame({"unique_id": 1, "ds": np.cumsum(rng.exponential(1, n) + 0.01)})
        frame["a"] = np.where(rng.random(n) < 0.5, np.nan, rng.normal(size=n))
        now = frame["ds"][row]
        # Another future: other gaps, other values, more rows or none, and readings or none.
        others = [frame.iloc[: row + 1]]
        for gap, share in [(20.0, 0.0), (0.01, 1.0), (0.3, 0.5)]:
            later = now + np.cumsum(rng.exponential(gap, 12) + 1e-3)
            values = np.where(rng.random(12) < share, np.nan, 1e3 * rng.normal(size=12))
            told = pd.DataFrame({"unique_id": 1, "ds": later, "a": values})
            others.append(pd.concat([frame.iloc[: row + 1], told], ignore_index=True))
        # Scaled as before, so that the values that stay are equal to the bit.
        schema = learn_from(to_long(frame.fillna({"a": 0.5})), 1.0, None)
        wanted, rows = prefix(frame, schema, treatment, grid, row)
        for other in others:
            found, answers = prefix(other, schema, treatment, grid, row)
            np.testing.assert_array_equal(answers, rows)
            np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_what_looks_ahead_is_refused_where_answers_are_asked_at_each_reading():
    assert "come after" in (refuses("shuffled", "reading") or "")
    assert refuses("shuffled", "series") is None
    assert "comes after" in (refuses("resample-linear", "reading") or "")
    assert refuses("resample-linear", "series") is None
    assert refuses("resample-mean+equal", "reading") is None


def test_the_mean_gap_gives_about_as_many_points_as_there_are_readings():
    frame = irregular("number")
    readings = Readings.of(encode(to_long(frame), learn_from(to_long(frame), 1.0, None)), "reading")
    times = frame.groupby("unique_id")["ds"]
    spans = times.max() - times.min()
    np.testing.assert_allclose(readings.mean_gap, spans.sum() / (len(frame) - len(spans)))
    points = readings.treated("resample-last+equal").frame.groupby("unique_id")["ds"].max()
    np.testing.assert_array_equal(points, np.ceil(spans / readings.mean_gap))


def test_where_no_series_has_two_readings_a_grid_has_as_many_points_as_there_are_rows():
    ids, times = np.repeat(np.arange(5), 2), np.tile([0, 30], 5)
    frame = pd.DataFrame({"unique_id": ids, "ds": pd.to_timedelta(times, unit="D")})
    frame["a"] = np.tile([1.0, np.nan], 5)
    long = to_long(frame)
    readings = Readings.of(encode(long, learn_from(long, "1h", None)), "reading")
    assert len(readings.treated("resample-last").frame) == 10


def test_what_does_not_count_lies_between():
    owner = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 2])
    counted = np.array([0, 1, 0, 0, 1, 0, 1, 1, 0, 0], bool)
    found = numbered(owner, counted)
    wanted = [-0.5, 0, 1 / 2, 2 / 3, 1, 1.5, 0, 1, 1.5, -0.5]
    np.testing.assert_allclose(found, wanted)


@pytest.mark.parametrize("grid", [None, 0.7, 0.1])
def test_rounding_leaves_no_reading_beyond_the_last_point(grid):
    rng = np.random.default_rng(3)
    times = np.cumsum(rng.integers(1, 9, (300, 6)) * 0.1, axis=1)
    frame = pd.DataFrame({"unique_id": np.repeat(np.arange(300), 6), "ds": times.ravel()})
    frame["a"] = rng.normal(size=len(frame))
    frame.loc[frame.index % 6 == 0, "a"] = np.nan  # a question first
    long = to_long(frame)
    readings = Readings.of(encode(long, learn_from(long, None, None)), per="reading")
    for kind in ("last", "mean"):
        treated = readings.treated(f"resample-{kind}", grid=grid).frame
        shown = treated.dropna().groupby("unique_id")["a"].last()
        if kind == "last":
            wanted = frame.groupby("unique_id")["a"].last()
            np.testing.assert_allclose(shown, wanted, rtol=1e-5, atol=1e-6)
        assert len(shown) == 300
        assert not treated.duplicated(["unique_id", "ds"]).any()

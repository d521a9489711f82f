import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from ragged import draw_series, spans

from ct_s5.batch import gaps_from_times
from oracles.gaps_loop import gaps_loop

steps = st.lists(st.tuples(st.integers(-(10**6), 10**6), st.booleans()), max_size=12)


@given(steps=steps, first_gap=st.sampled_from([1.0, 0.25, 0.0]))
@settings(deadline=None, derandomize=True)
def test_gaps_are_what_a_look_back_and_forward_finds(steps, first_gap):
    times = np.sort([time / 8 for time, _ in steps])
    reading = np.array([is_reading for _, is_reading in steps], bool)
    gaps = gaps_from_times(times, reading, first_gap)
    np.testing.assert_array_equal(gaps, gaps_loop(times, reading, first_gap))
    every = gaps_from_times(times, first_gap=first_gap)
    np.testing.assert_array_equal(every, gaps_loop(times, np.ones(len(times), bool), first_gap))


def test_a_clock_far_from_its_origin_loses_nothing():
    times = 1.7e9 + np.array([0.0, 0.25, 0.25, 4.5])
    gaps, gaps_after = gaps_from_times(times)
    np.testing.assert_array_equal(gaps, [1, 0.25, 0, 4.25])
    np.testing.assert_array_equal(gaps_after, [0.25, 0, 4.25, 1])
    assert not np.signbit(gaps).any()
    assert not np.signbit(gaps_after).any()


@pytest.mark.parametrize("seed", range(5))
def test_series_end_to_end_have_the_gaps_of_each_alone(seed):
    series = draw_series(seed)
    for rows in spans(series):
        alone = gaps_loop(series.times[rows], series.reading[rows], series.first_gap)
        np.testing.assert_array_equal((series.gaps[rows], series.gaps_after[rows]), alone)


@pytest.mark.parametrize(
    ("times", "reading", "message"),
    [
        ([0.0, 2.0, 1.5], None, r"times go back at step 2: 1.5 comes after 2.0.*np.argsort"),
        ([0.0, np.nan], None, r"times\[1\] is nan. Drop that step"),
        ([np.inf], None, r"times\[0\] is inf"),
        ([[0.0]], None, r"one series of shape \(L,\); got shape \(1, 1\)"),
        ([0.0, 1.0], [True], r"reading has shape \(1,\), times has \(2,\)"),
    ],
)
def test_times_that_cannot_be_are_refused(times, reading, message):
    with pytest.raises(ValueError, match=message):
        gaps_from_times(np.array(times), reading)


def test_whole_numbers_are_subtracted_exactly_however_large():
    times = np.array(
        [1_600_000_000_000_000_000, 1_600_000_000_000_000_100, 1_600_000_000_000_000_200]
    )
    gaps, gaps_after = gaps_from_times(times)
    assert gaps.tolist() == [1.0, 100.0, 100.0]
    assert gaps_after.tolist() == [100.0, 100.0, 1.0]


def test_timestamps_are_refused_with_the_way_out():
    with pytest.raises(
        TypeError, match=r"times are numbers .* got datetime64\[ns\]\. Take timestamps"
    ):
        gaps_from_times(np.array(["2026-01-01", "2026-01-02"], "datetime64[ns]"))


@pytest.mark.parametrize(
    "times",
    [
        np.array([-100, 100], np.int8),
        np.array([-2_000_000_000, 2_000_000_000], np.int32),
        np.array([0, 200], np.uint8),
        np.array([-(2**63), 2**63 - 1], np.int64),
        np.array([0, 2**64 - 1], np.uint64),
    ],
)
def test_whole_numbers_of_every_width_are_told_apart(times):
    apart = float(int(times[1]) - int(times[0]))
    gaps, gaps_after = gaps_from_times(times)
    np.testing.assert_array_equal(gaps, [1, apart])
    np.testing.assert_array_equal(gaps_after, [apart, 1])


@pytest.mark.parametrize("first_gap", [-1.0, np.nan, np.inf])
def test_a_first_gap_that_is_none_is_refused(first_gap):
    with pytest.raises(ValueError, match="first_gap must be a finite number of at least 0; got"):
        gaps_from_times([0.0, 1.0], first_gap=first_gap)

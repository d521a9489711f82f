import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ct_s5.frames import FrameSchema, encode


def _arrays(encoded):
    series = encoded.series
    return {f.name: getattr(series, f.name) for f in dataclasses.fields(series)}


def _assert_same(encoded, other):
    """The two encodings are equal bit for bit."""
    for name, array in _arrays(encoded).items():
        np.testing.assert_array_equal(array, _arrays(other)[name], err_msg=name)


def test_series_come_in_order_of_first_appearance_and_times_count_from_their_first_row(ward):
    encoded = encode(ward, FrameSchema.learn(ward, time_unit="1h"))
    assert list(encoded.ids) == ["b", "a", "c"]
    assert encoded.ids.dtype == ward["unique_id"].dtype
    np.testing.assert_array_equal(encoded.series.offsets, [0, 3, 5, 6])
    np.testing.assert_array_equal(encoded.series.elapsed, [0, 2, 24, 0, 4.5, 0])
    np.testing.assert_array_equal(encoded.row_of_input, [0, 3, 1, 4, 5, 2])


def test_a_row_without_observed_channel_is_a_query_and_unobserved_cells_are_zero(ward):
    series = encode(ward).series
    np.testing.assert_array_equal(series.reading, [True, True, False, True, True, True])
    np.testing.assert_array_equal(series.observed[:, 0], [1, 1, 0, 0, 1, 1])
    assert (series.values[~series.observed] == 0).all()
    assert series.values.dtype == np.float32
    assert series.times.dtype == np.float64


def test_observed_cells_of_the_training_data_have_mean_zero_and_spread_one(ward):
    series = encode(ward).series
    for c in range(2):
        seen = series.values[series.observed[:, c], c]
        np.testing.assert_allclose([seen.mean(), seen.std()], [0, 1], atol=1e-6)


def test_the_frame_is_not_modified(ward):
    before = ward.copy(deep=True)
    encode(ward, sort=True, duplicates="mean")
    pd.testing.assert_frame_equal(ward, before)


def test_channels_follow_the_schema_whatever_their_order_in_the_frame(ward):
    schema = FrameSchema.learn(ward)
    _assert_same(encode(ward, schema), encode(ward[["temp", "ds", "hr", "unique_id"]], schema))


def test_one_model_unit_is_the_median_positive_gap_between_readings(ward):
    # b: 2 h (its last row is a query), a: 4.5 h, c: none.
    assert FrameSchema.learn(ward).time_unit == 3.25 * 3600


# Law 4 ------------------------------------------------------------------------------------------

UNITS = ["s", "ms", "us", "ns"]
SECONDS = st.lists(st.integers(0, 10**7), min_size=2, max_size=12, unique=True).map(sorted)


@given(seconds=SECONDS, shift=st.integers(-(10**8), 10**8), unit=st.sampled_from(UNITS))
@settings(deadline=None, derandomize=True, max_examples=50)
def test_law_4_shift_unit_and_zone_change_no_bit(seconds, shift, unit):
    utc = pd.Series(np.array(seconds, dtype="timedelta64[s]") + np.datetime64("2024-03-30"))
    frame = pd.DataFrame({"unique_id": 1, "ds": utc.astype("datetime64[us]"), "x": range(len(utc))})
    plain = encode(frame)
    moved = frame.assign(ds=frame["ds"] + pd.Timedelta(seconds=shift))
    _assert_same(plain, encode(moved))
    _assert_same(plain, encode(frame.assign(ds=frame["ds"].astype(f"datetime64[{unit}]"))))
    aware = frame.assign(ds=frame["ds"].dt.tz_localize("UTC"))
    berlin = aware.assign(ds=aware["ds"].dt.tz_convert("Europe/Berlin").dt.as_unit(unit))
    _assert_same(plain, encode(berlin))
    _assert_same(encode(aware), encode(berlin, FrameSchema.learn(aware)))


@pytest.mark.parametrize("unit", UNITS)
def test_law_4_fractions_of_a_second_are_the_same_in_every_unit_that_holds_them(unit):
    ms = np.array([0, 1, 7, 1_001, 86_400_123, 31_536_000_777])
    if unit == "s":
        ms = ms // 1000 * 1000
    times = np.datetime64("1969-12-31T23:00", "ms") + ms
    frame = pd.DataFrame({"unique_id": 1, "ds": times, "x": 1.0}).drop_duplicates("ds")
    other = frame.assign(ds=frame["ds"].astype(f"datetime64[{unit}]"))
    _assert_same(encode(frame), encode(other))


def test_law_4_a_night_of_clock_change_is_measured_in_true_hours():
    wall = ["2024-03-30 22:00", "2024-03-31 01:00", "2024-03-31 04:00"]  # 2 o'clock becomes 3
    ds = pd.to_datetime(wall).tz_localize("Europe/Berlin")
    frame = pd.DataFrame({"unique_id": "x", "ds": ds, "v": [1.0, 2.0, 3.0]})
    encoded = encode(frame, FrameSchema.learn(frame, time_unit="1h"))
    np.testing.assert_array_equal(encoded.series.elapsed, [0, 3, 5])
    autumn = pd.to_datetime(["2024-10-26 22:00", "2024-10-27 04:00"]).tz_localize("Europe/Berlin")
    frame = pd.DataFrame({"unique_id": "x", "ds": autumn, "v": [1.0, 2.0]})
    encoded = encode(frame, FrameSchema.learn(frame, time_unit="1h"))
    np.testing.assert_array_equal(encoded.series.elapsed, [0, 7])


@pytest.mark.parametrize("start", ["1500-01-01", "0001-01-01", "1969-12-31T23:59:58", "9000-06-01"])
def test_times_before_1970_and_outside_the_range_of_nanoseconds_are_ordinary(start):
    ds = np.datetime64(start, "us") + np.array([0, 1, 3]).astype("timedelta64[s]")
    frame = pd.DataFrame({"unique_id": "x", "ds": ds, "v": [1.0, 2.0, 3.0]})
    np.testing.assert_array_equal(
        encode(frame, FrameSchema.learn(frame, time_unit="1s")).series.elapsed, [0, 1, 3]
    )


def test_five_centuries_of_nanoseconds_do_not_overflow():
    ds = np.array(["1700-01-01", "2200-01-01"], dtype="datetime64[ns]")
    frame = pd.DataFrame({"unique_id": "x", "ds": ds, "v": [1.0, 2.0]})
    days = (np.datetime64("2200-01-01") - np.datetime64("1700-01-01")).astype(int)
    encoded = encode(frame, FrameSchema.learn(frame, time_unit="1D"))
    assert encoded.series.elapsed[1] == days


def test_timedeltas_encode_as_the_datetimes_they_are_counted_from(ward):
    since = ward.assign(ds=ward["ds"] - pd.Timestamp("2024-01-01"))
    _assert_same(encode(ward), encode(since))


def test_numeric_times_are_in_their_own_unit():
    frame = pd.DataFrame({"unique_id": "x", "ds": [0.5, 1.0, 3.0], "v": [1.0, 2.0, 3.0]})
    encoded = encode(frame, FrameSchema.learn(frame, time_unit=0.5))
    np.testing.assert_array_equal(encoded.series.elapsed, [0, 1, 5])
    whole = frame.assign(ds=np.array([2**60, 2**60 + 1, 2**60 + 3]))  # float64 would merge them
    np.testing.assert_array_equal(
        encode(whole, FrameSchema.learn(whole, time_unit=1)).series.elapsed, [0, 1, 3]
    )


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
@pytest.mark.parametrize(
    ("ds", "gaps"),
    [
        ([0, 2**53, 2**53 + 101, 2**53 + 202], [2**53, 101, 101]),
        ([0, 2**53, 2**53 + 1], [2**53, 1]),
        ([0, 2**53 - 1, 2**53 + 2, 2**62, 2**62 + 3], [2**53 - 1, 3, 2**62 - 2**53, 3]),
    ],
)
def test_whole_numbers_beyond_float64_lose_no_digit(dtype, ds, gaps):
    frame = pd.DataFrame({"unique_id": "x", "ds": np.array(ds, dtype), "v": 1.0})
    series = encode(frame, FrameSchema.learn(frame, time_unit=1)).series
    np.testing.assert_array_equal(series.gaps[1:], gaps)


def test_the_whole_range_of_whole_numbers_is_exact_at_both_ends():
    ds = np.array([-(2**63), -(2**63) + 5, 2**63 - 8, 2**63 - 1])
    frame = pd.DataFrame({"unique_id": "x", "ds": ds, "v": 1.0})
    series = encode(frame, FrameSchema.learn(frame, time_unit=1)).series
    np.testing.assert_array_equal(series.gaps[1:], [5, 2.0**64, 7])


# Law 5 ------------------------------------------------------------------------------------------


@given(st.randoms(use_true_random=False), st.integers(1, 5))
@settings(deadline=None, derandomize=True, max_examples=50)
def test_law_5_interleaving_series_changes_nothing_within_them(random, n_series):
    rng = np.random.default_rng(random.randrange(10**6))
    owner = rng.integers(0, n_series, 20)
    frame = pd.DataFrame({"unique_id": owner, "ds": np.sort(rng.random(20)), "x": rng.random(20)})
    frame.loc[rng.random(20) < 0.3, "x"] = np.nan
    frame.loc[19, "x"] = 1.0
    schema = FrameSchema.learn(frame, time_unit=0.1)
    grouped = encode(frame.sort_values(["unique_id", "ds"]), schema)
    mixed = encode(frame, schema)
    again = mixed.series.take(mixed.ids.get_indexer(grouped.ids))
    _assert_same(grouped, dataclasses.replace(grouped, series=again))


@given(st.permutations(range(6)))
@settings(deadline=None, derandomize=True, max_examples=50)
def test_law_5_with_sort_the_order_of_rows_changes_nothing(order):
    times = pd.to_datetime("2024-01-01") + pd.to_timedelta([0, 5, 7, 0, 1, 4], unit="h")
    frame = pd.DataFrame({"unique_id": list("aaabbb"), "ds": times, "x": range(6)})
    schema = FrameSchema.learn(frame)
    sorted_one, shuffled = encode(frame, schema), encode(frame.iloc[list(order)], schema, sort=True)
    again = shuffled.series.take(shuffled.ids.get_indexer(["a", "b"]))
    _assert_same(sorted_one, dataclasses.replace(sorted_one, series=again))
    inputs = frame["x"].to_numpy()[list(order)]
    seen = schema.restore(shuffled.series.values)[shuffled.row_of_input, 0]
    np.testing.assert_allclose(seen, inputs, atol=1e-6)


def test_a_short_gap_late_in_a_long_series_is_exact():
    late = pd.Timestamp("2024-01-01") + pd.to_timedelta([0, 100, 200, 300], unit="ns")
    frame = pd.DataFrame(
        {"unique_id": "a", "ds": [pd.Timestamp("2000-01-01"), *late], "x": np.arange(5.0)}
    )
    gaps = encode(frame, FrameSchema.learn(frame, time_unit="100ns")).series.gaps
    np.testing.assert_allclose(gaps[2:], [1, 1, 1], rtol=1e-12)

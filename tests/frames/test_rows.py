import numpy as np
import pandas as pd
import pytest

from ct_s5.frames import decode, encode


def _frame(**columns):
    return pd.DataFrame({"unique_id": "x", "ds": [0, 1, 1, 2], **columns})


def test_complementary_rows_of_one_time_merge_into_one():
    frame = _frame(a=[1.0, 2.0, np.nan, 3.0], b=[5.0, np.nan, 7.0, 6.0])
    encoded = encode(frame)
    np.testing.assert_array_equal(encoded.row_of_input, [0, 1, 1, 2])
    np.testing.assert_array_equal(encoded.series.elapsed, [0, 1, 2])
    np.testing.assert_allclose(decode(encoded)[["a", "b"]], [[1, 5], [2, 7], [3, 6]], rtol=1e-6)


def test_equal_values_do_not_conflict():
    assert len(encode(_frame(a=[1.0, 2.0, 2.0, 3.0])).series.times) == 3


def test_conflicting_rows_are_refused_by_name():
    frame = _frame(a=[1.0, 2.0, 2.0, 3.0], b=[1.0, 2.0, 4.0, 3.0])
    message = (
        r"Series 'x' has two values of channel 'b' at 1 \(row 1 and row 2\): 2.0 and 4.0; 1 such"
        r" times in all. Keep one of them, or pass duplicates='mean' or duplicates='last'."
    )
    with pytest.raises(ValueError, match=message):
        encode(frame)


@pytest.mark.parametrize(("how", "value"), [("mean", 3.0), ("last", 4.0)])
def test_conflicting_rows_merge_as_asked(how, value):
    frame = _frame(a=[1.0, 2.0, 4.0, 3.0])
    np.testing.assert_allclose(decode(encode(frame, duplicates=how))["a"], [1, value, 3])


def test_last_takes_the_last_observed_value_of_each_channel():
    frame = pd.DataFrame(
        {"unique_id": "x", "ds": [0, 0, 0, 1], "a": [1, 2, np.nan, 9], "b": [np.nan, 5, 6, 9]}
    )
    back = decode(encode(frame, duplicates="last"))
    np.testing.assert_allclose(back[["a", "b"]].iloc[0], [2, 6], rtol=1e-6)


def test_an_unknown_rule_for_duplicates_is_refused():
    with pytest.raises((ValueError, TypeError), match="'first'"):
        encode(_frame(a=1.0), duplicates="first")  # pyright: ignore[reportArgumentType]


def test_unsorted_times_are_refused_by_name():
    frame = pd.DataFrame(
        {
            "unique_id": ["a", "b", "a", "b"],
            "ds": pd.to_datetime(
                ["2024-01-01 00:00", "2024-01-02 00:00", "2024-01-03 00:00", "2024-01-01 12:00"]
            ),
            "v": 1.0,
        }
    )
    message = (
        r"Time goes back in series 'b', row 3: "
        r"2024-01-01 12:00:00 comes after 2024-01-02 00:00:00"
        r" \(row 1\) in column 'ds'. Sort first, frame.sort_values\(\['unique_id', 'ds'\]\), or"
        r" pass sort=True."
    )
    with pytest.raises(ValueError, match=message):
        encode(frame)
    encoded = encode(frame, sort=True)
    np.testing.assert_array_equal(encoded.row_of_input, [0, 3, 1, 2])


def test_two_series_may_share_times():
    frame = pd.DataFrame({"unique_id": [1, 2, 1, 2], "ds": [0, 0, 1, 1], "v": [1.0, 2, 3, 4]})
    np.testing.assert_array_equal(encode(frame).series.lengths, [2, 2])


def test_the_hour_that_local_clocks_show_twice_is_told_from_rows_out_of_order():
    zoned = pd.date_range("2026-10-25 00:50", periods=12, freq="20min", tz="Europe/Berlin")
    frame = pd.DataFrame({"unique_id": "a", "ds": zoned.tz_localize(None), "v": np.arange(12.0)})
    told = r"end of summer time, .* frame\['ds'\].dt.tz_localize\(ZONE, ambiguous='infer'\)"
    with pytest.raises(ValueError, match=told):
        encode(frame)
    mended = frame.assign(ds=frame["ds"].dt.tz_localize("Europe/Berlin", ambiguous="infer"))
    np.testing.assert_array_equal(
        encode(mended).series.gaps, encode(frame.assign(ds=zoned)).series.gaps
    )
    with pytest.raises(ValueError, match=r"pass sort=True\.$"):  # a day is no change of clocks
        encode(
            frame.assign(ds=frame["ds"].where(frame["v"] != 5, frame["ds"] - pd.Timedelta("1D")))
        )
    with pytest.raises(
        ValueError, match=r"pass sort=True\.$"
    ):  # nor is an hour where zones are known
        encode(frame.assign(ds=zoned[::-1]))

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ct_s5.frames import ask_at, decode, decode_asked, decode_series, decode_steps, encode

CELL = st.one_of(st.none(), st.floats(-1e6, 1e6, width=32))
ROW = st.tuples(st.sampled_from("abc"), st.integers(0, 10**6), CELL, CELL)


def _float32(frame, columns):
    return frame.astype(dict.fromkeys(columns, np.float32))


def _frame(rows, unit="us", zone=None):
    rows = [*rows, ("z", 0, 1.0, 2.0), ("z", 5, 3.0, 4.0)]  # every channel has a reading, a gap
    frame = pd.DataFrame(rows, columns=["unique_id", "ds", "x", "y"])
    frame = frame.drop_duplicates(["unique_id", "ds"]).sort_values("ds")
    frame["ds"] = (np.datetime64("2024-03-31") + frame["ds"].to_numpy("timedelta64[s]")).astype(
        f"datetime64[{unit}]"
    )
    if zone:
        frame["ds"] = frame["ds"].dt.tz_localize("UTC").dt.tz_convert(zone)
    return frame.astype({"x": float, "y": float})


@given(
    rows=st.lists(ROW, max_size=12),
    unit=st.sampled_from(["s", "ms", "us", "ns"]),
    zone=st.sampled_from([None, "UTC", "Europe/Berlin", "Asia/Kathmandu"]),
)
@settings(deadline=None, derandomize=True, max_examples=50)
def test_law_11_decode_gives_back_what_was_encoded(rows, unit, zone):
    frame = _frame(rows, unit, zone)
    back = decode(encode(frame))
    spread = frame[["x", "y"]].abs().max().max()  # float32 of the standardised value
    pd.testing.assert_frame_equal(
        back, _float32(frame, ["x", "y"]), rtol=1e-6, atol=1e-6 * spread + 1e-30
    )


@given(rows=st.lists(ROW, max_size=12), order=st.randoms(use_true_random=False))
@settings(deadline=None, derandomize=True, max_examples=30)
def test_law_11_holds_for_unsorted_rows_and_the_four_column_form(rows, order):
    frame = _frame(rows)
    frame = frame.iloc[order.sample(range(len(frame)), len(frame))]
    spread = frame[["x", "y"]].abs().max().max()
    tolerance = {"rtol": 1e-6, "atol": 1e-6 * spread + 1e-30}
    wide = decode(encode(frame, sort=True))
    pd.testing.assert_frame_equal(wide, _float32(frame, ["x", "y"]), **tolerance)
    cells = frame.melt(["unique_id", "ds"], var_name="channel", value_name="value")
    back = decode(encode(cells, sort=True))
    pd.testing.assert_frame_equal(back, _float32(cells, ["value"]), **tolerance)


@pytest.mark.parametrize(
    "ids",
    [
        pd.Series([7, 7, 3], dtype="int32"),
        pd.Series([7.5, 7.5, 3.0]),
        pd.Series(["p", "p", "q"], dtype="category"),
        pd.Series(["p", "p", "q"], dtype="string"),
        pd.Series([7, 7, 3], dtype="Int64"),
        pd.Series([True, True, False]),
        pd.Series([("a", 1), ("a", 1), ("b", 2)]),
        pd.to_datetime(pd.Series(["2024-01-01", "2024-01-01", "2023-01-01"])),
    ],
)
def test_ids_keep_their_type(ids):
    frame = pd.DataFrame({"unique_id": ids, "ds": [0, 1, 0], "x": [1.0, 2.0, 3.0]})
    back = decode(encode(frame))
    pd.testing.assert_series_equal(back["unique_id"], frame["unique_id"])


@pytest.mark.parametrize(
    "ds",
    [
        pd.Series([0, 1, 0], dtype="int16"),
        pd.Series([0.5, 1.5, 0.25], dtype="float32"),
        pd.Series([0, 1, 0], dtype="Int64"),
        pd.to_timedelta(pd.Series([0, 1, 0]), unit="h"),
        pd.to_datetime(pd.Series([0, 1, 0]), unit="h").astype("datetime64[s]"),
    ],
)
def test_times_keep_their_type(ds):
    frame = pd.DataFrame({"unique_id": ["p", "p", "q"], "ds": ds, "x": [1.0, 2.0, 3.0]})
    pd.testing.assert_series_equal(decode(encode(frame))["ds"], frame["ds"])


def test_column_labels_that_are_no_text_come_back():
    frame = pd.DataFrame({"unique_id": "p", "ds": [0, 1], 0: [1.0, 2.0], ("a", "b"): [3.0, 5.0]})
    pd.testing.assert_frame_equal(decode(encode(frame)), _float32(frame, frame.columns[2:]))


def test_merged_rows_come_back_as_one_at_the_place_of_the_first(ward):
    twice = pd.concat([ward.assign(temp=np.nan), ward.assign(hr=np.nan)])
    twice = twice.sort_values("ds", kind="stable")
    pd.testing.assert_frame_equal(
        decode(encode(twice)),
        _float32(ward.sort_values("ds", kind="stable"), ["hr", "temp"]),
        rtol=1e-6,
    )


def test_step_answers_come_in_the_order_of_the_rows(ward):
    encoded = encode(ward)
    answers = np.arange(6)[:, None] * [1, 10]
    flat = decode_steps(encoded, answers, ["p", "q"])
    assert list(flat.columns) == ["unique_id", "ds", "p", "q"]
    assert list(flat["unique_id"]) == list(ward["unique_id"])
    assert list(flat["ds"]) == list(ward["ds"])
    np.testing.assert_array_equal(flat["p"], encoded.row_of_input)
    np.testing.assert_array_equal(decode_steps(encoded, answers[:, 0], ["p"])["p"], flat["p"])
    with pytest.raises(ValueError, match=r"values has shape \(5, 2\); expected 6 rows and 2"):
        decode_steps(encoded, answers[:5], ["p", "q"])


@pytest.mark.parametrize("name", ["unique_id", "ds"])
def test_an_answer_does_not_take_the_name_of_another_column(ward, name):
    encoded = encode(ward)
    message = f"Two columns of the answer would be called '{name}'. Rename the channel, target or"
    with pytest.raises(ValueError, match=message):
        decode_steps(encoded, np.zeros((6, 2)), ["well", name])
    asked = ask_at(encoded, ward["ds"].iloc[0])
    with pytest.raises(ValueError, match=message):
        decode_asked(encoded, asked, np.zeros((3, 2)), ["well", name])


def test_series_answers_are_indexed_by_id(ward):
    encoded = encode(ward)
    one = decode_series(encoded, np.arange(3), name="risk")
    pd.testing.assert_series_equal(
        one, pd.Series([0, 1, 2], pd.Index(["b", "a", "c"], name="unique_id"), name="risk")
    )
    two = decode_series(encoded, np.eye(3)[:, :2], columns=["no", "yes"])
    assert list(two.columns) == ["no", "yes"]
    assert two.loc["a", "yes"] == 1
    with pytest.raises(ValueError, match="2 answers do not go with 3 series"):
        decode_series(encoded, np.arange(2))

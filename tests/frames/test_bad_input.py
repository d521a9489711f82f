"""Every frame that cannot be right is refused in words that say where and what to do."""

import datetime

import numpy as np
import pandas as pd
import pytest

from ct_s5.frames import FrameSchema, encode


def _text(values):
    return pd.Series(values, dtype="str")


BERLIN = pd.Timestamp("2024-01-01", tz="Europe/Berlin")

BAD_TIMES = {
    "NaT": (
        pd.to_datetime(pd.Series(["2024-01-01", None, "2024-01-03"])),
        r"Column 'ds' holds no time \(NaT\) at series 'p', row 1; 1 such rows in all. Drop them: "
        r"frame.dropna",
    ),
    "NaN": ([0.0, 1.0, np.nan], r"holds no time \(NaN\) at series 'q', row 2"),
    "NA": (pd.Series([0, None, 2], dtype="Int64"), r"holds no time \(NaN\) at series 'p', row 1"),
    "infinite": ([0.0, np.inf, 2.0], r"Column 'ds' holds inf at series 'p', row 1: a time must be"),
    "text": (
        _text(["2024-01-01", "2024-01-01 03:00", "2024-01-02"]),
        r"holds times as text. Turn it into timestamps first: frame\['ds'\] = pd.to_datetime\(frame"
        r"\['ds'\], format='ISO8601'\)",
    ),
    "text that is no time": (
        _text(["2024-01-01", "yesterday", None]),
        r"not all of it reads as ISO 8601: 'yesterday' at series 'p', row 1. Mend those rows",
    ),
    "text of today": (
        _text(["2024-01-01", " Today", None]),
        r"not all of it reads as ISO 8601: ' Today' at series 'p', row 1. Mend those rows",
    ),
    "text with an offset here and there": (
        _text(["2024-01-01 08:00", "2024-01-01 09:00+01:00", "2024-01-02 08:00"]),
        r"some with an offset from UTC, '2024-01-01 09:00\+01:00' at series 'p', row 1, some "
        r"without, '2024-01-01 08:00' at series 'p', row 0. Give all of them one, or none",
    ),
    "text of several offsets": (
        _text(["2024-01-01 08:00+02:00", "2024-01-01 09:00+01:00", "2024-01-02 08:00Z"]),
        r"Turn it into timestamps first: .*, format='ISO8601', utc=True\)",
    ),
    "times as category": (
        pd.Series(pd.date_range("2024", periods=3)).astype("category"),
        r"holds its times as categories. Make them datetime64\[.*\] again: .*\.astype\('datetime64",
    ),
    "text as category": (_text(["2024-01-01"] * 3).astype("category"), "holds times as text"),
    "text as object": (
        pd.Series(["a", "b", "c"], dtype=object),
        "'a' at series 'p', row 0; 'b' at",
    ),
    "mixed zones": (
        pd.Series([BERLIN, BERLIN.tz_convert("UTC"), BERLIN], dtype=object),
        r"mixes time zones \('Europe/Berlin', 'UTC'\). Bring it to one: .*utc=True",
    ),
    "aware and naive": (
        pd.Series([BERLIN, pd.Timestamp("2024-01-01"), BERLIN], dtype=object),
        r"mixes time zones \('Europe/Berlin', 'no zone'\)",
    ),
    "dates": (pd.Series([datetime.date(2024, 1, 1)] * 3), "holds dates without a time of day"),
    "periods": (pd.Series(pd.period_range("2024", periods=3)), "holds periods, which have a start"),
    "flags": ([True, False, True], "Times are datetimes, timedeltas or numbers"),
    "complex": ([1j, 2j, 3j], "Times are datetimes, timedeltas or numbers"),
}


@pytest.mark.parametrize("case", BAD_TIMES)
def test_a_column_that_holds_no_times_is_refused(case):
    ds, message = BAD_TIMES[case]
    frame = pd.DataFrame({"unique_id": ["p", "p", "q"], "ds": ds, "v": 1.0})
    with pytest.raises((TypeError, ValueError), match=message):
        encode(frame)


@pytest.mark.parametrize(
    "times",
    [
        [20260131, 20260201, 20260201],
        [2026013123, 2026020100, 2026020101],
        [202601312300, 202602010000, 202602010001],
        [20260131230000, 20260201000059, 20260201000100],
    ],
)
def test_numbers_that_read_as_dates_stay_numbers_and_are_said(times):
    frame = pd.DataFrame({"unique_id": ["p", "p", "q"], "ds": times, "v": 1.0})
    with pytest.warns(
        UserWarning, match=rf"numbers such as {times[0]}, and .* format='%Y%m%d"
    ) as w:
        assert encode(frame).schema.time_kind == "number"
    code = str(w[0].message).split("dates: ")[1].split(";")[0]
    exec(code, {"frame": frame, "pd": pd})
    assert frame["ds"].iloc[0] >= pd.Timestamp("2026-01-31")


@pytest.mark.parametrize(
    "times", [[20260131, 20260231], [1, 2], [1767225600, 1767225660], [202601310800, 202601312500]]
)
def test_numbers_that_are_no_dates_are_taken_in_silence(times):
    encode(pd.DataFrame({"unique_id": "p", "ds": times, "v": 1.0}))


@pytest.mark.parametrize("dtype", ["date32[pyarrow]", "date64[pyarrow]"])
def test_dates_of_arrow_are_dates_without_a_time_of_day(dtype):
    pytest.importorskip("pyarrow")
    ds = pd.array([datetime.date(2024, 1, 1)], dtype=dtype)
    with pytest.raises(TypeError, match=r"holds dates without a time of day. Turn them into time"):
        encode(pd.DataFrame({"unique_id": "p", "ds": ds, "v": 1.0}))


def test_a_long_list_of_texts_that_are_no_times_is_cut():
    frame = pd.DataFrame({"unique_id": "p", "ds": _text(["x"] * 9), "v": 1.0})
    with pytest.raises(TypeError, match=r"row 4 and 4 more\. Mend"):
        encode(frame)


def test_objects_that_are_datetimes_of_one_zone_are_times():
    frame = pd.DataFrame({"unique_id": "p", "v": [1.0, 2.0]})
    frame["ds"] = pd.Series([BERLIN, BERLIN + pd.Timedelta("1h")], dtype=object)
    assert encode(frame).schema.time_zone == "Europe/Berlin"


BAD_FRAMES = {
    "no id column": (
        {"uniqueid": ["p"], "ds": [0], "v": [1.0]},
        r"no column 'unique_id' for the series id. It has 'uniqueid', 'ds', 'v'. Did you mean "
        r"'uniqueid'\? Another name: id_col=",
    ),
    "no time column": (
        {"unique_id": ["p"], "dss": [0], "v": [1.0]},
        r"no column 'ds' for the time. .* Did you mean 'dss'\? Another name: time_col=",
    ),
    "no channel": ({"unique_id": ["p"], "ds": [0]}, "has no channel: beside 'unique_id' and 'ds'"),
    "no rows": ({"unique_id": [], "ds": [], "v": []}, "The frame has no rows"),
    "missing id": (
        {"unique_id": ["p", None], "ds": [0, 1], "v": [1.0, 2.0]},
        r"series id in column 'unique_id' is missing \(NaN\) at row 1; 1 such rows in all",
    ),
    "text channel": (
        {"unique_id": ["p", "p"], "ds": [0, 1], "v": [None, "high"]},
        r"Column 'v' is taken for a channel but its dtype is .*, for instance 'high' at series 'p',"
        r" row 1. Turn it into numbers \(a column a word, empty where the word is missing: .*Words",
    ),
    "text of decimal commas": (
        {"unique_id": ["p", "p"], "ds": [0, 1], "v": ["1,5", " -0,25"]},
        r"into numbers \(with points for commas: .str.replace\(',', '.'\).astype\(float\)\)",
    ),
    "channel of times": (
        {"unique_id": ["p"], "ds": [0], "v": pd.to_datetime(["2024-01-01"])},
        r"dtype is datetime64.*Turn it into numbers \(pd.to_numeric\)",
    ),
    "category channel": (
        {"unique_id": ["p"], "ds": [0], "v": pd.Categorical(["a"])},
        "'v' is taken for a channel but its dtype is category",
    ),
    "datetime channel": (
        {"unique_id": ["p"], "ds": [0], "v": pd.to_datetime(["2024-01-01"])},
        "'v' is taken for a channel but its dtype is datetime64",
    ),
    "mixed channel": (
        {"unique_id": ["p", "p"], "ds": [0, 1], "v": [1, "high"]},
        "'v' is taken for a channel but no number stands in 1 of its 2 filled cells, the first is "
        "'high' at series 'p', row 1",
    ),
    "bad cells among numbers as text": (
        {"unique_id": "p", "ds": range(5), "v": ["96", None, "62,5", "7", "-"]},
        r"Column 'v' is taken for a channel but no number stands in 2 of its 4 filled cells, the "
        r"first is '62,5' at series 'p', row 2. Correct such a cell, or empty it where nothing was "
        r"measured \(pd.to_numeric\(..., errors='coerce'\) .*, or leave the column out: frame",
    ),
    "numbers as text": (
        {"unique_id": "p", "ds": [0, 1], "v": ["96", "7"]},
        r"its dtype is .*, not a number, for instance '96' at series 'p', row 0. Turn it into",
    ),
    "ids of lists": ({"unique_id": [["p"]], "ds": [0], "v": [1.0]}, "cannot be an id .*'p'"),
    "nothing": ({}, "no column 'unique_id' for the series id. It has none at all"),
    "complex channel": ({"unique_id": ["p"], "ds": [0], "v": [1j]}, "its dtype is complex128"),
    "infinite value": (
        {"unique_id": ["p", "q"], "ds": [0, 1], "v": [1.0, -np.inf]},
        r"Channel 'v' holds -inf at series 'q', row 1; 1 infinite cells in all. .* put NaN",
    ),
    "no reading of a channel": (
        {"unique_id": ["p", "p"], "ds": [0, 1], "v": [1.0, 2.0], "w": [np.nan, np.nan]},
        r"Channel 'w' has no reading at all .* Drop it: frame.drop\(columns=\['w'\]\)",
    ),
    "one time only": (
        {"unique_id": ["p", "p", "q"], "ds": [0, 0, 5], "v": [1.0, 1.0, 2.0]},
        r"No series has readings at two distinct times .*: encode\(frame, FrameSchema\.learn\("
        r"frame, time_unit=1\.0\)\)\.",
    ),
    "one time of readings": (
        {"unique_id": "p", "ds": pd.to_datetime(["2024-01-01", "2024-01-02"]), "v": [1.0, np.nan]},
        r"No series has readings at two distinct times .*: encode\(frame, FrameSchema\.learn\("
        r"frame, time_unit='1h'\)\)\.",
    ),
    "spread beyond float64": (
        {"unique_id": "p", "ds": [0, 1], "v": [-1e300, 1e300]},
        r"Channel 'v' runs from -1e\+300 to 1e\+300: its spread is no float64",
    ),
    "cells without a name": (
        {"unique_id": "p", "ds": [0, 1], "channel": [None, "a"], "value": [1.0, 2.0]},
        r"Column 'channel' is missing \(NaN\) at series 'p', row 0, where column 'value' holds 1.0",
    ),
    "cells without channels": (
        {"unique_id": "p", "ds": [0, 1], "channel": [None, None], "value": [np.nan, np.nan]},
        "names no channel in any row",
    ),
    "cells of text": (
        {"unique_id": "p", "ds": [0], "channel": ["a"], "value": ["high"]},
        "Column 'value' is taken for the values of the channels but its dtype is",
    ),
    "labels alike as text": (
        {"unique_id": "p", "ds": [0, 1], 1: [1.0, 2.0], "1": [1.0, 2.0]},
        "Two channels have the same name once written as text: '1', '1'",
    ),
}


@pytest.mark.parametrize("case", BAD_FRAMES)
def test_a_frame_that_cannot_be_right_is_refused(case):
    columns, message = BAD_FRAMES[case]
    with pytest.raises((TypeError, ValueError), match=message):
        encode(pd.DataFrame(columns))


def test_where_no_gap_is_typical_the_unit_can_be_named():
    frame = pd.DataFrame({"unique_id": ["p", "q"], "ds": pd.Timestamp("2024-01-01"), "v": [1, 2]})
    with pytest.raises(ValueError, match=r"Name the unit: time_unit='1h'\.$"):
        FrameSchema.learn(frame)
    assert encode(frame, FrameSchema.learn(frame, time_unit="1h")).series.unit == 3600


def test_a_doubled_column_is_refused(ward):
    with pytest.raises(ValueError, match="more than one column named 'hr'"):
        encode(pd.concat([ward, ward[["hr"]]], axis=1))


def test_a_lazy_frame_is_to_be_collected(ward):
    class Lazy:
        def collect(self):
            return ward

    with pytest.raises(TypeError, match=r"got Lazy. Call .collect\(\) on it first"):
        encode(Lazy())


def test_a_time_in_the_index_is_pointed_at(ward):
    with pytest.raises(ValueError, match=r"It seems to be the index: frame.reset_index\(\)"):
        encode(ward.set_index("ds"))


BAD_DATA = {
    "dict": ({"a": 1}, TypeError, r"Expected a pandas, polars or pyarrow frame.*got dict"),
    "text": (["a", "b"], TypeError, "got list with values of type <U1"),
    "ragged numbers": ([[1.0], [1.0, 2.0]], TypeError, "cannot be read as numbers"),
    "one dimension": (np.ones(3), ValueError, r"got shape \(3,\).*array.reshape\(1, -1\)"),
    "no series": (np.ones((0, 3)), ValueError, "The array is empty"),
    "no step": (np.ones((3, 0)), ValueError, "The array is empty"),
    "no list": ([], ValueError, "got shape"),
    "infinite": (np.array([[1.0, np.inf]]), ValueError, "holds inf at series 0, row 1 of array 0"),
    "other channels": ([np.ones((2, 2)), np.ones((2, 3))], ValueError, r"Array 1 .*\(2, 3\)"),
}


@pytest.mark.parametrize("case", BAD_DATA)
def test_what_is_no_data_is_refused(case):
    data, error, message = BAD_DATA[case]
    with pytest.raises(error, match=message):
        encode(data)


def test_lists_of_frames_must_agree(ward):
    bare = ward.drop(columns="unique_id").sort_values("ds")
    one = bare.assign(unique_id="a")
    with pytest.raises(ValueError, match="Frame 1 of the list has no column 'unique_id', others"):
        encode([one, bare])
    with pytest.raises(
        ValueError, match=r"Frame 1 of the list has other columns than frame 0: .*hr"
    ):
        encode([bare, bare.drop(columns="hr")])
    with pytest.raises(ValueError, match=r"Frame 2 of the list is not the only one .*\('a'\)"):
        encode([one.assign(unique_id="b"), one, one])
    with pytest.raises(
        ValueError, match=r"Frame 0 .* holds more than one series \('b', 'a', 'c'\)"
    ):
        encode([ward])
    with pytest.raises(ValueError, match="Frame 1 of the list has no row, so it does not say"):
        encode([one, one.iloc[:0]])
    with pytest.raises(ValueError, match="list of frames holds no row at all"):
        encode([bare.iloc[:0]])
    with pytest.raises(ValueError, match=r"series 1, row 2 of frame 1: 2024-03-01 09:00"):
        encode([bare, bare.iloc[[0, 3, 2, 1]]])


# Against the schema -----------------------------------------------------------------------------


def test_missing_and_new_channels_are_listed(ward):
    schema = FrameSchema.learn(ward)
    message = (
        r"Expected 'hr', 'temp'; missing: 'temp'; new: 'tmp'. Did you mean 'temp'\? A channel that "
        r"was not measured is a column of NaN; one .* dropped: frame.drop\(columns=\['tmp'\]\)."
    )
    with pytest.raises(ValueError, match=message):
        encode(ward.rename(columns={"temp": "tmp"}), schema)
    with pytest.raises(ValueError, match="missing: 'hr'; new: none"):
        encode(ward.drop(columns="hr"), schema)


@pytest.mark.parametrize("fitted", [np.ones((2, 4, 3)), None])
def test_an_array_of_other_channels_hears_how_its_shape_is_read(ward, fitted):
    schema = FrameSchema.learn(ward if fitted is None else fitted)
    message = (
        r"An array \(N, L\) is N series of one channel; one series of C channels is \(1, L, C\). "
        r"Channels of an array are called '0', '1', ...: where .* other names, give a frame."
    )
    with pytest.raises(ValueError, match=message):
        encode(np.ones((4, 2)), schema)


def test_a_silent_channel_is_ordinary_with_a_schema(ward):
    silent = encode(ward.assign(hr=np.nan), FrameSchema.learn(ward))
    assert not silent.series.observed[:, 0].any()


def test_another_kind_of_time_is_refused(ward):
    schema = FrameSchema.learn(ward)
    numbers = ward.assign(ds=np.arange(6))
    with pytest.raises(ValueError, match="'ds' holds numbers here and held datetimes at fit"):
        encode(numbers, schema)
    aware = ward.assign(ds=ward["ds"].dt.tz_localize("UTC"))
    with pytest.raises(
        ValueError, match=r"has UTC here and had no time zone .*tz_localize\(None\)"
    ):
        encode(aware, schema)
    with pytest.raises(
        ValueError, match=r"has no time zone here and had UTC .*tz_localize\('UTC'\)"
    ):
        encode(ward, FrameSchema.learn(aware))


def test_a_value_beyond_float32_is_refused(ward):
    schema = FrameSchema.learn(ward)
    with pytest.raises(
        ValueError, match=r"'hr' holds 1e\+300 at series 'b', row 0: scaled by .* more"
    ):
        encode(ward.assign(hr=1e300), schema)


@pytest.mark.parametrize(
    ("times", "time_unit"),
    [
        ([0.0, 1e300], 1.0),
        ([-1e308, 1e308], 1.0),
        ([0.0, 1e-300], 1.0),
        ([0.0, 1.0], 1e-39),
        ([0.0, 1e31], 1.0),  # float32 holds it, but not its product with a rate
    ],
)
def test_gaps_beyond_float32_are_refused(times, time_unit):
    frame = pd.DataFrame({"unique_id": ["p", "q", "q"], "ds": [0.0, *times], "v": 1.0})
    message = (
        r"The gap before series 'q', row 2, from .* is beyond what float32 .* Name a time_unit"
    )
    with pytest.raises(ValueError, match=message):
        encode(frame, FrameSchema.learn(frame, time_unit=time_unit))


@pytest.mark.parametrize(
    ("ds", "time_unit", "message"),
    [
        ([0, 1], "1h", r"'ds' holds numbers, which have no unit of their own, so time_unit='1h'"),
        ([0, 1], pd.Timedelta("1h"), "holds numbers, which have no unit of their own"),
        ([0, 1], True, "holds numbers, which have no unit of their own, so time_unit=True"),
        ([0, 1], 0, "must be a positive length of time; got 0"),
        ([0, 1], float("nan"), "must be a positive length of time"),
        ([0, 1], "nan", "must be a positive length of time; got 'nan'"),
        (pd.to_datetime(["2024", "2025"]), "7", "datetimes, so time_unit='7' needs a unit: write"),
        (pd.to_timedelta([0, 1]), " 1e3", "timedeltas, so time_unit=' 1e3' needs a unit: write"),
        (pd.to_datetime(["2024", "2025"]), 3600, "datetimes, so time_unit=3600 needs a unit"),
        (pd.to_timedelta([0, 1]), 1.0, "timedeltas, so time_unit=1.0 needs a unit"),
        (pd.to_datetime(["2024", "2025"]), "soon", "'soon' is no length of time"),
        (pd.to_datetime(["2024", "2025"]), "-1h", "must be a positive length of time; got '-1h'"),
        (pd.to_datetime(["2024", "2025"]), "NaT", "time_unit='NaT' is no length of time"),
    ],
)
def test_a_time_unit_must_fit_the_time_column(ds, time_unit, message):
    frame = pd.DataFrame({"unique_id": "p", "ds": ds, "v": [1.0, 2.0]})
    with pytest.raises(ValueError, match=message):
        FrameSchema.learn(frame, time_unit=time_unit)

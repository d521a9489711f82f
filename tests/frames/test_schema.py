import json

import numpy as np
import pandas as pd
import pytest

from ct_s5.frames import FrameSchema, encode, learn_from, to_long


def test_a_schema_survives_json(ward):
    static = pd.DataFrame(
        {"age": [1.0, np.nan, 3.0], "sex": ["f", "m", "f"]}, index=["a", "b", "c"]
    )
    schema = FrameSchema.learn(ward, static=static)
    assert FrameSchema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id_col": 3}, "id_col of a frame schema holds str; got 3"),
        ({"channels": "hr"}, "channels of a frame schema is a list"),
        ({"channels": ["hr"]}, "a mean and a scale each; got 1 channels, 2 means"),
        ({"channels": ["hr", "hr"]}, "names each channel once"),
        ({"channels": ["x"] * 100_001}, "a list of at most 100000"),
        ({"means": [0.0, "1"]}, "means of a frame schema holds float; got '1'"),
        ({"means": [0.0, True]}, "means of a frame schema holds float; got True"),
        ({"means": [0.0, float("nan")]}, "means of a schema are finite"),
        ({"scales": [0.0, 1.0]}, "finite positive"),
        ({"time_unit": -1}, "finite positive"),
        ({"time_kind": "clock"}, "time_kind of a frame schema is not 'clock'"),
        ({"static": [{"name": "age"}]}, "static column is a dict with exactly the keys"),
        ({"extra": 1}, "exactly the keys"),
    ],
)
def test_a_schema_from_a_file_is_not_trusted(ward, change, message):
    with pytest.raises(ValueError, match=message):
        FrameSchema.from_json(FrameSchema.learn(ward).to_json() | change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scale": 0}, "a positive scale"),
        ({"mean": float("inf")}, "a finite mean"),
        ({"missing": 1}, "a flag"),
        ({"categories": ["a", 1]}, "at most 10000 texts"),
    ],
)
def test_static_columns_from_a_file_are_not_trusted(ward, change, message):
    settings = FrameSchema.learn(ward, static=pd.DataFrame({"x": range(3)}, list("abc"))).to_json()
    settings["static"][0] |= change
    with pytest.raises(ValueError, match=message):
        FrameSchema.from_json(settings)


@pytest.mark.parametrize(
    "time_unit", ["1h", pd.Timedelta(hours=1), np.timedelta64(1, "h"), "60min", "3600s"]
)
def test_a_time_unit_has_many_spellings(ward, time_unit):
    schema = FrameSchema.learn(ward, time_unit=time_unit)
    assert schema.time_unit == 3600
    assert schema.unit_name == "0 days 01:00:00"


@pytest.mark.parametrize("time_unit", [60, 60.0, np.int8(60), "60", "6e1", " 60 "])
def test_a_time_unit_of_numbers_is_a_number_or_the_text_of_one(time_unit):
    frame = pd.DataFrame({"unique_id": "x", "ds": [0, 90], "v": [1.0, 2.0]})
    assert FrameSchema.learn(frame, time_unit=time_unit).time_unit == 60


def test_a_constant_channel_has_scale_one_and_its_value_for_mean():
    frame = pd.DataFrame({"unique_id": "x", "ds": range(10), "v": 0.1})
    schema = FrameSchema.learn(frame)
    assert (schema.means, schema.scales) == ((0.1,), (1.0,))
    assert (encode(frame).series.values == 0).all()


def test_an_offset_much_larger_than_the_spread_costs_no_digits():
    frame = pd.DataFrame({"unique_id": "x", "ds": range(4), "v": 1e9 + np.array([-1, 1, -1, 1])})
    assert FrameSchema.learn(frame).scales == (1.0,)


def test_a_schema_of_some_series_does_not_see_the_readings_of_the_others(ward):
    schema = learn_from(to_long(ward), None, None, pd.Index(["b"]))
    alone = FrameSchema.learn(ward[ward["unique_id"] != "b"])
    assert schema == alone


def test_the_time_unit_sees_readings_only_and_needs_no_order(ward):
    shuffled = ward.sample(frac=1, random_state=0)
    assert FrameSchema.learn(shuffled).time_unit == FrameSchema.learn(ward).time_unit


@pytest.mark.parametrize("time_unit", [None, 1])
def test_series_of_one_step_in_an_array_have_the_unit_of_a_step(time_unit):
    assert FrameSchema.learn(np.ones((3, 1)), time_unit=time_unit).time_unit == 1

import decimal

import numpy as np
import pandas as pd
import pytest

from ct_s5.frames import FrameSchema, decode, encode, pop_labels, split_time, to_long


def _assert_same_series(encoded, other):
    for name in ("values", "observed", "times", "offsets", "gaps", "gaps_after"):
        mine, theirs = getattr(encoded.series, name), getattr(other.series, name)
        np.testing.assert_array_equal(mine, theirs, err_msg=name)
    assert list(encoded.ids) == list(other.ids)


def test_the_four_column_form_equals_the_wide_one(ward):
    cells = ward.melt(["unique_id", "ds"], var_name="channel", value_name="value")
    _assert_same_series(encode(ward), encode(cells))


def test_cells_without_value_ask_and_a_channel_without_cells_is_ordinary_at_predict(ward):
    schema = FrameSchema.learn(ward)
    cells = pd.DataFrame(
        {
            "unique_id": "x",
            "ds": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"]),
            "channel": ["temp", None, "temp"],
            "value": [37.0, None, 38.0],
        }
    )
    encoded = encode(cells, schema)
    np.testing.assert_array_equal(encoded.series.reading, [True, False, True])
    np.testing.assert_array_equal(encoded.series.observed, [[0, 1], [0, 0], [0, 1]])
    back = decode(encoded)
    assert back["channel"].isna().tolist() == [False, True, False]
    np.testing.assert_allclose(back["value"], [37.0, np.nan, 38.0], rtol=1e-6)


def test_cells_of_one_time_that_repeat_a_channel_meet_the_rule_for_duplicates():
    cells = pd.DataFrame(
        {"unique_id": "x", "ds": [0, 0, 1], "channel": "c", "value": [1.0, 3.0, 5.0]}
    )
    with pytest.raises(ValueError, match=r"two values of channel 'c' at 0 \(row 0 and row 1\)"):
        encode(cells)
    mean = encode(cells, duplicates="mean")
    np.testing.assert_array_equal(mean.row_of_input, [0, 0, 1])
    np.testing.assert_allclose(decode(mean)["value"], [2.0, 5.0])
    np.testing.assert_allclose(decode(encode(cells, duplicates="last"))["value"], [3.0, 5.0])


def test_unsorted_cells_of_a_channel_are_refused():
    cells = pd.DataFrame(
        {"unique_id": "x", "ds": [1, 0, 2], "channel": ["a", "a", "b"], "value": [1.0, 3.0, 5.0]}
    )
    with pytest.raises(ValueError, match=r"Time goes back in series 'x', row 1: 0 comes after 1"):
        encode(cells)
    np.testing.assert_array_equal(encode(cells, sort=True).series.elapsed, [0, 1, 2])


@pytest.mark.parametrize("names", [["unique_id", "ds"], [None, None], ["patient", "t"]])
def test_a_multi_index_of_series_and_time_will_do(ward, names):
    indexed = ward.set_index(["unique_id", "ds"]).rename_axis(names)
    _assert_same_series(encode(ward), encode(indexed))
    pd.testing.assert_frame_equal(decode(encode(indexed)), indexed.astype("float32"), rtol=1e-6)


def test_the_levels_of_a_multi_index_may_be_swapped_when_named(ward):
    _assert_same_series(encode(ward), encode(ward.set_index(["ds", "unique_id"])))


@pytest.mark.parametrize("names", [["ds", "patient"], [None, "unique_id"], ["ds", "ds"]])
def test_a_level_named_for_the_other_role_is_refused(ward, names):
    indexed = ward.set_index(["ds", "unique_id"]).rename_axis(names)
    message = (
        rf"The levels of the index are called {names[0]!r}, {names[1]!r}, so 'unique_id' "
        r"\(id_col\) and 'ds' \(time_col\) do not tell which is the series and which the time. "
        r"Give the names that they have.*frame.rename_axis\(index=\['ds', 'unique_id'\]\)"
    )
    for use in (encode, lambda f: pop_labels(f, "hr"), lambda f: split_time(f, "2024-03-01 10:00")):
        with pytest.raises(ValueError, match=message):
            use(indexed)


@pytest.mark.parametrize("names", [["unique_id", "when"], ["patient", "ds"]])
def test_one_level_named_as_expected_tells_which_the_other_is(ward, names):
    indexed = ward.set_index(["unique_id", "ds"]).rename_axis(names)
    _assert_same_series(encode(ward), encode(indexed))


def test_a_list_of_frames_is_one_series_each(ward):
    frames = [group for _, group in ward.groupby("unique_id", sort=False)]
    encoded = encode(frames)
    _assert_same_series(encode(ward), encoded)
    assert encoded.wants_arrays
    bare = encode([frame.drop(columns="unique_id") for frame in frames])
    assert list(bare.ids) == [0, 1, 2]
    np.testing.assert_array_equal(bare.series.values, encoded.series.values)
    assert list(decode(bare).columns) == ["unique_id", "ds", "hr", "temp"]


def test_an_empty_frame_in_a_list_is_a_series_without_rows(ward):
    bare = ward.drop(columns="unique_id").sort_values("ds")
    encoded = encode([bare, bare.iloc[:0], bare])
    assert list(encoded.ids) == [0, 1, 2]
    np.testing.assert_array_equal(encoded.series.lengths, [6, 0, 6])


def test_an_array_is_regular_data_with_gaps_of_one():
    values = np.random.default_rng(0).normal(size=(3, 5, 2))
    values[0, 2] = np.nan
    encoded = encode(values)
    assert encoded.schema.channels == ("0", "1")
    assert encoded.schema.time_unit == 1
    np.testing.assert_array_equal(encoded.series.elapsed, np.tile(np.arange(5.0), 3))
    assert not encoded.series.reading[2]
    assert encoded.wants_arrays
    back = decode(encoded)[["0", "1"]].to_numpy().reshape(3, 5, 2)
    np.testing.assert_allclose(back, values, rtol=1e-5)
    flat = encode(values[:, :, 0])
    np.testing.assert_array_equal(flat.series.values[:, 0], encoded.series.values[:, 0])
    nested = encode(values[:, :, 0].tolist())
    np.testing.assert_array_equal(nested.series.values, flat.series.values)


def test_a_list_of_arrays_may_be_ragged():
    encoded = encode([np.ones((3, 2)), np.zeros((1, 2)), np.ones((0, 2))])
    np.testing.assert_array_equal(encoded.series.lengths, [3, 1, 0])


@pytest.mark.parametrize(
    "dtype", ["int8", "bool", "float32", "Int64", "boolean", "Float64", "int64[pyarrow]", "object"]
)
def test_every_kind_of_number_is_a_channel(dtype):
    if "pyarrow" in dtype:
        pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"unique_id": "x", "ds": [0, 1, 2], "v": [0, 1, 1]})
    frame["v"] = frame["v"].astype(dtype)
    np.testing.assert_allclose(decode(encode(frame))["v"], [0, 1, 1], atol=1e-6)


@pytest.mark.parametrize("dtype", ["Int64", "boolean", "Float64", "object", "double[pyarrow]"])
def test_na_in_a_nullable_column_is_not_observed(dtype):
    if "pyarrow" in dtype:
        pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"unique_id": "x", "ds": [0, 1, 2]})
    frame["v"] = pd.Series([True, None, False], dtype=object).astype(dtype)
    np.testing.assert_array_equal(encode(frame).series.observed[:, 0], [True, False, True])


def test_decimals_and_nothing_at_all_are_channels_of_arrow_too():
    pa = pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"unique_id": "x", "ds": [0, 1, 2]})
    prices = [decimal.Decimal("1.25"), None, decimal.Decimal("3.5")]
    frame["v"] = pd.array(prices, dtype=pd.ArrowDtype(pa.decimal128(5, 2)))
    schema = FrameSchema.learn(frame.assign(w=1.0))
    frame["w"] = pd.array([None] * 3, dtype=pd.ArrowDtype(pa.null()))
    encoded = encode(frame, schema)
    np.testing.assert_array_equal(decode(encoded)["v"], [1.25, np.nan, 3.5])
    assert not encoded.series.observed[:, 1].any()


def test_a_pyarrow_table_equals_the_pandas_frame(ward):
    pa = pytest.importorskip("pyarrow")
    ward["ds"] = ward["ds"].dt.tz_localize("Europe/Berlin")
    ward["flag"] = pd.array([True, None, False, True, True, None], dtype="boolean")
    table = pa.Table.from_pandas(ward, preserve_index=False)
    encoded = encode(table)
    _assert_same_series(encode(ward), encoded)
    assert decode(encoded)["ds"].dtype == ward["ds"].dtype
    backed = ward.reset_index(drop=True).convert_dtypes(dtype_backend="pyarrow")
    _assert_same_series(encode(ward), encode(backed))


def test_a_polars_frame_equals_the_pandas_frame(ward):
    pl = pytest.importorskip("polars")
    ward["ds"] = ward["ds"].dt.tz_localize("Europe/Berlin")
    frame = pl.DataFrame({name: ward[name].tolist() for name in ward.columns}).with_columns(
        pl.col("ds").dt.convert_time_zone("Europe/Berlin")
    )
    encoded = encode(frame)
    assert encoded.schema.time_zone == "Europe/Berlin"
    np.testing.assert_array_equal(encoded.series.gaps, encode(ward).series.gaps)


def test_names_of_columns_are_those_given_or_those_of_the_schema(ward):
    renamed = ward.rename(columns={"unique_id": "who", "ds": "when"})
    _assert_same_series(encode(ward), encode(renamed, id_col="who", time_col="when"))
    schema = FrameSchema.learn(renamed, id_col="who", time_col="when")
    _assert_same_series(encode(ward), encode(renamed, schema, id_col="who"))
    with pytest.raises(ValueError, match="id_col: the schema names its columns already, 'who' and"):
        encode(renamed, schema, id_col="unique_id")
    alone = renamed.drop_duplicates("who")
    with pytest.raises(ValueError, match=r"learn\(frame, .*, id_col='who', time_col='when'\)"):
        encode(alone, id_col="who", time_col="when")


def test_encoded_data_says_how_much_it_is(ward):
    encoded = encode(ward)
    assert repr(encoded) == (
        "EncodedFrame(3 series, 6 rows, channels 'hr', 'temp', unit of time 0 days 03:15:00)"
    )
    assert repr(encoded.series) == "SeriesSet(3 series, 6 steps, 2 channels)"


def test_other_column_names_are_named_once_and_live_in_the_schema(ward):
    renamed = ward.rename(columns={"unique_id": "patient", "ds": "when"})
    schema = FrameSchema.learn(renamed, id_col="patient", time_col="when")
    _assert_same_series(encode(ward), encode(renamed, schema))
    assert to_long(renamed, id_col="patient", time_col="when").channels == ("hr", "temp")

"""Answers in the cells that hold none, and nothing else touched."""

import decimal

import numpy as np
import pandas as pd
import pytest

from ct_s5.frames import encode, fill_missing


def filled(frame, columns=None):
    """A frame filled in with -1, -2, ... by row, and what stands around its channels."""
    encoded = encode(frame)
    told = -1.0 - np.arange(len(encoded.series.times))
    names = columns or {name: [name] for name in encoded.schema.channels}
    told = {channel: {name: told for name in own} for channel, own in names.items()}
    return fill_missing(frame, encoded, told)


def test_an_interval_is_that_of_its_channel_whatever_the_others_are_called():
    frame = pd.DataFrame({"unique_id": "a", "ds": range(3), "x": [1.0, np.nan, 3.0]})
    frame["x-lo"] = [100.0, 200.0, 300.0]
    names = {"x-lo": ["x-lo", "x-lo-lo-90"], "x": ["x", "x-lo-90"]}
    told = filled(frame, names)
    assert told["x-lo-90"].tolist() == [1, -2, 3]
    assert told["x-lo-lo-90"].tolist() == told["x-lo"].tolist() == [100, 200, 300]

    names["x"].append("x-lo")
    with pytest.raises(ValueError, match="Two columns of the answer would be called 'x-lo'"):
        filled(frame, names)


def one(values, dtype):
    ds = range(len(values))
    return pd.DataFrame({"unique_id": "a", "ds": ds, "x": pd.Series(values, dtype=dtype)})


GAPS = {
    "float32": ([0.1, None, 0.3], "float32", "float32"),
    "Float32": ([0.1, None, 0.3], "Float32", "Float32"),
    "Int64": ([2**60, pd.NA, -3], "Int64", "float64"),
    "boolean": ([True, pd.NA, False], "boolean", "float64"),
    "whole objects": ([2**60 + 1, pd.NA, 3], "object", "object"),
    "decimals": ([decimal.Decimal("0.1"), None, decimal.Decimal(2)], "object", "object"),
}


@pytest.mark.parametrize("case", GAPS)
def test_the_empty_cells_alone_are_written_to(case):
    values, before, after = GAPS[case]
    frame = one(values, before)
    told = filled(frame)["x"]
    assert told.dtype == after
    seen = frame["x"].notna().to_numpy()
    assert told[seen].tolist() == frame["x"][seen].tolist()
    assert told[~seen].tolist() == [-1.0 - row for row in np.flatnonzero(~seen)]


def test_whole_numbers_that_floats_do_not_hold_are_refused_only_where_they_would_be_lost():
    whole = one([2**60 + 1, 2**60 + 3, 7], "Int64")
    pd.testing.assert_frame_equal(filled(whole), whole)
    message = (
        r"Column 'x' holds 1152921504606846979 at series 'a', row 1, which float64 does not, and "
        r"answers are float64\. .*: frame\.astype\({'x': float}\)"
    )
    with pytest.raises(ValueError, match=message):
        filled(one([2**60, 2**60 + 3, None], "Int64"))


@pytest.mark.parametrize("dtype", ["float32", "float64", "object"])
def test_an_array_keeps_its_type_and_what_was_read(dtype):
    array = np.array([[0.1, np.nan, 0.3], [np.nan, 4.0, 5.0]], dtype)
    told = filled(array)
    assert told.dtype == dtype
    np.testing.assert_array_equal(told, np.array([[0.1, -2, 0.3], [-4, 4, 5]], dtype))
    assert np.isnan(float(array[0, 1]))  # the caller's own is left alone
    whole = np.array([[2**60 + 1, 1]])
    np.testing.assert_array_equal(filled(whole), whole)


def test_a_table_with_a_row_a_series_keeps_its_index_and_the_type_of_each_column():
    table = pd.DataFrame([[0.1, np.nan, 3], [np.nan, 4.0, 5]], index=["p", "q"])
    table = table.astype({1: "float32", 2: "int64"})
    encoded = encode(table.to_numpy())
    told = fill_missing(table, encoded, {"0": {"0": -1.0 - np.arange(6)}})
    wanted = pd.DataFrame([[0.1, -2, 3], [-4, 4.0, 5]], index=["p", "q"])
    pd.testing.assert_frame_equal(told, wanted.astype(table.dtypes))
    with pytest.raises(TypeError, match="Only a frame with a row a"):
        fill_missing(table, encoded, {"0": {"0": np.zeros(6), "0-lo-90": np.zeros(6)}})

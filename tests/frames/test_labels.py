import numpy as np
import pandas as pd
import pytest

from ct_s5.frames import align_labels, align_step_labels, encode, pop_labels


def test_labels_come_in_the_order_of_the_series(ward):
    encoded = encode(ward)
    y = pd.Series({"a": "sick", "b": "well", "c": "sick"})
    assert align_labels(encoded, y).tolist() == ["well", "sick", "sick"]
    assert align_labels(encoded, y.astype("category")).tolist() == ["well", "sick", "sick"]
    two = pd.DataFrame({"p": [1.0, 2.0, 3.0], "q": [4.0, 5.0, 6.0]}, index=list("abc"))
    np.testing.assert_array_equal(align_labels(encoded, two), [[2, 5], [1, 4], [3, 6]])
    table = two[["p"]].rename_axis("unique_id").reset_index()
    np.testing.assert_array_equal(align_labels(encoded, table), [2, 1, 3])


def test_whole_numbers_stay_whole(ward):
    y = align_labels(encode(ward), pd.Series([1, 0, 1], index=list("abc")))
    assert y.dtype == np.int64


def test_labels_of_lists_and_arrays_go_by_position(ward):
    encoded = encode(np.ones((3, 4)))
    assert align_labels(encoded, [3, 1, 2]).tolist() == [3, 1, 2]
    assert align_labels(encoded, pd.Series([3, 1, 2], index=[9, 8, 7])).tolist() == [3, 1, 2]
    assert align_labels(encoded, np.ones((3, 2))).shape == (3, 2)
    frames = [group for _, group in ward.groupby("unique_id", sort=False)]
    assert align_labels(encode(frames), [3, 1, 2]).tolist() == [3, 1, 2]
    by_id = pd.Series({"a": 1, "b": 3, "c": 2})
    assert align_labels(encode(frames), by_id).tolist() == [3, 1, 2]
    with pytest.raises(ValueError, match="2 labels do not go with 3 series"):
        align_labels(encoded, [1, 2])


BAD_LABELS = {
    "array": (np.arange(3), r"got ndarray, which does not say which label is whose"),
    "too few": (pd.Series({"a": 1, "b": 2}), "Series without a label: 'c'; .*: none"),
    "too many": (pd.Series({"a": 1, "b": 2, "c": 1, "d": 2}), "not in the frame: 'd'"),
    "others": (pd.Series(range(9)), "without a label: 'b', 'a', 'c'; .*0, 1, 2, 3, 4 and 4 more"),
    "NaN": (pd.Series({"a": 1, "b": np.nan, "c": 1}), r"label of series 'b' is missing \(NaN\)"),
    "infinite": (pd.Series({"a": 1, "b": np.inf, "c": 1}), "label of series 'b' is inf"),
    "doubled": (pd.Series([1, 2, 3, 4], index=list("abca")), "Series 'a' has more than one label"),
}


@pytest.mark.parametrize("case", BAD_LABELS)
def test_labels_that_do_not_match_are_refused(ward, case):
    y, message = BAD_LABELS[case]
    with pytest.raises((TypeError, ValueError), match=message):
        align_labels(encode(ward), y)


def test_a_series_without_a_label_that_only_static_knows_is_blamed_on_static(ward):
    static = pd.DataFrame({"age": range(5)}, index=list("abcde"))
    encoded = encode(ward, static=static)
    y = pd.Series({"a": 1, "b": 2, "c": 3})
    message = (
        r"Series without a label: 'd', 'e'; labels for a series that is not in the frame: none. "
        r"Only static knows 'd', 'e': static.loc\[y.index\], by id, leaves them out."
    )
    with pytest.raises(ValueError, match=message) as refused:
        align_labels(encoded, y)
    assert "frame[" not in str(refused.value)
    with pytest.raises(ValueError, match=r"'b', 'd', 'e'; .* Ids are .* Only static knows 'd', "):
        align_labels(encoded, y.drop("b"))


def test_step_labels_go_where_their_rows_went(ward):
    encoded = encode(ward)
    expected = [0, 2, 5, 1, 3, 4]
    np.testing.assert_array_equal(align_step_labels(encoded, np.arange(6)), expected)
    y = pd.Series(range(6), index=ward.index)
    np.testing.assert_array_equal(align_step_labels(encoded, y), expected)
    both = align_step_labels(encoded, np.arange(12).reshape(6, 2))
    np.testing.assert_array_equal(both[:, 1], np.array(expected) * 2 + 1)


def test_step_labels_of_arrays_have_the_shape_of_the_array():
    y = np.arange(12).reshape(3, 4)
    np.testing.assert_array_equal(align_step_labels(encode(np.ones((3, 4))), y), range(12))
    ragged = encode([np.ones((2, 1)), np.ones((1, 1))])
    np.testing.assert_array_equal(align_step_labels(ragged, [[1, 2], [3]]), [1, 2, 3])


def test_merged_rows_agree_on_their_step_label_or_are_refused():
    frame = pd.DataFrame({"unique_id": "x", "ds": [0, 0, 1], "a": [1, None, 2], "b": [None, 1, 2]})
    encoded = encode(frame.astype({"a": float, "b": float}))
    np.testing.assert_array_equal(align_step_labels(encoded, [np.nan, 5.0, np.nan]), [5.0, np.nan])
    np.testing.assert_array_equal(align_step_labels(encoded, ["p", "p", "q"]), ["p", "q"])
    with pytest.raises(ValueError, match=r"different step labels: 4 at row 0 and 5 at row 1"):
        align_step_labels(encoded, [4, 5, 6])


@pytest.mark.parametrize("dtype", ["string", object])
def test_a_step_without_a_label_may_say_so_in_any_way(ward, dtype):
    y = pd.Series(["5", pd.NA, "7", None, "7", pd.NA], dtype=dtype, index=ward.index)
    told = align_step_labels(encode(ward), y)
    assert told[[0, 1, 5]].tolist() == ["5", "7", "7"]
    # None of those that are missing stands in the way of a regressor either.
    np.testing.assert_array_equal(told.astype(float), [5, 7, np.nan, np.nan, np.nan, 7])


def test_step_labels_of_another_length_or_index_are_refused(ward):
    encoded = encode(ward)
    with pytest.raises(ValueError, match=r"Step labels have shape \(5,\); the frame has 6 rows"):
        align_step_labels(encoded, np.arange(5))
    # Numbers of rows are no ids, though ids may be among them.
    counted = encode(pd.DataFrame({"unique_id": [0, 0, 1, 1], "ds": [0, 1, 0, 1], "v": 1.0}))
    with pytest.raises(ValueError, match="The index of the step labels is not the frame's"):
        align_step_labels(counted, pd.Series(range(3)))
    with pytest.raises(ValueError, match=r"frame\['unique_id'\].map\(labels\) gives each row"):
        align_step_labels(counted, pd.Series(range(2)))
    with pytest.raises(ValueError, match="The index of the step labels is not the frame's"):
        align_step_labels(encoded, pd.Series(range(6)))


def test_a_column_of_labels_is_taken_out_of_the_frame(ward):
    labelled = ward.assign(outcome=["w", "s", None, "s", "s", "w"])
    rest, y = pop_labels(labelled, "outcome")
    pd.testing.assert_frame_equal(rest, ward)
    assert align_labels(encode(rest), y).tolist() == ["w", "s", "s"]
    for levels in (["unique_id", "ds"], ["ds", "unique_id"]):
        rest, y = pop_labels(labelled.set_index(levels), "outcome")
        assert align_labels(encode(rest), y).tolist() == ["w", "s", "s"]
    renamed = labelled.set_index(["ds", "unique_id"]).rename_axis(["when", "who"])
    _, y = pop_labels(renamed, "outcome", id_col="who", time_col="when")
    assert y.to_dict() == {"b": "w", "a": "s", "c": "s"}
    rest, y = pop_labels(labelled.assign(outcome=range(6)), "outcome", per="step")
    np.testing.assert_array_equal(align_step_labels(encode(rest), y), [0, 2, 5, 1, 3, 4])


def test_a_column_of_labels_is_taken_out_of_a_list_of_frames(ward):
    frames = [g.assign(y=i % 2) for i, (_, g) in enumerate(ward.groupby("unique_id", sort=False))]
    rest, y = pop_labels(frames, "y")
    assert align_labels(encode(rest), y).tolist() == [0, 1, 0]
    rest, y = pop_labels([frame.drop(columns="unique_id") for frame in frames], "y")
    assert align_labels(encode(rest), y).tolist() == [0, 1, 0]


def test_a_column_that_is_no_label_of_the_series_is_refused(ward):
    with pytest.raises(ValueError, match=r"no column 'temmp' for the labels.*Did you mean 'temp'"):
        pop_labels(ward, "temmp")
    message = (
        r"'hr' is not one label a series: series 'b' has 80.0 and, at row 2, 84.0. For a label a "
        r"row, ask for per='reading'."
    )
    with pytest.raises(ValueError, match=message):
        pop_labels(ward, "hr")
    with pytest.raises(
        ValueError, match="no column 'unique_id' for the series id, so nothing says"
    ):
        pop_labels(ward.drop(columns="unique_id"), "hr")
    _, y = pop_labels(ward.assign(y=["w", None, "w", None, "w", "w"]), "y")
    with pytest.raises(ValueError, match=r"label of series 'a' is missing"):
        align_labels(encode(ward), y)
    _, y = pop_labels(ward.assign(y=np.nan), "y")
    with pytest.raises(ValueError, match=r"label of series 'b', 'a', 'c' is missing"):
        align_labels(encode(ward), y)


@pytest.mark.parametrize("dtype", ["string[pyarrow]", "str", object])
def test_labels_of_rows_may_share_an_index_of_series_and_time(ward, dtype):
    frame = ward.astype({"unique_id": dtype}).set_index(["unique_id", "ds"])
    labels = np.arange(len(frame))
    expected = align_step_labels(encode(frame), labels)
    assert align_step_labels(encode(frame), pd.Series(labels, frame.index)).tolist() == (
        expected.tolist()
    )

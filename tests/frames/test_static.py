import numpy as np
import pandas as pd
import pytest

from ct_s5.frames import FrameSchema, encode, learn_from, to_long


@pytest.fixture
def static():
    return pd.DataFrame(
        {
            "unique_id": ["a", "b", "c", "d"],
            "age": [20.0, 40.0, 60.0, 40.0],
            "weight": [70.0, np.nan, 90.0, 80.0],
            "sex": ["f", "m", None, "f"],
            "icu": [True, False, False, True],
        }
    )


def test_numbers_are_standardised_with_a_flag_where_missing_and_categories_are_one_hot(
    ward, static
):
    encoded = encode(ward, static=static)
    assert encoded.schema.n_static == 1 + 2 + 2 + 2
    spread = np.sqrt(200.0)
    expected = {  # age, weight, weight is missing, f, m, icu no, icu yes
        "b": [0, 0, 1, 0, 1, 1, 0],
        "a": [-20 / spread, -1.224745, 0, 1, 0, 0, 1],
        "c": [20 / spread, 1.224745, 0, 0, 0, 1, 0],
        "d": [0, 0, 0, 1, 0, 0, 1],
    }
    assert list(encoded.ids) == list(expected)
    assert encoded.series.static.dtype == np.float32
    np.testing.assert_allclose(encoded.series.static, list(expected.values()), atol=1e-6)


def test_a_series_known_from_static_alone_has_no_rows(ward, static):
    encoded = encode(ward, static=static)
    np.testing.assert_array_equal(encoded.series.lengths, [3, 2, 1, 0])
    encoded.series.batch()


def test_static_may_be_indexed_by_id_and_its_order_does_not_matter(ward, static):
    indexed = static.set_index("unique_id").iloc[::-1]
    mine, theirs = encode(ward, static=static), encode(ward, static=indexed)
    np.testing.assert_array_equal(mine.series.static, theirs.series.static)


def test_static_of_arrays_goes_by_position():
    encoded = encode(np.ones((3, 4)), static=np.array([[1.0], [2.0], [3.0]]))
    np.testing.assert_allclose(encoded.series.static[:, 0], [-1.224745, 0, 1.224745], atol=1e-6)


@pytest.mark.parametrize("index", [[0, 1, 2], [2, 0, 1], list("xyz"), [7, 7, 7]])
def test_static_of_series_without_ids_goes_by_position_as_their_labels_do(ward, index):
    bare = [frame.drop(columns="unique_id") for _, frame in ward.groupby("unique_id")]
    table = pd.DataFrame({"age": [1.0, 2.0, 3.0]}, index=index)
    for static in (table, table.rename_axis("unique_id").reset_index(), table.to_numpy()):
        for series in (bare, np.ones((3, 4))):
            ages = encode(series, static=static).series.static[:, 0]
            np.testing.assert_allclose(ages, [-1.224745, 0, 1.224745], atol=1e-6)


@pytest.mark.parametrize("n", [2, 4])
def test_static_of_series_without_ids_has_a_row_for_each(n):
    table = np.arange(n, dtype=float)[:, None]
    for static in (table, pd.DataFrame(table)):
        with pytest.raises(ValueError, match=f"static has {n} rows for 3 series without ids"):
            encode(np.ones((3, 4)), static=static)


def test_categorical_ids_meet_ids_of_static(ward, static):
    encoded = encode(ward.astype({"unique_id": "category"}), static=static)
    assert list(encoded.ids) == ["b", "a", "c", "d"]


@pytest.mark.parametrize("dtype", ["category", "string", "object"])
def test_categories_of_any_type_are_text(ward, static, dtype):
    plain = encode(ward, static=static)
    other = encode(ward, static=static.astype({"sex": dtype}))
    np.testing.assert_array_equal(plain.series.static, other.series.static)


BAD_STATIC = {
    "no row": (lambda s: s.iloc[1:], "static has no row for series 'a', which the frame holds"),
    "two rows": (lambda s: pd.concat([s, s.iloc[:1]]), "more than one row for series 'a'"),
    "no id": (lambda s: s.drop(columns="unique_id"), "static is not indexed by series id"),
    "NaN id": (lambda s: s.assign(unique_id=["a", "b", None, "c"]), r"without id \(NaN\) at row 2"),
    "no frame": (lambda s: [1, 2, 3], "static is a frame with one row a series; got list"),
    "nothing in it": (lambda s: s.assign(age=np.nan), "'age' holds no value at all"),
    "datetimes": (lambda s: s.assign(age=pd.Timestamp("2024")), "'age' is taken for a number but"),
    "infinite": (lambda s: s.assign(age=np.inf), "'age' is inf for series 'a', more than float32"),
}


@pytest.mark.parametrize("case", BAD_STATIC)
def test_static_that_cannot_be_right_is_refused(ward, static, case):
    change, message = BAD_STATIC[case]
    with pytest.raises((TypeError, ValueError), match=message):
        encode(ward, static=change(static))


BAD_LATER = {
    "absent": (lambda s: None, "Expected 'age', 'weight', 'sex', 'icu'; missing: 'age', 'weight'"),
    "missing": (lambda s: s.drop(columns="age"), "missing: 'age'; new: none"),
    "new": (lambda s: s.assign(height=1.0), "missing: none; new: 'height'"),
    "unknown": (
        lambda s: s.assign(sex=["f", "x", "f", "f"]),
        "'sex' is 'x' for series 'b', which no series at fit was. Known: 'f', 'm'",
    ),
}


@pytest.mark.parametrize("case", BAD_LATER)
def test_static_that_differs_from_fit_is_refused(ward, static, case):
    change, message = BAD_LATER[case]
    schema = FrameSchema.learn(ward, static=static)
    with pytest.raises(ValueError, match=message):
        encode(ward, schema, static=change(static))


def test_a_gap_that_fit_never_saw_is_the_mean_and_said(ward, static):
    schema = FrameSchema.learn(ward, static=static)
    with pytest.warns(
        UserWarning, match=r"'age' is missing \(NaN\) for series 'c'; at fit it never"
    ):
        encoded = encode(ward, schema, static=static.assign(age=[1, 2, None, 3]))
    assert encoded.series.static[2, 0] == 0


def test_static_for_a_model_without_is_refused(ward, static):
    with pytest.raises(ValueError, match="Expected none; missing: none; new: 'age', 'weight'"):
        encode(ward, FrameSchema.learn(ward), static=static)


def test_a_static_number_beyond_float32_after_scaling_is_refused(ward, static):
    schema = FrameSchema.learn(ward, static=static.assign(age=[0, 1e-30, 0, 0]))
    with pytest.raises(ValueError, match=r"'age' is 1e\+30 for series 'b', more than float32"):
        encode(ward, schema, static=static.assign(age=1e30))


def test_a_column_with_too_many_categories_looks_like_an_id():
    frame = pd.DataFrame({"unique_id": range(10_001), "ds": 0, "v": 1.0})
    static = pd.DataFrame({"name": [f"n{i}" for i in range(10_001)]})
    with pytest.raises(ValueError, match=r"'name' has 10001 categories.*looks like an id"):
        FrameSchema.learn(frame, time_unit=1, static=static)


def test_held_out_series_tell_nothing_of_static_numbers(ward, static):
    held_out = pd.Index(["c", "d"])  # d is known from static alone
    schema = learn_from(to_long(ward), None, static, held_out)
    kept = static[~static["unique_id"].isin(held_out)]
    age = next(column for column in schema.static if column.name == "age")
    assert (age.mean, age.scale) == (kept["age"].mean(), kept["age"].std(ddof=0))

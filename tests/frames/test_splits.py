import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ct_s5.frames import split_series, split_time


@given(st.integers(2, 60), st.floats(0.01, 0.99), st.integers(0, 10**6))
@settings(deadline=None, derandomize=True, max_examples=50)
def test_a_split_is_seeded_and_leaves_a_series_on_either_side(n, share, seed):
    held_out = split_series(n, share=share, seed=seed)
    assert held_out.dtype == bool
    assert 0 < held_out.sum() < n
    assert held_out.sum() == np.clip(round(share * n), 1, n - 1)
    np.testing.assert_array_equal(held_out, split_series(range(n), share=share, seed=seed))


def test_a_stratified_split_holds_out_the_same_share_of_each_class():
    labels = np.array(["sick"] * 10 + ["well"] * 90)
    held_out = split_series(100, labels, share=0.2, seed=3)
    assert held_out[:10].sum() == 2
    assert held_out[10:].sum() == 18
    assert (held_out != split_series(100, labels, share=0.2, seed=4)).any()


def test_a_class_of_one_series_stays_on_the_side_of_training():
    held_out = split_series(5, ["a", "a", "a", "a", "b"], share=0.3)
    assert not held_out[4]


def test_a_split_that_cannot_be_is_refused():
    # Each seed would cost training another of its classes.
    message = (
        r"Each class has a single series \('a', 'b', 'c'\): whichever is held out, training would "
        r"not know its class. Give a class more series; where the split is for validation, "
        r"validation=\(frame, labels\) of your own or validation_fraction=0 does without it"
    )
    with pytest.raises(ValueError, match=message):
        split_series(3, ["a", "b", "c"], share=0.3)
    with pytest.raises(ValueError, match="at least two series and a share between 0 and 1; got 1"):
        split_series(1)
    with pytest.raises(ValueError, match=r"got 3 series and share=1\.5"):
        split_series(3, share=1.5)
    with pytest.raises(ValueError, match="2 labels do not go with 3 series"):
        split_series(3, [0, 1])
    with pytest.raises(ValueError, match=r"Ids stand more than once: 'a'\. Give each series once"):
        split_series(pd.Series(["a", "a", "b", "c"]))


def test_a_split_in_time_parts_rows_before_and_after_a_moment(ward):
    before, after = split_time(ward, "2024-03-01 10:00")
    assert before["hr"].dropna().tolist() == [80.0, 70.0]
    assert len(after) == 3
    assert after["ds"].min() == pd.Timestamp("2024-03-01 10:00")
    for levels in (["unique_id", "ds"], ["ds", "unique_id"]):
        before, after = split_time(ward.set_index(levels), "2024-03-01 10:00")
        assert (len(before), len(after)) == (3, 3)
    renamed = ward.set_index(["ds", "unique_id"]).rename_axis(["when", "who"])
    before, _ = split_time(renamed, "2024-03-01 10:00", id_col="who", time_col="when")
    assert len(before) == 3
    with pytest.raises(ValueError, match=r"no column 'ds' for the time.*Another name: time_col="):
        split_time(ward.drop(columns="ds"), at=0)
    aware = ward.assign(ds=ward["ds"].dt.tz_localize("UTC"))
    assert len(split_time(aware, pd.Timestamp("2024-03-01 11:00", tz="Europe/Berlin"))[0]) == 3
    with pytest.raises(ValueError, match="'ds' has UTC, at=2024-03-01 10:00:00 has no time zone"):
        split_time(aware, "2024-03-01 10:00")
    for moment in (2024, 1.7e9):
        with pytest.raises(ValueError, match=f"at={moment!r} is none: a number has no unit"):
            split_time(ward, moment)
    with pytest.raises(ValueError, match="at='today' is none: it is another moment whenever"):
        split_time(ward, "today")
    for odd in ("10:00", "March 5", "02.03.2024"):
        with pytest.raises(ValueError, match=f"at='{odd}' is none: "):
            split_time(ward, odd)
    with pytest.raises(ValueError, match=r"at='foo' is none: [^\n]*ISO8601 format\.$"):
        split_time(ward, "foo")
    assert [len(part) for part in split_time(ward, "2024")] == [0, 6]
    assert [len(part) for part in split_time(ward, "20240302")] == [5, 1]
    since = ward.assign(ds=ward["ds"] - ward["ds"].min())
    assert len(split_time(since, "3h")[0]) == 3
    for moment in (3, "3", np.int64(3)):
        with pytest.raises(ValueError, match="is none: a number has no unit"):
            split_time(since, moment)
    assert len(split_time(since, np.timedelta64(3, "h"))[0]) == 3
    assert len(split_time(ward.assign(ds=range(6)), 2)[0]) == 2


@pytest.mark.parametrize("unit", ["s", "ns"])
def test_a_split_in_time_compares_instants_whatever_the_unit(ward, unit):
    frame = ward.assign(ds=ward["ds"].dt.as_unit(unit))
    moment = pd.Timestamp("2024-03-01 07:00:00.000000001")
    assert len(split_time(frame, moment)[0]) == 1
    assert len(split_time(frame, pd.Timestamp("9000-01-01").as_unit("s"))[0]) == 6
    whole = ward.assign(ds=2**60 + np.arange(6))
    assert len(split_time(whole, 2**60 + 3)[0]) == 3


BAD_SPLITS = {
    "text": (["01.01.2024 00:00"] * 6, "2024-01-01", TypeError, "'ds' holds times as text"),
    "NaT": ([pd.NaT] * 6, "2024-01-01", ValueError, r"holds no time \(NaT\) at row 0"),
    "no number": (range(6), "2024-01-01", ValueError, "holds numbers, and at='2024-01-01' is none"),
    "no time": (pd.date_range("2024", periods=6), "noon-ish", ValueError, "at='noon-ish' is none"),
    "missing": (pd.date_range("2024", periods=6), pd.NaT, ValueError, "is none: it is missing"),
}


@pytest.mark.parametrize("case", BAD_SPLITS)
def test_times_and_moments_that_are_none_are_refused(ward, case):
    ds, at, error, message = BAD_SPLITS[case]
    with pytest.raises(error, match=message):
        split_time(ward.assign(ds=ds), at)

"""Planted leaks are found, and a clean set has none."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from ct_s5_datasets import Dataset, check, load

N, L = 12, 6


@pytest.fixture
def clean():
    rng = np.random.default_rng(0)
    ids = np.repeat(np.arange(N), L)
    frame = pd.DataFrame(
        {
            "unique_id": ids,
            "ds": pd.to_timedelta(rng.exponential(60, N * L).cumsum(), unit="s"),
            "hr": rng.normal(size=N * L),
            "temp": rng.normal(size=N * L),
        }
    )
    labels = pd.Series(np.arange(N) % 2, index=pd.Index(range(N), name="unique_id"), name="died")
    static = pd.DataFrame({"age": rng.normal(size=N)}, index=labels.index)
    split = {"train": np.arange(8), "validation": np.arange(8, 10), "test": np.arange(10, 12)}
    return Dataset(frame, labels, static, {}, {"ours@1": split}, "# ours")


def test_a_clean_set_has_no_findings(clean):
    assert check(clean) == []
    assert check(clean, groups=pd.Series(np.arange(N) // 2, index=range(N))) == []


def _with_split(data, **parts):
    return dataclasses.replace(data, splits={"ours@1": data.splits["ours@1"] | parts})


def test_what_lies_on_both_sides_is_found(clean):
    shared = _with_split(clean, test=np.array([3, 10, 11]))
    assert check(shared) == ["ours@1: 1 series are in train and in test, first 3."]
    same = _with_split(clean, validation=np.arange(10, 12))
    assert check(same) == ["ours@1: validation and test are the same 2 series."]
    unknown = _with_split(clean, test=np.array([10, 99]))
    assert check(unknown) == ["ours@1: 1 ids of test are not in the data, first 99."]
    assert check(clean, groups=pd.Series(np.arange(N) // 3, index=range(N))) == [
        "ours@1: 1 groups have series in train and in validation, first 2.",
        "ours@1: 1 groups have series in validation and in test, first 3.",
    ]


def test_a_series_copied_under_another_id_and_clock_is_found(clean):
    frame = clean.frame.copy()
    frame.loc[frame.unique_id == 11, ["hr", "temp"]] = frame.loc[
        frame.unique_id == 2, ["hr", "temp"]
    ].to_numpy()
    own = frame.loc[frame.unique_id == 2, "ds"].to_numpy()
    frame.loc[frame.unique_id == 11, "ds"] = own + np.timedelta64(5, "h")
    (found,) = check(dataclasses.replace(clean, frame=frame))
    assert found == (
        "ours@1: 1 series of train have the same readings as one of test, first 2 and 11."
    )


def test_the_label_by_another_name_is_found(clean):
    outcome = clean.frame.unique_id.map(clean.labels) * 2.0 - 1
    told = dataclasses.replace(clean, frame=clean.frame.assign(outcome=outcome))
    assert check(told) == ["The channel 'outcome' is the label by another name."]
    static = clean.static.assign(exit=np.where(clean.labels == 1, "morgue", "home"))
    told = dataclasses.replace(clean, static=static)
    assert check(told) == ["The static feature 'exit' is the label by another name."]


def test_physionet2012_has_none(shared_data):
    assert check(load("physionet2012", root=shared_data / "physionet2012")) == []

"""Planted leaks are found, and a clean set has none."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from ct_s5_datasets import Dataset, check, load, protocol
from ct_s5_datasets.protocols import PROTOCOLS

N, L = 12, 12


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


def windows(stride, steady=False):
    """Twenty windows of 20 rows of one recording; where steady, of a sensor at rest."""
    rng = np.random.default_rng(1)
    length = 20 * stride + 20
    ds = pd.to_timedelta(rng.exponential(60, length).cumsum(), unit="s")
    values = np.full((length, 2), 7.0) if steady else rng.normal(size=(length, 2))
    whole = pd.DataFrame(values, columns=["hr", "temp"]).assign(ds=ds)
    cut = [whole.iloc[k * stride : k * stride + 20].assign(unique_id=k) for k in range(20)]
    frame = pd.concat(cut, ignore_index=True)
    split = {"train": np.arange(0, 20, 2), "test": np.arange(1, 20, 2)}
    return Dataset(frame, None, None, {}, {"ours@1": split}, "# ours")


def test_windows_that_overlap_are_found_whoever_they_are_of():
    (found,) = check(windows(stride=10))
    assert found.startswith("ours@1: 10 series of train share ten rows in a row or more with one")
    assert found.endswith("of test, first 0 and 1: windows that overlap, or copies.")
    assert check(windows(stride=20)) == []
    assert check(windows(stride=11)) == []  # nine rows in common
    assert check(windows(stride=20, steady=True)) == []


def test_the_label_by_another_name_is_found(clean):
    outcome = clean.frame.unique_id.map(clean.labels) * 2.0 - 1
    told = dataclasses.replace(clean, frame=clean.frame.assign(outcome=outcome))
    assert check(told) == ["The channel 'outcome' is the label by another name."]
    static = clean.static.assign(exit=np.where(clean.labels == 1, "morgue", "home"))
    told = dataclasses.replace(clean, static=static)
    assert check(told) == ["The static feature 'exit' is the label by another name."]


def test_physionet2012_has_none(shared_data):
    assert check(load("physionet2012", root=shared_data / "physionet2012")) == []


def test_groups_are_known_to_the_set_itself(clean):
    people = pd.Series(np.arange(N) // 3, index=range(N))
    told = dataclasses.replace(clean, groups=people)
    assert check(told) == check(clean, groups=people) != []
    assert check(told, groups=pd.Series(np.arange(N) // 2, index=range(N))) == []


@pytest.mark.parametrize("ddof", [0, 1])
def test_a_frame_scaled_with_test_readings_is_found_by_its_numbers(clean, ddof):
    frame = clean.frame
    values = frame["hr"]
    frame = frame.assign(hr=(values - values.mean()) / values.std(ddof=ddof))
    low, high = frame["temp"].min(), frame["temp"].max()
    extremes = frame.loc[[frame["temp"].idxmin(), frame["temp"].idxmax()], "unique_id"]
    # The least and the greatest lie in test, so that training alone would have scaled otherwise.
    outside = np.unique(extremes)
    inside = np.setdiff1d(np.arange(N), outside)
    moved = {"train": inside[1:], "validation": inside[:1], "test": outside}
    frame = frame.assign(temp=(frame["temp"] - low) / (high - low))
    found = check(dataclasses.replace(clean, frame=frame, splits={"ours@1": moved}))
    assert found == [
        f"ours@1: {words} over all parts and not over train in '{channel}': test readings are in "
        "the statistics of the scaling."
        for channel, words in (
            ("hr", "mean 0 and deviation 1"),
            ("temp", "least value 0 and greatest 1"),
        )
    ]


def test_a_frame_scaled_by_training_readings_is_clean(clean):
    frame = clean.frame.copy()
    seen = frame[frame["unique_id"] < 8]
    for name in ("hr", "temp"):
        frame[name] = (frame[name] - seen[name].mean()) / seen[name].std()
    assert check(dataclasses.replace(clean, frame=frame)) == []


@pytest.mark.parametrize("name", [name for name, rules in PROTOCOLS.items() if rules.leaks])
def test_what_a_protocol_declares_is_reported(clean, name):
    rules = protocol(name)
    split = clean.splits["ours@1"]
    under = clean.with_origin(protocol=rules, splits={rules.short: split})
    found = check(under)
    assert len(found) == len(rules.leaks)
    assert all(sentence.startswith(f"{rules.short}: ") for sentence in found)
    if rules.can_be_leakfree:
        assert check(under.with_origin(protocol=rules.leakfree())) == []


@pytest.mark.parametrize("name", ["mtan-classif", "latent-ode-interp", "cru-interp"])
def test_real_twins_are_clean_and_what_leaks_is_reported(real, name):
    root = real("physionet2012")
    assert "statistics" in " ".join(check(load(f"physionet2012/{name}@1", root=root)))
    assert check(load(f"physionet2012/{name}-leakfree@1", root=root)) == []


def test_sets_of_arrays_are_looked_at_too(real):
    digits = load("spoken_digits", root=real("fsdd"))
    found = check(digits)
    assert any("groups have series in train and in test" in sentence for sentence in found)
    images = load("mnist", root=real("mnist"), part="test")
    assert check(images) == []
    shared = {"ours": {"train": np.arange(5), "test": np.arange(4, 9)}}
    assert check(images.with_origin(splits=shared)) == [
        "ours: 1 series are in train and in test, first 4."
    ]

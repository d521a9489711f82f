"""The real parts a and b: the counts of the data's manifest, and cells read by hand."""

import tarfile

import numpy as np
import pandas as pd
import pytest

from ct_s5_datasets import load

FACTS = {
    "a": {
        "deaths": 554,
        "empty": {140501, 140936, 141264},
        "rows": 298_941,
        "readings": 1_733_910,
        "repeated": 3730,
        "codes": 326,
        "lines": 1_757_980,
        "extra": 3744,  # lines beyond the first of each repeated (record, time, parameter)
        "gender": 3,
        "height": 1894,
    },
    "b": {
        "deaths": 568,
        # The manifest lists 143656 too: its one reading is the weight on admission.
        "empty": {142731, 142998, 145611, 147514, 150309, 150649},
        "rows": 298_730,
        "readings": 1_738_227,
        "repeated": 3930,
        "codes": 347,
        "lines": 1_762_535,
        "extra": 3961,
        "gender": 5,
        "height": 1930,
    },
}


@pytest.fixture(scope="module")
def root(real):
    return real("physionet2012")


@pytest.fixture(scope="module")
def loaded(root):
    return {part: load("physionet2012", root=root, part=part) for part in FACTS}


@pytest.mark.parametrize("part", FACTS)
def test_counts_are_those_of_the_manifest(loaded, part):
    data, facts = loaded[part], FACTS[part]
    channels = data.frame.columns[2:]
    assert len(data.labels) == 4000
    assert data.labels.sum() == facts["deaths"]
    assert data.labels.index.equals(data.static.index)
    assert data.labels.index.is_monotonic_increasing
    assert set(data.labels.index) - set(data.frame["unique_id"]) == facts["empty"]
    assert len(data.frame) == facts["rows"]
    assert data.frame[channels].notna().to_numpy().sum() == facts["readings"]
    assert not data.frame[channels].isna().all(axis=1).any()
    missing = data.static.isna().sum()
    assert missing.to_dict() == {
        "Age": 0,
        "Gender": facts["gender"],
        "Height": facts["height"],
        "ICUType": 0,
        "Weight": facts["codes"],
    }
    assert f"given more than once, averaged: {facts['repeated']}\n" in data.card
    assert f"-1 codes dropped: {facts['codes']}\n" in data.card
    assert "lines without a parameter name dropped: 0\n" in data.card
    # Every line is a descriptor (RecordID, Age, Gender, Height, ICUType), a code or a reading.
    accounted = 5 * 4000 + facts["codes"] + facts["readings"] + facts["extra"]
    assert accounted == facts["lines"]


@pytest.mark.parametrize("part", FACTS)
def test_rows_are_sorted_and_no_time_comes_twice(loaded, part):
    frame = loaded[part].frame
    assert not frame.duplicated(["unique_id", "ds"]).any()
    ordered = frame.sort_values(["unique_id", "ds"], kind="stable")
    assert ordered.index.equals(frame.index)
    assert frame["ds"].min() == pd.Timedelta(0)
    assert frame["ds"].max() == pd.Timedelta("48h")


@pytest.mark.parametrize("part", FACTS)
def test_twenty_records_agree_with_a_slow_reading(loaded, part, root):
    data = loaded[part]
    chosen = set(np.random.default_rng(0).choice(data.labels.index, 20, replace=False).tolist())
    with tarfile.open(root / f"set-{part}.tar.gz") as archive:
        for member in archive:
            record_id = int(member.name[-10:-4])
            stream = archive.extractfile(member) if record_id in chosen else None
            if stream is None:
                continue
            cells: dict = {}
            for line in stream.read().decode().splitlines()[1:]:
                time, name, value = line.split(",")
                if name in data.frame and (name != "Weight" or float(value) != -1):
                    hours, minutes = map(int, time.split(":"))
                    when = pd.Timedelta(hours=hours, minutes=minutes)
                    cells.setdefault((when, name), []).append(float(value))
            mine = data.frame[data.frame["unique_id"] == record_id]
            long = mine.melt(["unique_id", "ds"]).dropna().set_index(["ds", "variable"])["value"]
            assert long.to_dict() == pytest.approx({k: np.mean(v) for k, v in cells.items()})


def test_both_parts_together(loaded, root):
    both = load("physionet2012", root=root, part=("a", "b"))
    expected = pd.concat([loaded[part].frame for part in FACTS], ignore_index=True)
    pd.testing.assert_frame_equal(both.frame, expected)
    assert both.labels.sum() == 554 + 568
    assert both.labels.index.is_unique


def test_the_protocol_has_the_sizes_of_the_paper(loaded, root):
    data = load("physionet2012/mtan-classif@1", root=root)
    assert list(data.splits) == ["mtan-classif@1"]
    split = data.splits["mtan-classif@1"]
    deaths = {part: (len(ids), data.labels.loc[ids].sum()) for part, ids in split.items()}
    assert deaths == {"train": (2560, 354), "validation": (640, 79), "test": (800, 121)}
    assert set(np.concatenate(list(split.values()))) == set(loaded["a"].labels.index)

"""Glucose curves: small sets in the collection's layout, every refusal, and the real two."""

import csv
import datetime
import io
import tarfile

import numpy as np
import pandas as pd
import pytest
from official_layout import write_tar

from ct_s5_datasets._glucose import load

HEADER = "timestamp,glucose_value_mg_dl"
FACTS = {
    "PhysioCGM": {"people": 9, "readings": 201_586, "low": 218, "high": 25, "again": 84},
    "BIGIDEAs": {"people": 16, "readings": 36_898, "low": 0, "high": 0, "again": 0},
}
EXTREMES = {"PhysioCGM": (28, 399), "BIGIDEAs": (40, 261)}


def curve(*readings):
    return "\n".join([HEADER, *readings]) + "\n"


def write(root, texts, part="PhysioCGM"):
    folder = root / part / f"{part}-extracted-glucose-files"
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, newline="")
    (root / part / "README.md").write_text("License Details\n")
    return root


@pytest.fixture
def small(tmp_path):
    texts = {
        "c2s01": curve("2022-04-02 00:05:01,Low", "2022-04-02 00:10:00,High"),
        "c1s01": curve("2022-04-02 00:03:05,111", "2022-04-02 00:08:05,105.5"),
    }
    return write(tmp_path, texts)


def test_frame(small):
    data = load(small)
    assert data.frame["unique_id"].tolist() == ["c1s01", "c1s01", "c2s01", "c2s01"]
    assert data.frame["ds"].iloc[1] == pd.Timestamp("2022-04-02 00:08:05")
    assert data.frame["glucose"].tolist() == pytest.approx(
        [111, 105.5, np.nan, np.nan], nan_ok=True
    )
    assert data.frame["out_of_range"].tolist() == [0, 0, -1, 1]
    assert (data.frame.dtypes.iloc[2:] == np.float64).all()
    assert data.labels is None
    assert data.static is None
    assert set(data.frame) == set(data.schema)
    assert list(data.splits) == [f"seeded-{seed}" for seed in range(5)]


def test_two_sensors_in_one_second_are_averaged_and_order_does_not_matter(tmp_path):
    texts = {
        "a": curve("2022-04-02 00:05:00,90", "2022-04-02 00:00:00,80", "2022-04-02 00:05:00,100")
    }
    data = load(write(tmp_path, texts))
    assert data.frame["glucose"].tolist() == [80, 95]
    assert data.frame["ds"].is_monotonic_increasing
    assert "readings in a second that had one already, averaged: 1\n" in data.card


def test_any_folder_or_archive_of_such_files(tmp_path, small):
    write(tmp_path, {"x": curve("2020-01-01 00:00:00,70").replace("\n", "\r\n")}, "Own")
    assert load(tmp_path, "Own").frame["glucose"].tolist() == [70]
    assert load(tmp_path / "Own", ".").frame["unique_id"].tolist() == ["x"]
    write_tar(tmp_path / "Other.tar.gz", [("deep/y.csv", curve("2020-01-01 00:00:00,71"))])
    assert load(tmp_path, "Other").frame["unique_id"].tolist() == ["y"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<html>", r"c9\.csv does not begin with the header timestamp,glucose.*<html>"),
        ("", r"c9\.csv does not begin with the header"),
        (curve(), r"c9\.csv holds no line of data"),
        (curve("2022-04-02 00:03:05,111", "2022-04-02 00:08:05"), r"line 3: 1 values, not 2"),
        (curve("2022-04-02 00:03:05,111,1"), r"line 2: 3 values, not 2"),
        (curve("2022-02-30 00:03:05,111"), r"line 2: timestamp is '2022-02-30 00:03:05', not Y"),
        (
            curve(*(f"2022-02-0{k} 00:03:05,111" for k in (1, 2)), "3020-02-02 00:03:05,111"),
            r"line 4: timestamp is 3020-02-02 00:03:05, more than ten years from the others",
        ),
        (curve("02/04/2022 00:03,111"), r"line 2: timestamp is '02/04/2022 00:03'"),
        (curve("2022-04-02 00:03:05,low"), r"line 2: glucose_value_mg_dl is 'low', not a number"),
        (curve("2022-04-02 00:03:05,"), r"line 2: glucose_value_mg_dl is '', not a number"),
        (curve("2022-04-02 00:03:05,0"), r"line 2: glucose_value_mg_dl is '0', not a number"),
        (
            curve("2022-04-02 00:03:05,105.5")[:-3],
            r"ends within a line, after '2022.*,105': it was",
        ),
        (curve("2022-04-02 00:03:05,inf"), r"line 2: glucose_value_mg_dl is 'inf'"),
    ],
)
def test_a_damaged_file_is_named_with_its_line(small, text, words):
    (small / "PhysioCGM" / "c9.csv").write_text(text)
    with pytest.raises(ValueError, match=words + r".*Glucose-ML"):
        load(small)


def test_absent_parts_say_where_to_get_them(small):
    with pytest.raises(FileNotFoundError, match=r"BIGIDEAs\.tar\.gz nor .*ODC-BY 1\.0"):
        load(small, "BIGIDEAs")
    for wrong in ("", "../PhysioCGM", "a/b"):
        with pytest.raises(ValueError, match="parts 'PhysioCGM' and 'BIGIDEAs'"):
            load(small, wrong)
    (small / "Empty").mkdir()
    with pytest.raises(ValueError, match=r"holds no \.csv file"):
        load(small, "Empty")
    (small / "PhysioCGM" / "c1s01.csv").write_text(curve("2022-04-02 00:03:05,111"))
    with pytest.raises(ValueError, match=r"Series c1s01 is there twice: PhysioCGM: .* and Physio"):
        load(small)
    (small / "PhysioCGM.tar.gz").write_bytes(b"\x1f\x8b\x08")
    with pytest.raises(ValueError, match=r"cut short|damaged"):
        load(small)


@pytest.fixture(scope="module")
def root(real):
    return real("cgm")


@pytest.mark.parametrize("part", FACTS)
def test_real_sets_have_the_counts_of_the_manifest(root, part):
    data, facts = load(root, part), FACTS[part]
    assert data.frame["unique_id"].nunique() == facts["people"]
    for what, name in {
        "readings": "readings",
        "readings Low": "low",
        "readings High": "high",
        "readings in a second that had one already, averaged": "again",
    }.items():
        assert f"- {what}: {facts[name]}\n" in data.card
    assert len(data.frame) == facts["readings"] - facts["again"]
    assert (data.frame["glucose"].min(), data.frame["glucose"].max()) == EXTREMES[part]
    assert data.frame["glucose"].isna().sum() == facts["low"] + facts["high"]
    assert not data.frame.duplicated(["unique_id", "ds"]).any()
    ordered = data.frame.sort_values(["unique_id", "ds"], kind="stable")
    assert ordered.index.equals(data.frame.index)


def test_one_person_agrees_with_a_slow_reading(root):
    mine = load(root).frame
    mine = mine[mine["unique_id"] == "c2s01"]
    found: dict = {}
    with tarfile.open(root / "PhysioCGM.tar.gz") as packed:
        name = "PhysioCGM/PhysioCGM-extracted-glucose-files/c2s01.csv"
        text = packed.extractfile(name).read().decode()
    for row in csv.DictReader(io.StringIO(text)):
        when = datetime.datetime.fromisoformat(row["timestamp"])
        found.setdefault(when, []).append(row["glucose_value_mg_dl"])
    assert mine["ds"].dt.to_pydatetime().tolist() == list(found)
    for values, row in zip(found.values(), mine.to_dict("records"), strict=True):
        if values[0] in ("Low", "High"):
            assert np.isnan(row["glucose"])
            assert row["out_of_range"] == {"Low": -1, "High": 1}[values[0]]
        else:
            assert row["glucose"] == np.mean([float(value) for value in values])
            assert row["out_of_range"] == 0

"""UCI 427: small rooms in the official layout, every refusal, and the real room S1."""

import tarfile

import numpy as np
import pandas as pd
import pytest
from official_layout import write_tar

from ct_s5_datasets._wearable import load

FIRST = "0,0.27203,1.0082,-0.082102,1,-63.5,2.4252,924.25,1"
NEXT = "0.025,0.5,-0.25,0,4,-58,0.5,920.25,3"


@pytest.fixture
def small(tmp_path):
    for room in "12":
        (tmp_path / f"S{room}_Dataset").mkdir()
    (tmp_path / "S1_Dataset/d1p01M").write_text(f"{FIRST}\n{NEXT}\n")
    (tmp_path / "S1_Dataset/d1p02F").write_text(f"{NEXT}\r\n155.28{NEXT[5:]}", newline="")
    (tmp_path / "S1_Dataset/README.txt").write_text("Characteristics of Dataset\n")
    (tmp_path / "S2_Dataset/d2p01F").write_text(f"{FIRST}\n")
    return tmp_path


def test_frame_and_static(small):
    data = load(small)
    assert data.frame["unique_id"].tolist() == ["d1p01M", "d1p01M", "d1p02F", "d1p02F"]
    assert (data.frame["ds"] / pd.Timedelta(milliseconds=1)).tolist() == [0, 25, 25, 155_280]
    row = data.frame.iloc[0, 2:].tolist()
    assert row == [0.27203, 1.0082, -0.082102, -63.5, 2.4252, 924.25, 1, 0, 0, 0, 1]
    assert data.frame.iloc[1, 8:].tolist() == [0, 0, 0, 1, 3]
    assert (data.frame.dtypes.iloc[2:] == np.float64).all()
    assert data.static["Gender"].to_dict() == {"d1p01M": 1, "d1p02F": 0}
    assert data.labels is None
    assert {*data.frame, *data.static} == set(data.schema)


def test_both_rooms_packed_or_not(small):
    text = (small / "S1_Dataset/d1p01M").read_text()
    members = [("S1_Dataset/README.txt", "Characteristics"), ("S1_Dataset/d1p01M", text)]
    write_tar(small / "S1_Dataset.tar.gz", members)
    data = load(small, ("S2", "S1"))
    assert data.static["Room"].to_dict() == {"d1p01M": "S1", "d2p01F": "S2"}
    rooms = {room: ids.tolist() for room, ids in data.splits["rooms"].items()}
    assert rooms == {"S1": ["d1p01M"], "S2": ["d2p01F"]}


def test_the_last_reading_at_one_time_is_kept_and_the_others_counted(small):
    (small / "S2_Dataset/d2p02M").write_text(f"{FIRST}\n{FIRST[:-1]}2\n{NEXT}\n")
    data = load(small, "S2")
    assert data.frame["activity"].tolist() == [1, 2, 3]
    assert "readings at the time of a later one in the same trial, dropped: 1\n" in data.card


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<!DOCTYPE html>\n", r"d1p09F, line 1: 1 values, not 9"),
        ("", r"d1p09F holds no line of data"),
        (f"{FIRST}\n{NEXT},1\n", r"line 2: 10 values, not 9"),
        (f"{FIRST}\n\n{NEXT}\n", r"line 2: 1 values, not 9"),
        (FIRST.replace("-63.5", "weak"), r"line 1: rssi is 'weak', not a number"),
        (FIRST.replace("-63.5", "nan"), r"line 1: rssi is 'nan', not a number"),
        (FIRST.replace("-63.5", "inf"), r"line 1: rssi is inf"),
        (FIRST.replace("1.0082", ""), r"line 1: vertical is '', not a number"),
        (f"{NEXT}\n{FIRST}", r"line 2: time is 0 after 0\.025"),
        (f"-1{FIRST[1:]}", r"line 1: time is -1, not seconds from 0 on"),
        (f"0.0255{FIRST[1:]}", r"line 1: time is 0\.0255, not seconds from 0 on"),
        (FIRST.replace("02,1,", "02,5,"), r"line 1: antenna is 5, not 1 to 4"),
        (FIRST[:-1] + "0", r"line 1: activity is 0, not 1 to 4"),
    ],
)
def test_a_damaged_file_is_named_with_its_line(small, text, words):
    (small / "S1_Dataset/d1p09F").write_text(text)
    with pytest.raises(ValueError, match=words + r".*archive\.ics\.uci\.edu/dataset/427"):
        load(small)


def test_absent_rooms_say_where_to_get_them(tmp_path, small):
    with pytest.raises(FileNotFoundError, match=r"S1_Dataset\.tar\.gz nor .*CC BY 4\.0"):
        load(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="parts 'S1' and 'S2'"):
        load(small, "S3")
    (small / "S1_Dataset/more").mkdir()
    (small / "S1_Dataset/more/d1p01M").write_text(FIRST)
    with pytest.raises(ValueError, match="Trial d1p01M is there twice"):
        load(small)
    (small / "S2_Dataset/d2p01F").unlink()
    with pytest.raises(ValueError, match=r"holds no trial \(d2p01F"):
        load(small, "S2")
    (small / "S1_Dataset.tar.gz").write_text("<html>Sign in</html>")
    with pytest.raises(ValueError, match="HTML page"):
        load(small)


@pytest.fixture(scope="module")
def archive(real):
    return real("uci_batteryless_activity", "S1_Dataset.tar.gz")


@pytest.fixture(scope="module")
def room(archive):
    return load(archive.parent)


def test_counts_are_those_of_the_manifest(room):
    assert len(room.frame) == 52_482
    assert room.frame["activity"].value_counts().to_dict() == {1: 15162, 2: 4381, 3: 30983, 4: 1956}
    assert room.static["Gender"].value_counts().to_dict() == {0: 40, 1: 20}
    steps = room.frame.groupby("unique_id")["ds"].diff().dropna() / pd.Timedelta(seconds=1)
    assert (steps.min() > 0, steps.median(), steps.quantile(0.99)) == (True, 0.05, 3.25)
    assert steps.max() == pytest.approx(185, abs=0.5)
    assert room.frame["unique_id"].is_monotonic_increasing
    assert (room.frame[[f"antenna_{n}" for n in range(1, 5)]].sum(axis=1) == 1).all()
    assert "in the same trial, dropped: 0\n" in room.card


def test_five_trials_agree_with_a_slow_reading(room, archive):
    chosen = ["d1p01M", "d1p17F", "d1p33F", "d1p40M", "d1p60F"]
    with tarfile.open(archive) as packed:
        for name in chosen:
            text = packed.extractfile(f"S1_Dataset/{name}").read().decode()
            mine = room.frame[room.frame["unique_id"] == name].to_dict("records")
            for line, row in zip(text.splitlines(), mine, strict=True):
                time, *acceleration, antenna, rssi, phase, frequency, activity = line.split(",")
                assert row["ds"] == pd.Timedelta(f"{time} s")
                assert [row[axis] for axis in ("frontal", "vertical", "lateral")] == list(
                    map(float, acceleration)
                )
                assert row[f"antenna_{antenna}"] == 1
                assert row["rssi"] == float(rssi)
                assert row["phase"] == float(phase)
                assert row["frequency"] == float(frequency)
                assert row["activity"] == float(activity)

"""RR intervals: small records in the official layout, every refusal, and the real three parts."""

import tarfile
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from official_layout import write_tar

from ct_s5_datasets._rr_intervals import load

FACTS = {
    "normal": {"lines": 1_893_835, "records": 18, "dropped": 0, "longest": 570_617.1875},
    "chf": {"lines": 1_159_255, "records": 10, "dropped": 0, "longest": 1_284_640.625},
    "healthy": {"lines": 792_555, "records": 9, "dropped": 2, "longest": 1828.0},
}


@pytest.fixture
def small(tmp_path):
    for folder in ("normal", "chf", "healthy_ms"):
        (tmp_path / folder).mkdir()
    (tmp_path / "normal/nsr001_rr_secs.txt").write_text("225.79687500\n0.69531250\n0.71093750\n")
    (tmp_path / "normal/nsr002_rr_secs.txt").write_text("0.50000000\n0.60000000")
    (tmp_path / "chf/chf201_rr_secs.txt").write_text("0.75781250\n")
    (tmp_path / "healthy_ms/000.txt").write_text("789\r\n727\r\n\r\n", newline="")
    (tmp_path / "healthy_ms/008.txt").write_text("758\n774\n@\n")
    return tmp_path


def test_frame_and_labels(small):
    data = load(small, ("healthy", "normal", "chf"))
    assert data.frame["unique_id"].tolist() == [
        *["000", "000", "008", "008", "chf201"],
        *["nsr001", "nsr001", "nsr001", "nsr002", "nsr002"],
    ]
    nanoseconds = data.frame["ds"].to_numpy().astype(np.int64).tolist()
    assert nanoseconds == [
        *[789_000_000, 1_516_000_000, 758_000_000, 1_532_000_000, 757_812_500],
        *[225_796_875_000, 226_492_187_500, 227_203_125_000, 500_000_000, 1_100_000_000],
    ]
    assert data.frame["rr"].tolist()[4:] == [757.8125, 225796.875, 695.3125, 710.9375, 500, 600]
    assert data.labels.to_dict() == {"000": 0, "008": 0, "chf201": 1, "nsr001": 0, "nsr002": 0}
    assert data.static is None
    assert {*data.frame, data.labels.name} == set(data.schema)
    assert data.splits["sets"]["normal"].tolist() == ["nsr001", "nsr002"]
    assert "blank or @ lines at the end of a file, dropped: 2\n" in data.card
    assert "intervals over 3000 ms, most of them gaps, kept: 1\n" in data.card


def test_archives_go_first_and_are_read_together(small):
    for n in (3, 4):
        members = [(f"normal/nsr00{n}_rr_secs.txt", "0.5\n"), ("normal/README.txt", "text")]
        write_tar(small / f"nsr2db_{n}.tar.gz", members)
    assert load(small).labels.index.tolist() == ["nsr003", "nsr004"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<html>", r"nsr009_rr_secs\.txt, line 1: the interval is '<html>', not a number"),
        ("\n@\n", r"nsr009_rr_secs\.txt holds no line of data"),
        ("0.7\n\n0.7\n", r"line 2: the interval is '', not a number"),
        ("0.7\n@\n0.7\n", r"line 2: the interval is '@', not a number"),
        ("0.7\n0.7 N\n", r"line 2: the interval is '0\.7 N', not a number"),
        ("0.7\n0.7,1\n", r"line 2: 2 values, not 1"),
        ("0.7\n0\n", r"line 2: the interval is 0, not above 0"),
        ("0.7\nnan\n", r"line 2: the interval is 'nan', not a number"),
        ("0.7\n100000\n", r"line 2: the interval is 100000, not above 0 and within a day"),
        ("700\n710\n705\n", r"nsr009_rr_secs\.txt: .*705000 ms, .* Are they in milliseconds\?"),
    ],
)
def test_a_damaged_file_is_named_with_its_line(small, text, words):
    (small / "normal/nsr009_rr_secs.txt").write_text(text)
    with pytest.raises(ValueError, match=words + r".*physionet\.org/content/nsr2db"):
        load(small)


def test_absent_parts_say_where_to_get_them(tmp_path, small):
    with pytest.raises(FileNotFoundError, match=r"chf2db\*\.tar\.gz nor .*ODC-BY 1\.0"):
        load(tmp_path / "nowhere", "chf")
    with pytest.raises(ValueError, match="parts 'normal', 'chf' and 'healthy'"):
        load(small, ("chf", "chf"))
    (small / "chf/more").mkdir()
    (small / "chf/more/chf201_rr_secs.txt").write_text("0.7\n")
    with pytest.raises(ValueError, match=r"Record chf201 is there twice: chf: chf201.* and chf: m"):
        load(small, "chf")
    (small / "nsr2db.tar.gz").write_text("<!doctype html>")
    with pytest.raises(ValueError, match="HTML page"):
        load(small)
    write_tar(small / "nsr2db.tar.gz", [("README", "text")])
    with pytest.raises(ValueError, match="holds no record of part 'normal'"):
        load(small)


@pytest.fixture(scope="module")
def root(real):
    return real("rr_intervals")


@pytest.fixture(scope="module")
def everything(root):
    return load(root, tuple(FACTS))


@pytest.mark.parametrize("part", FACTS)
def test_counts_are_those_of_the_manifest(everything, root, part):
    facts, ids = FACTS[part], everything.splits["sets"][part]
    assert len(ids) == facts["records"]
    mine = everything.frame[everything.frame["unique_id"].isin(ids)]
    assert len(mine) == facts["lines"] - facts["dropped"]
    assert mine["rr"].max() == facts["longest"]
    assert set(everything.labels[ids]) == {int(part == "chf")}
    assert f"at the end of a file, dropped: {sum(f['dropped'] for f in FACTS.values())}\n" in (
        everything.card
    )


def test_times_grow_within_each_record(everything):
    frame = everything.frame
    assert frame["unique_id"].is_monotonic_increasing
    steps = np.diff(frame["ds"].to_numpy().astype(np.int64))
    same = (frame["unique_id"] == frame["unique_id"].shift()).to_numpy()[1:]
    assert (steps[same] > 0).all()
    assert (steps[same] == np.round(frame["rr"].to_numpy()[1:][same] * 1e6)).all()


@pytest.mark.parametrize(
    ("archive", "name", "unit"),
    [
        ("chf2db_201-210_rr_secs.tar.gz", "chf/chf207_rr_secs.txt", 1000),
        ("rr-interval-healthy-subjects_9records.tar.gz", "healthy_ms/008.txt", 1),
    ],
)
def test_one_record_agrees_with_exact_sums(everything, root, archive, name, unit):
    with tarfile.open(root / archive) as packed:
        lines = packed.extractfile(name).read().decode().split()
    exact = [Fraction(line) * unit for line in lines if line != "@"]
    unique_id = "chf207" if name.startswith("chf") else "008"
    mine = everything.frame[everything.frame["unique_id"] == unique_id]
    assert mine["rr"].tolist() == [float(interval) for interval in exact]
    assert mine["ds"].iloc[-1] == pd.Timedelta(int(sum(exact) * 1_000_000), unit="ns")
    assert mine["ds"].iloc[999] == pd.Timedelta(int(sum(exact[:1000]) * 1_000_000), unit="ns")

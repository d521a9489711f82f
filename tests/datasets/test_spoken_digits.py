"""Spoken digits: wav files made here, and all real recordings."""

import io
import tarfile
import wave

import numpy as np
import pytest
from official_layout import all_columns

import ct_s5_datasets
from ct_s5_datasets._spoken_digits import load


def wav(samples, rate=8000, channels=1, width=2):
    stream = io.BytesIO()
    with wave.open(stream, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(np.asarray(samples, dtype="<i2").tobytes())
    return stream.getvalue()


FILES = {
    "1_theo_0.wav": wav([1, -2, 3]),
    "1_theo_5.wav": wav([-32768, 32767]),
    "0_lucas_49.wav": wav([5]),
}


@pytest.fixture
def root(tmp_path):
    (tmp_path / "recordings").mkdir()
    for name, content in FILES.items():
        (tmp_path / "recordings" / name).write_bytes(content)
    return tmp_path


def test_recordings_are_ragged_and_sorted(root):
    data = load(root)
    assert list(data.schema) == all_columns(data, data.labels.index[:1])
    assert data.labels.to_dict() == {"0_lucas_49": 0, "1_theo_0": 1, "1_theo_5": 1}
    assert data.values.dtype == np.int16
    assert data.values.tolist() == [5, 1, -2, 3, -32768, 32767]
    assert data.offsets.tolist() == [0, 1, 4, 6]
    assert data.series("1_theo_0").tolist() == [1, -2, 3]
    assert data.static["speaker"].tolist() == ["lucas", "theo", "theo"]
    assert data.static["number"].tolist() == [49, 0, 5]
    assert data.static.index.equals(data.labels.index)
    official = {part: ids.tolist() for part, ids in data.splits["official"].items()}
    assert official == {"train": ["0_lucas_49", "1_theo_5"], "test": ["1_theo_0"]}
    assert "samples a recording: 1 to 3\n" in data.card
    assert repr(data).startswith("WaveSet(3 series, 0 s at 8000 Hz, splits official")


def test_frame_has_true_times(root):
    frame = load(root).frame(["1_theo_5", "0_lucas_49"])
    assert frame["unique_id"].tolist() == ["0_lucas_49", "1_theo_5", "1_theo_5"]
    assert frame["ds"].dt.total_seconds().tolist() == [0.0, 0.0, 0.000125]
    assert frame["amplitude"].tolist() == [5 / 32768, -1.0, 32767 / 32768]
    with pytest.raises(ValueError, match="No series '2_theo_5'; the ids are"):
        load(root).frame(["2_theo_5"])


@pytest.mark.parametrize("form", ["folder", "archive"])
def test_other_places(root, form):
    expected = load(root)
    if form == "archive":
        with tarfile.open(root / "free-spoken-digit-dataset-1.0.10.tar.gz", "w:gz") as archive:
            archive.add(root / "recordings", "free-spoken-digit-dataset-1.0.10/recordings")
        for path in (root / "recordings").iterdir():
            path.unlink()
        data = load(root)
    else:
        data = load(root / "recordings")
    assert data.labels.equals(expected.labels)
    assert (data.values == expected.values).all()


def test_a_recording_beside_the_archive_does_not_hide_it(root):
    expected = load(root)
    name = "free-spoken-digit-dataset-1.0.10"
    with tarfile.open(root / f"{name}.tar.gz", "w:gz") as archive:
        for path in (root / "recordings").iterdir():
            archive.add(path, f"{name}/recordings/{path.name}")
            archive.addfile(*mac(f"{name}/recordings/._{path.name}"))
            path.unlink()
    (root / "recordings" / "1_theo_0.wav").write_bytes(wav([9]))
    data = load(root)
    assert data.labels.equals(expected.labels)
    assert data.values.tolist() == expected.values.tolist()
    for digit in range(10):
        (root / "recordings" / f"{digit}_theo_0.wav").write_bytes(wav([digit]))
    assert load(root).labels.tolist() == [*range(10)]


def mac(name):
    """What a Mac keeps beside a file, as a member of an archive."""
    member = tarfile.TarInfo(name)
    member.size = 8
    return member, io.BytesIO(b"Mac OS X")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (FILES["1_theo_0.wav"][:-2], "promises 3 samples and holds 2"),
        (wav([]), "promises 0 samples and holds 0"),
        (FILES["1_theo_0.wav"][:20], "damaged, not a readable wav file"),
        (b"<html>", "damaged, not a readable wav file"),
        (wav([1, 2], channels=2), r"has 2 channel\(s\) of 16 bits at 8000 Hz, not 1 of 16 at 8000"),
        (wav([1, 2], rate=16000), r"at 16000 Hz, not 1 of 16 at 8000"),
        (wav([1, 2], width=1), r"of 8 bits"),
    ],
)
def test_a_damaged_file_is_named(root, content, told):
    (root / "recordings" / "3_theo_1.wav").write_bytes(content)
    with pytest.raises(ValueError, match=rf"recordings: 3_theo_1.wav .*{told}"):
        load(root)


def test_names_and_places(root, tmp_path):
    (root / "recordings" / "ten_theo_1.wav").write_bytes(wav([1]))
    with pytest.raises(ValueError, match=r"ten_theo_1.wav is not named <digit>_<speaker>_<number>"):
        load(root)
    (root / "recordings" / "ten_theo_1.wav").unlink()
    (root / "recordings" / "again").mkdir()
    (root / "recordings" / "again" / "1_theo_0.wav").write_bytes(wav([1]))
    with pytest.raises(ValueError, match=r"recording 1_theo_0 is there twice"):
        load(root)
    with pytest.raises(FileNotFoundError, match=r"Neither recordings/ nor free-.*licence CC BY-SA"):
        load(tmp_path / "absent")


def test_speakers_may_be_dealt_in_place_of_recordings(real):
    root = real("fsdd")
    data = load(root, by="speaker")
    assert [*data.splits] == ["official", *(f"by-speaker-{seed}" for seed in range(5))]
    for name in [*data.splits][1:]:
        people = [set(data.groups[ids]) for ids in data.splits[name].values()]
        assert [len(some) for some in people] == [3, 1, 2]
        assert len(set.union(*people)) == 6
    unheard = ct_s5_datasets.load("spoken_digits/by-speaker@1", root=root)
    assert unheard.split["test"].tolist() == data.splits["by-speaker-0"]["test"].tolist()
    assert ct_s5_datasets.check(unheard) == []
    with pytest.raises(ValueError, match=r"by='digit': spoken_digits is split by 'speaker'"):
        load(root, by="digit")


def test_all_real_recordings(shared_data):
    data = load(shared_data / "fsdd")
    assert len(data) == 3000
    assert (data.labels.value_counts() == 300).all()
    assert (data.static["speaker"].value_counts() == 500).all()
    assert data.static["speaker"].nunique() == 6
    lengths = np.diff(data.offsets)
    assert (lengths.min(), lengths.max()) == (1148, 18262)
    assert [len(ids) for ids in data.splits["official"].values()] == [2700, 300]
    (archive,) = (shared_data / "fsdd").glob("*.tar.gz")
    with tarfile.open(archive) as stream:
        for name in ("7_jackson_32", "0_yweweler_4"):
            content = stream.extractfile(f"recordings/{name}.wav").read()
            by_hand = np.frombuffer(content[content.index(b"data") + 8 :], dtype="<i2")
            assert (data.series(name) == by_hand).all()

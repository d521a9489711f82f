"""Speech Commands: wav files made here in the official layout, and some of the real test set."""

import io
import tarfile
import wave

import numpy as np
import pytest

from ct_s5_datasets._speech_commands import COMMANDS, WORDS, load


def wav(samples, rate=16000):
    stream = io.BytesIO()
    with wave.open(stream, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.asarray(samples, dtype="<i2").tobytes())
    return stream.getvalue()


FILES = {
    "yes/0000000a_nohash_0": [1, 2, 3, 4, 5],
    "yes/0000000a_nohash_1": [6, 7],
    "no/0000000b_nohash_0": [8, 9, 10],
    "bed/0000000b_nohash_2": [11],
    "_background_noise_/hiss": [12],
}


@pytest.fixture
def root(tmp_path):
    for name, samples in FILES.items():
        path = tmp_path / f"{name}.wav"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(wav(samples))
    (tmp_path / "validation_list.txt").write_text("no/0000000b_nohash_0.wav\n")
    (tmp_path / "testing_list.txt").write_text("bed/0000000b_nohash_2.wav\n")
    return tmp_path


def official(data):
    return {part: ids.tolist() for part, ids in data.splits["official"].items()}


def test_the_published_lists():
    assert len(WORDS) == len(set(WORDS)) == 35
    assert (WORDS[0], WORDS[16], WORDS[34]) == ("bed", "yes", "zero")
    assert len(COMMANDS) == 10
    assert set(COMMANDS) < set(WORDS)


def test_35_words(root):
    data = load(root)
    assert data.labels.to_dict() == {
        "bed/0000000b_nohash_2": "bed",
        "no/0000000b_nohash_0": "no",
        "yes/0000000a_nohash_0": "yes",
        "yes/0000000a_nohash_1": "yes",
    }
    assert data.series("yes/0000000a_nohash_0").tolist() == [1, 2, 3, 4, 5]
    assert data.static["speaker"].tolist() == ["0000000b", "0000000b", "0000000a", "0000000a"]
    assert data.static["number"].tolist() == [2, 0, 0, 1]
    assert official(data) == {
        "train": ["yes/0000000a_nohash_0", "yes/0000000a_nohash_1"],
        "validation": ["no/0000000b_nohash_0"],
        "test": ["bed/0000000b_nohash_2"],
    }


def test_10_words_at_half_the_rate(root):
    data = load(root, part="10", rate=8000)
    assert data.labels.tolist() == ["no", "yes", "yes"]
    assert data.values.tolist() == [8, 10, 1, 3, 5, 6]
    assert data.rate == 8000
    assert official(data)["test"] == []
    frame = data.frame(["no/0000000b_nohash_0"])
    assert frame["ds"].dt.total_seconds().tolist() == [0.0, 0.000125]
    rows, lengths = data.padded(["yes/0000000a_nohash_1", "yes/0000000a_nohash_0"], length=4)
    assert rows.tolist() == [[6, 0, 0, 0], [1, 3, 5, 0]]
    assert lengths.tolist() == [1, 3]


def test_times_at_16_khz_are_whole_nanoseconds(root):
    frame = load(root).frame(["yes/0000000a_nohash_0"])
    assert frame["ds"].astype("int64").tolist() == [0, 62_500, 125_000, 187_500, 250_000]


def test_without_lists_there_is_no_official_split(root):
    (root / "validation_list.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"Neither validation_list.txt nor"):
        load(root)
    (root / "testing_list.txt").unlink()
    assert "official" not in load(root).splits


def test_a_packed_test_set(root):
    with tarfile.open(root / "speech_commands_test_set_v0.02.tar.gz", "w:gz") as archive:
        for name in FILES:
            archive.add(root / f"{name}.wav", f"./{name}.wav")
            (root / f"{name}.wav").unlink()
    data = load(root)
    assert len(data) == 4
    assert official(data) == {"test": data.labels.index.tolist()}
    assert "left out: 1\n" in data.card
    assert "left out: 2\n" in load(root, part="10").card


def test_errors(root, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"part='20', rate=16000: speech_commands has the parts"):
        load(root, part="20")
    with pytest.raises(ValueError, match=r"rates 16000 and 8000"):
        load(root, rate=4000)
    (root / "testing_list.txt").write_text("no/0000000b_nohash_0.wav\n")
    with pytest.raises(ValueError, match=r"no/0000000b_nohash_0 is in both lists"):
        load(root)
    path = root / "yes" / "mine.wav"
    path.write_bytes(wav([1]))
    with pytest.raises(ValueError, match=r"yes/mine.wav is not named <word>/<8 hex digits>"):
        load(root)
    path.unlink()
    path = root / "yes" / "0000000c_nohash_0.wav"
    path.write_bytes(wav([1], rate=8000))
    with pytest.raises(
        ValueError, match=r"0000000c_nohash_0.wav has 1 .* at 8000 Hz, not 1 of 16 at"
    ):
        load(root)
    with pytest.raises(
        FileNotFoundError, match=r"nor speech_commands\*.tar.gz is in .*licence CC BY"
    ):
        load(tmp_path / "absent")


def test_a_large_archive_is_not_read_packed(tmp_path, monkeypatch):
    (tmp_path / "speech_commands_v0.02.tar.gz").write_bytes(b"12")
    monkeypatch.setattr("ct_s5_datasets._speech_commands._ARCHIVE_MOST", 1)
    with pytest.raises(ValueError, match=r"is too large to be read packed. Unpack it."):
        load(tmp_path)


def test_some_of_the_real_test_set(shared_data):
    folder = shared_data / "speech_commands_v0.02_test_subset"
    data = load(folder)
    assert len(data) == 200
    assert set(data.labels) == set(COMMANDS)
    assert (data.labels.value_counts() == 20).all()
    assert (np.diff(data.offsets) == 16_000).all()
    assert "left out: 40\n" in data.card  # 20 of silence, 20 of unknown words
    half = load(folder, part="10", rate=8000)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as stream:
        content = stream.extractfile("yes/022cd682_nohash_0.wav").read()
    by_hand = np.frombuffer(content[content.index(b"data") + 8 :], dtype="<i2")[:16_000]
    assert (data.series("yes/022cd682_nohash_0") == by_hand).all()
    assert (half.series("yes/022cd682_nohash_0") == by_hand[::2]).all()

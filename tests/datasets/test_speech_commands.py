"""Speech Commands: wav files made here in the official layout, and some of the real test set."""

import dataclasses
import io
import math
import tarfile
import wave

import numpy as np
import pandas as pd
import pytest
import scipy.fft
import scipy.signal
from official_layout import all_columns

import ct_s5_datasets
from ct_s5_datasets import protocol
from ct_s5_datasets._mfcc import mfcc
from ct_s5_datasets._speech_commands import COMMANDS, WORDS, load, neuralcde_10_split


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
    assert list(data.schema) == all_columns(data, data.labels.index[:1])
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
        FileNotFoundError, match=r"nor speech_commands\*.tar.gz is there: .*licence CC BY"
    ):
        load(tmp_path / "absent")


def test_the_whole_archive_is_read_packed(root):
    packed = root / "packed"
    packed.mkdir()
    lists = ("validation_list.txt", "testing_list.txt")
    with tarfile.open(packed / "speech_commands_v0.02.tar.gz", "w:gz") as archive:
        for name in (*(f"{name}.wav" for name in FILES), *lists):
            archive.add(root / name, f"./{name}")
    data, unpacked = load(packed), load(root)
    cited = [ct_s5_datasets.load("speech_commands", root=at).cite() for at in (packed, root)]
    assert cited[0] == cited[1]
    assert official(data) == official(unpacked)
    assert data.values.tolist() == unpacked.values.tolist()
    with tarfile.open(packed / "speech_commands_v0.02.tar.gz", "w:gz") as archive:
        archive.add(root / "yes", "./yes")
        archive.add(root / lists[0], f"./{lists[0]}")
    with pytest.raises(ValueError, match=r"has no testing_list\.txt, and the other list"):
        load(packed)


def packed_beside(root, name="speech_commands_v0.02.tar.gz"):
    """All of it in an archive, and nothing else in the folder."""
    lists = ("validation_list.txt", "testing_list.txt")
    with tarfile.open(root / name, "w:gz") as archive:
        for each in (*(f"{name}.wav" for name in FILES), *lists):
            archive.add(root / each, f"./{each}")
            (root / each).unlink()
    return root / name


def unpack(archive, folder):
    with tarfile.open(archive) as stream:
        stream.extractall(folder, filter="data")


def test_a_recording_unpacked_beside_the_archive_does_not_hide_it(root):
    expected = load(root)
    packed_beside(root)
    (root / "yes" / "0000000a_nohash_0.wav").write_bytes(wav([9]))
    data = load(root)
    assert data.values.tolist() == expected.values.tolist()
    assert official(data) == official(expected)


@pytest.mark.parametrize("beside", [True, False])
def test_the_archive_may_be_unpacked_into_a_folder(root, beside):
    expected = load(root)
    archive = packed_beside(root)
    unpack(archive, root / "speech_commands_v0.02")
    if not beside:
        archive.unlink()
    data = load(root)
    assert data.values.tolist() == expected.values.tolist()
    assert official(data) == official(expected)


def test_a_folder_with_every_word_goes_before_the_archive(root):
    packed_beside(root)
    for word in WORDS:
        (root / "all" / word).mkdir(parents=True)
        (root / "all" / word / "0000000c_nohash_0.wav").write_bytes(wav([7]))
    assert load(root).labels.tolist() == sorted(WORDS)


def test_a_name_that_only_sounds_like_a_test_set_is_none(root):
    expected = official(load(root))
    archive = packed_beside(root, "speech_commands_latest.tar.gz")
    assert official(load(root)) == expected
    archive.rename(root / "speech_commands_test_set_mine.tar.gz")
    assert official(load(root)) == expected  # it has the lists


def test_what_a_mac_keeps_beside_a_file_is_left_alone(root):
    expected = load(root)
    for name in FILES:
        folder, _, base = name.partition("/")
        (root / folder / f"._{base}.wav").write_bytes(b"Mac OS X")
    assert load(root).labels.equals(expected.labels)
    (root / "packed").mkdir()
    with tarfile.open(root / "packed" / "speech_commands_v0.02.tar.gz", "w:gz") as archive:
        for word in ("yes", "no", "bed"):
            archive.add(root / word, f"./{word}")
    assert load(root / "packed").labels.equals(expected.labels)


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


# --- the protocols


def slow_cepstra(wave, step):
    """The 20 cepstra of one row, a triangle and a frequency at a time."""
    around = np.concatenate([wave[100:0:-1], wave, wave[-2:-102:-1]])
    window = around[100 * step : 100 * step + 200] * scipy.signal.get_window("hann", 200)
    power = np.abs(scipy.fft.fft(window)[:101]) ** 2
    top = 2595 * math.log10(1 + 8000 / 700)
    corner = [700 * (10 ** (top * k / 65 / 2595) - 1) for k in range(66)]
    mels = np.zeros(64)
    for k in range(64):
        for frequency in range(101):
            hertz = 80 * frequency
            if corner[k] < hertz <= corner[k + 1]:
                weight = (hertz - corner[k]) / (corner[k + 1] - corner[k])
            elif corner[k + 1] < hertz < corner[k + 2]:
                weight = (corner[k + 2] - hertz) / (corner[k + 2] - corner[k + 1])
            else:
                continue
            mels[k] += weight * power[frequency]
    return scipy.fft.dct(np.log(mels + 1e-6), type=2, norm="ortho")[:20]


def test_cepstra_are_those_of_a_slow_sum():
    waves = np.random.default_rng(0).normal(0, 0.1, (2, 16_000))
    found = mfcc(waves)
    assert found.shape == (2, 161, 20)
    for number, step in ((0, 0), (0, 1), (1, 80), (1, 160)):
        np.testing.assert_allclose(
            found[number, step], slow_cepstra(waves[number], step), rtol=1e-9, atol=1e-9
        )


def test_recordings_that_are_short_are_left_out_of_the_cepstra(root):
    tone = (3000 * np.sin(np.arange(16_000) / 9)).astype(int)
    (root / "no" / "0000000c_nohash_0.wav").write_bytes(wav(tone))
    data = load(root, part="10", form="mfcc")
    assert data.labels.to_dict() == {"no/0000000c_nohash_0": "no"}
    assert list(data.schema) == all_columns(data, data.labels.index[:1])
    assert "recordings of other than 16,000 samples, left out: 3\n" in data.card
    frame = data.frame(["no/0000000c_nohash_0"])
    assert list(frame.columns[2:]) == [f"mfcc_{number}" for number in range(20)]
    assert frame["ds"].iloc[-1] == pd.Timedelta(seconds=1)
    np.testing.assert_allclose(frame.iloc[80, 2:].astype(float), slow_cepstra(tone / 2**15, 80))
    with pytest.raises(ValueError, match="form='mfcc' at rate=8000"):
        load(root, part="10", rate=8000, form="mfcc")


def test_neural_cdes_split_has_its_sizes_and_each_word_in_proportion():
    words = [COMMANDS[k % 10] for k in range(34_975)]
    ids = [f"{word}/{k:05d}" for k, word in enumerate(words)]
    pairs = sorted(zip(ids, words, strict=True))
    split = neuralcde_10_split(*zip(*pairs, strict=True))
    assert {part: len(some) for part, some in split.items()} == dict(
        protocol("speech_commands/neuralcde-10@1").sizes
    )
    assert sorted(np.concatenate(list(split.values()))) == sorted(ids)
    for some in split.values():
        counts = pd.Series(some).str.split("/").str[0].value_counts()
        assert counts.max() - counts.min() <= 1


def test_cepstra_are_scaled_by_their_training_recordings(root):
    rng = np.random.default_rng(0)
    for number in range(6):
        path = root / "no" / f"0000000d_nohash_{number}.wav"
        path.write_bytes(wav(rng.integers(-999, 999, 16_000)))
    data = load(root, part="10", form="mfcc")
    ids = data.labels.index.to_numpy()
    split = {"train": ids[:3], "validation": ids[3:4], "test": ids[4:]}
    table = protocol("speech_commands/neuralcde-10@1").scaling(data, split)
    values = data.cepstra(split["train"])[:, :, 7]
    expected = values.mean(), values.std(ddof=1) + 1e-5
    np.testing.assert_allclose(table.loc["mfcc_7"], expected, rtol=1e-9)


def test_s5s_protocol_is_of_the_whole_set(root):
    with pytest.raises(ValueError, match=r"s5-35@1 needs the whole part '35'; 4 series are there"):
        ct_s5_datasets.load("speech_commands/s5-35@1", root=root)
    assert sum(protocol("speech_commands/s5-35@1").sizes.values()) == 105_829


def test_the_lists_that_a_protocol_rests_on_are_named(root):
    for name in ("validation_list.txt", "testing_list.txt"):
        (root / name).unlink()
    told = r"s5-35@1 needs validation_list\.txt and testing_list\.txt, which are not there"
    with pytest.raises(ValueError, match=told):
        ct_s5_datasets.load("speech_commands/s5-35@1", root=root)


def test_no_recording_has_no_cepstra_and_an_empty_frame(root):
    (root / "no" / "0000000c_nohash_0.wav").write_bytes(wav(np.arange(16_000)))
    data = load(root, part="10", form="mfcc")
    assert data.cepstra([]).shape == (0, 161, 20)
    frame, one = data.frame([]), data.frame(["no/0000000c_nohash_0"])
    assert len(frame) == 0
    assert frame.dtypes[1:].to_dict() == one.dtypes[1:].to_dict()


def test_s5_scales_each_place_in_time_by_samples_divided_twice(root, monkeypatch):
    rules = protocol("speech_commands/s5-35@1")
    small = dataclasses.replace(rules, sizes={"train": 2, "validation": 1, "test": 1})
    monkeypatch.setitem(ct_s5_datasets.PROTOCOLS, rules.name, small)
    data = ct_s5_datasets.load("speech_commands/s5-35@1", root=root)
    assert {part: len(ids) for part, ids in data.split.items()} == {
        "train": 2, "validation": 1, "test": 1,
    }  # fmt: skip
    rows = np.zeros((2, 16_000))
    rows[0, :5], rows[1, :2] = [1, 2, 3, 4, 5], [6, 7]
    published = rows / 2**15 / 2**15
    mean, deviation = published.mean(0), published.std(0, ddof=1) + 1e-5
    scaled = data.scaled(["yes/0000000a_nohash_0"])["amplitude"]
    np.testing.assert_allclose(scaled, ((published[0] - mean) / deviation)[:5], rtol=1e-9)
    assert len(data.scaling) == 16_000
    assert data.cite()["name"] == "speech_commands/s5-35@1"
    assert set(data.files) == {
        *(f"{name.split('/')[1]}.wav" for name in FILES if "hiss" not in name),
        "validation_list.txt",
        "testing_list.txt",
    }

"""PAMAP2: recordings made here in the official layout, and Raindrop's arrays, against slow cuts."""

import io
import pickle
import zipfile

import numpy as np
import pandas as pd
import pytest
from official_layout import all_columns

import ct_s5_datasets
from ct_s5_datasets import _pam
from ct_s5_datasets._pam import ACTIVITIES, PROTOCOLS, load
from ct_s5_datasets._pam_windows import WindowSet, cut

EIGHT = [1, 2, 3, 4, 6, 7, 16, 17]


def recording(person):
    """(time, activity, 52 values) of one person, with a break, a change and what is left out."""
    random = np.random.default_rng(person)
    activities = [0] * 40 + [4] * 1300 + [0] * 20 + [4] * 650 + [5] * 700 + [17] * 599 + [24] * 10
    values = random.integers(-900, 900, (len(activities), 52)) / 100
    values[random.random(values.shape) < 0.05] = np.nan
    times = 8.38 + 0.01 * np.arange(len(activities))
    return times, activities, values


def text(times, activities, values):
    cells = values.astype(str)
    cells[cells == "nan"] = "NaN"
    return "".join(
        f"{time:.2f} {activity} {' '.join(row)}\n"
        for time, activity, row in zip(times, activities, cells, strict=True)
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pam") / "PAMAP2_Dataset" / "Protocol"
    folder.mkdir(parents=True)
    for person in range(101, 110):
        (folder / f"subject{person}.dat").write_text(text(*recording(person)))
    return folder.parents[1]


def a_line_each(folder):
    """Files of all people, too short for a window."""
    for person in range(101, 110):
        line = text(*(each[:1] for each in recording(person)))
        (folder / f"subject{person}.dat").write_text(line)


def slow_windows(person, wanted):
    """First row and activity of each window, by trying every row."""
    activities = recording(person)[1]
    found, since = [], 0
    for row, activity in enumerate(activities):
        if row and activity != activities[row - 1]:
            since = row
        if activity in wanted and (row - since + 1) >= 600 and (row - since + 1 - 600) % 300 == 0:
            found.append((row - 599, activity))
    return found


def test_windows_are_those_of_a_slow_cut(root):
    data = load(root)
    assert isinstance(data, WindowSet)
    assert len(data.channels) == 52
    for person in range(101, 110):
        _, _, values = recording(person)
        for number, (first, activity) in enumerate(slow_windows(person, ACTIVITIES)):
            name = f"{person}-{number:04d}"
            assert data.labels[name] == activity
            assert data.static["Person"][name] == str(person)
            np.testing.assert_array_equal(
                data.windows([name])[0], values[first : first + 600].astype(np.float32)
            )
    assert len(data) == sum(len(slow_windows(who, ACTIVITIES)) for who in range(101, 110))
    assert f"windows of activity 4, walking: {(data.labels == 4).sum()}\n" in data.card
    assert [*data.splits] == [f"seeded-{seed}" for seed in range(5)]


def test_a_frame_has_the_readings_at_their_times(root):
    data = load(root)
    assert list(data.schema) == all_columns(data, data.labels.index[:1])
    frame = data.frame(["103-0001", "102-0000"])
    assert frame["unique_id"].unique().tolist() == ["102-0000", "103-0001"]
    assert list(frame) == ["unique_id", "ds", *data.channels]
    second = frame[frame["unique_id"] == "103-0001"]
    assert second["ds"].astype("int64").tolist() == [10 * k for k in range(600)]
    np.testing.assert_array_equal(
        second[list(data.channels)].to_numpy(), data.windows(["103-0001"])[0].astype(float)
    )


def test_windows_do_not_run_across_a_pause_of_the_clock(tmp_path):
    """1500 rows of walking; the clock stands 3600 s at row 300, and 0.02 s at row 1000."""
    times, _, values = recording(101)
    activities, times, values = [4] * 1500, times[:1500].copy(), values[:1500]
    times[300:] += 3600
    times[1000:] += 0.01
    for person in range(101, 110):
        (tmp_path / f"subject{person}.dat").write_text(text(times, activities, values))
    for part, people in (("windows", 9), ("raindrop", 8)):
        data = load(tmp_path, part)
        assert len(data) == 3 * people  # rows 300, 600 and 900 on; by hand
        for number, first in enumerate((300, 600, 900)):
            frame = data.frame([f"101-{number:04d}"])
            assert frame["ds"].max() == pd.Timedelta(seconds=5.99 + 0.01 * (number > 0))
            if part == "windows":
                np.testing.assert_array_equal(
                    data.windows([f"101-{number:04d}"])[0],
                    values[first : first + 600].astype(np.float32),
                )


def test_the_longest_step_inside_a_window_is_a_tenth_of_a_second(tmp_path):
    times, _, values = recording(104)
    a_line_each(tmp_path)

    def with_a_step(seconds):
        moved = times[:600] + np.where(np.arange(600) < 300, 0, seconds - 0.01)
        (tmp_path / "subject104.dat").write_text(text(moved, [4] * 600, values[:600]))
        return load(tmp_path)

    assert with_a_step(0.10).labels.to_dict() == {"104-0000": 4}
    with pytest.raises(ValueError, match=r"no 600 rows of one activity without a pause"):
        with_a_step(0.11)


def test_some_files_do_not_hide_the_archive_beside_them(root, tmp_path):
    source = root / "PAMAP2_Dataset" / "Protocol"
    with zipfile.ZipFile(tmp_path / "PAMAP2_Dataset.zip", "w") as packed:
        for path in sorted(source.iterdir()):
            packed.write(path, f"PAMAP2_Dataset/Protocol/{path.name}")
    for folder in ("Protocol", "."):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "subject101.dat").write_bytes((source / "subject101.dat").read_bytes())
    assert load(tmp_path).labels.equals(load(root).labels)
    assert load(tmp_path, "raindrop").labels.equals(load(root, "raindrop").labels)


def test_pieces_of_any_size_give_the_same(root, monkeypatch):
    whole = load(root)
    monkeypatch.setattr(_pam, "_BLOCK", 200_001)
    pieces = load(root / "PAMAP2_Dataset")
    np.testing.assert_array_equal(whole.values, pieces.values)
    np.testing.assert_array_equal(whole.starts, pieces.starts)
    assert whole.labels.equals(pieces.labels)


def test_ucis_zip_is_read_as_it_is(root, tmp_path):
    archive = tmp_path / "PAMAP2_Dataset.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted((root / "PAMAP2_Dataset" / "Protocol").iterdir()):
            packed.write(path, f"PAMAP2_Dataset/Protocol/{path.name}")
        packed.writestr("PAMAP2_Dataset/Optional/subject101.dat", "of another protocol")
    whole, unpacked = (ct_s5_datasets.load("pam", root=place) for place in (tmp_path, root))
    np.testing.assert_array_equal(whole.values, unpacked.values)
    assert whole.labels.equals(unpacked.labels)
    assert whole.cite() == unpacked.cite()
    content = archive.read_bytes()
    archive.write_bytes(content[:-50])
    with pytest.raises(ValueError, match=r"PAMAP2_Dataset\.zip is no whole zip archive.*UCI"):
        load(tmp_path)
    middle = len(content) // 2
    archive.write_bytes(content[:middle] + bytes(1000) + content[middle + 1000 :])
    with pytest.raises(ValueError, match=r"PAMAP2_Dataset\.zip/.*subject10\d\.dat is damaged"):
        load(tmp_path)
    archive.write_text("<!DOCTYPE html>log in")
    with pytest.raises(ValueError, match=r"no whole zip archive"):
        load(tmp_path)


def test_a_zip_that_would_fill_the_memory_is_refused(root, tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "PAMAP2_Dataset.zip", "w") as packed:
        packed.writestr("PAMAP2_Dataset/Protocol/subject101.dat", "0" * 1001)
    monkeypatch.setattr(_pam, "_MOST", 1000)
    with pytest.raises(ValueError, match=r"subject101.dat' is larger than .* decompression bomb"):
        load(tmp_path)


def test_raindrops_part_takes_out_three_fifths_and_always_the_same(root):
    data = load(root, part="raindrop")
    assert data.channels[:2] == ("hand_temperature", "hand_acceleration_x")
    assert set(data.labels) <= set(EIGHT)
    assert len(data.channels) == 17
    assert data.static["Person"].unique().tolist() == [str(who) for who in range(101, 109)]
    first, _ = slow_windows(105, EIGHT)[1]
    full = recording(105)[2][first : first + 600, 1:18].astype(np.float32)
    given = data.windows(["105-0001"])[0]
    kept = ~np.isnan(given)
    assert (given[kept] == full[kept]).all()
    # 4080 of 10,200 cells are kept, and about 5 % of them had no reading from the start.
    missing = np.isnan(full).sum() / full.size
    assert kept.sum() == pytest.approx(4080 * (1 - missing), rel=0.03)
    assert kept.sum() <= 4080
    again = data.windows(["104-0000", "105-0001"])
    np.testing.assert_array_equal(again[1], given)
    assert (np.isnan(again[0]) != np.isnan(given)).any()
    assert len(data.frame(["105-0001"])) == kept.any(axis=1).sum()


def test_the_published_split_leaks_and_its_twin_does_not(root):
    data = load(root, part=PROTOCOLS["raindrop@1"])
    people = {
        name: [set(data.static["Person"][ids]) for ids in data.splits[name].values()]
        for name in ("raindrop@1", "raindrop-leakfree@1")
    }
    assert people["raindrop@1"][0] & people["raindrop@1"][2]
    train, validation, test = people["raindrop-leakfree@1"]
    assert (validation, test) == ({"105"}, {"106"})
    assert train == {"101", "102", "103", "104", "107", "108"}
    sizes = [len(ids) for ids in data.splits["raindrop@1"].values()]
    n = len(data)
    assert sizes == [round(0.8 * n), round(0.1 * n), n - round(0.8 * n) - round(0.1 * n)]
    for split in data.splits.values():
        assert sorted(np.concatenate(list(split.values()))) == sorted(data.labels.index)


def test_a_person_less_and_there_is_no_protocol(root, tmp_path):
    for person in (101, 109):
        source = root / "PAMAP2_Dataset" / "Protocol" / f"subject{person}.dat"
        (tmp_path / source.name).write_bytes(source.read_bytes())
    with pytest.warns(UserWarning, match=r"has no files of persons 102, 103, 104, 105.* 107, 108:"):
        assert "raindrop@1" not in load(tmp_path, part="raindrop").splits
    with pytest.warns(
        UserWarning, match=r"has no files of persons 102, .* 108: windows of 101, 109"
    ):
        assert set(load(tmp_path).static["Person"]) == {"101", "109"}
    (tmp_path / "subject101.dat").unlink()
    with pytest.raises(FileNotFoundError, match=r"subject101\.dat to subject108\.dat are neither"):
        load(tmp_path, part="raindrop")


def test_recordings_too_short_for_a_window_are_told(tmp_path):
    for person in range(101, 110):
        lines = [piece[:599] for piece in recording(person)]
        (tmp_path / f"subject{person}.dat").write_text(text(lines[0], [4] * 599, lines[2]))
    with pytest.raises(ValueError, match=r"no 600 rows of one activity without a pause"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: "<!DOCTYPE html>" + t, "is an HTML page"),
        (lambda _: "", "holds no line of data"),
        (lambda t: t.replace(" ", "", 1), "line 1: 53 values, not 54"),
        (lambda t: t.replace("8.40 0 ", "8.40 8 "), "line 3: activity is 8, none of the"),
        (
            lambda t: t.replace("8.40 0 ", "8.405 0 "),
            r"line 3: timestamp is 8\.405, not hundredths",
        ),
        (lambda t: t.replace("8.40 0 ", "8.39 0 "), r"line 3: timestamp is 8\.39 after 8\.39"),
        (lambda t: t.replace("8.40 0 ", "NaN 0 "), "line 3: timestamp is nan"),
        (lambda t: t.replace("8.40 0 ", "8.40 x "), "line 3: activity is 'x', not a number"),
        (lambda t: t[:-1].rpartition(" ")[0] + " inf", "line 3319: ankle_orientation_z is inf"),
    ],
)
def test_a_damaged_file_is_named_with_its_line(tmp_path, monkeypatch, change, words):
    monkeypatch.setattr(_pam, "_BLOCK", 100_000)
    a_line_each(tmp_path)
    (tmp_path / "subject104.dat").write_text(change(text(*recording(104))))
    with pytest.raises(ValueError, match=rf"subject104\.dat.* {words}.*archive\.ics\.uci\.edu"):
        load(tmp_path)


def test_what_is_not_there(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"subject101\.dat to subject109\.dat are.*CC BY 4\.0"
    ):
        load(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"PTdict_list\.npy is not in .*figshare"):
        load(tmp_path, part="raindrop-arrays")
    told = r"PTdict_list\.npy is not there: .*absent is not a folder.*figshare"
    with pytest.raises(FileNotFoundError, match=told):
        load(tmp_path / "absent", part="raindrop-arrays")
    with pytest.raises(ValueError, match="parts windows, raindrop, raindrop-arrays"):
        load(tmp_path, part="all")


def test_cut_keeps_to_its_stretches():
    starts, which = cut(np.array([5, 5, 5, 5, 5, 2, 2, 9, 9, 9]), 3, 2)
    assert starts.tolist() == [0, 2, 7]
    assert which.tolist() == [5, 5, 9]


def save_split(path, *parts):
    """As NumPy saved arrays of unequal length: an object array, pickled."""
    objects = np.empty(len(parts), dtype=object)
    objects[:] = parts
    with path.open("wb") as stream:
        head = {"descr": "|O", "fortran_order": False, "shape": (len(parts),)}
        np.lib.format.write_array_header_1_0(stream, head)
        pickle.dump(objects, stream, protocol=3)


@pytest.fixture
def arrays(tmp_path):
    random = np.random.default_rng(0)
    (tmp_path / "PAMdata" / "processed_data").mkdir(parents=True)
    (tmp_path / "PAMdata" / "splits").mkdir()
    values = random.normal(size=(20, 600, 17)) * (random.random((20, 600, 17)) < 0.4)
    np.save(tmp_path / "PAMdata" / "processed_data" / "PTdict_list.npy", values)
    classes = (np.arange(20) % 8).astype(float)[:, None]
    np.save(tmp_path / "PAMdata" / "processed_data" / "arr_outcomes.npy", classes)
    drawn = random.permutation(20)
    save_split(tmp_path / "PAMdata/splits/PAM_split_2.npy", drawn[:16], drawn[16:18], drawn[18:])
    return tmp_path, values, drawn


def test_raindrops_arrays_stay_in_their_file(arrays):
    root, values, drawn = arrays
    data = load(root, part="raindrop-arrays")
    assert isinstance(data.values, np.memmap)
    assert data.labels.tolist() == [k % 8 for k in range(20)]
    given = data.windows([7, 3])
    for at, number in enumerate((7, 3)):
        expected = np.where(values[number] == 0, np.nan, values[number]).astype(np.float32)
        np.testing.assert_array_equal(given[at], expected)
    assert "raindrop-split1@1" not in data.splits
    split = data.splits["raindrop-split2@1"]
    assert split["train"].tolist() == sorted(drawn[:16].tolist())
    assert split["validation"].tolist() == sorted(drawn[16:18].tolist())
    assert split["test"].tolist() == sorted(drawn[18:].tolist())
    assert "raindrop-split2@1" in load(root / "PAMdata", part="raindrop-arrays").splits
    assert {f"pam/{name}" for name in PROTOCOLS} <= set(ct_s5_datasets.names())


def test_arrays_that_are_not_raindrops(arrays):
    root, values, drawn = arrays
    folder, splits = root / "PAMdata" / "processed_data", root / "PAMdata" / "splits"

    def refused(words):
        with pytest.raises(ValueError, match=words):
            load(root, part="raindrop-arrays")

    save_split(splits / "PAM_split_2.npy", drawn[:16], drawn[16:18], drawn[17:])
    refused(r"PAM_split_2\.npy does not deal the numbers 0 to 19 into train, .*github")
    (splits / "PAM_split_2.npy").write_bytes(b"\x93NUMPY\x01\x00")
    refused(r"PAM_split_2\.npy: EOF.*github")
    (splits / "PAM_split_2.npy").unlink()
    np.save(folder / "arr_outcomes.npy", np.full(20, 8))
    refused(r"class 0 of arr_outcomes\.npy is 8, not 0 to 7")
    np.save(folder / "arr_outcomes.npy", np.array(["walking"] * 20))
    refused(r"arr_outcomes\.npy holds <U7, not numbers.*figshare")
    np.save(folder / "arr_outcomes.npy", np.zeros(19))
    refused(r"arr_outcomes\.npy is an array of \(19,\) and PTdict_list\.npy has 20 windows")
    np.save(folder / "PTdict_list.npy", values[:, :, :16])
    refused(r"is an array of \(20, 600, 16\), not of windows of 600 x 17")
    objects = np.empty(2, dtype=object)
    stream = io.BytesIO()
    np.save(stream, objects, allow_pickle=True)
    (folder / "PTdict_list.npy").write_bytes(stream.getvalue())
    refused(r"PTdict_list\.npy .*Pickled arrays are not opened here")
    for content, words in {
        b"<!DOCTYPE html><html>log in</html>": r"PTdict_list\.npy is an HTML page.*figshare",
        b"PK\x03\x04": r"PTdict_list\.npy is no \.npy file.*figshare",
        b"": r"PTdict_list\.npy is no \.npy file.*figshare",
        b"\x93NUMPY\x01\x00": r"PTdict_list\.npy is damaged.*figshare",
    }.items():
        (folder / "PTdict_list.npy").write_bytes(content)
        with pytest.raises(ValueError, match=words) as refusal:
            load(root, part="raindrop-arrays")
        assert "allow_pickle" not in str(refusal.value)

"""PhysioNet 2019: small sets in the official layout, every refusal, and the real half of B."""

import tarfile

import numpy as np
import pandas as pd
import pytest
from official_layout import write_tar, write_zip

import ct_s5_datasets
from ct_s5_datasets import _physionet2019 as physionet2019
from ct_s5_datasets._physionet2019 import load, neuralcde_split, seft_online_split
from ct_s5_datasets._physionet2019_text import CHANNELS, NAMES

HEADER = "|".join(NAMES)


def line(number, label=0, **known):
    """One hour: NaN but for what is known."""
    cells = dict.fromkeys(NAMES, "NaN") | {"Age": 60, "Gender": 1, "HospAdmTime": -2.5} | known
    cells |= {"ICULOS": number, "SepsisLabel": label}
    return "|".join(str(cells[name]) for name in NAMES)


def stay(*lines):
    return "\n".join([HEADER, *lines]) + "\n"


def write(root, texts, folder="training_setB"):
    (root / folder).mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (root / folder / f"{name}.psv").write_text(text, newline="")
    return root


@pytest.fixture
def small(tmp_path):
    texts = {
        "p100002": stay(line(3, HR=70, pH=7.31), line(5, 1, HR="1e2"), line(6, 0)),
        "p100001": stay(line(1, Unit1=1, Unit2=0, Age=61.5)),
    }
    return write(tmp_path, texts)


def test_frame_labels_and_static(small):
    data = load(small, "B")
    hours = data.frame["ds"] / pd.Timedelta(hours=1)
    assert data.frame["unique_id"].tolist() == [100001, 100002, 100002, 100002]
    assert hours.tolist() == [1, 3, 5, 6]
    assert data.frame["HR"].tolist() == pytest.approx([np.nan, 70, 100, np.nan], nan_ok=True)
    assert data.frame["pH"].iloc[1] == 7.31
    assert data.frame["SepsisLabel"].tolist() == [0, 0, 1, 0]
    assert list(data.frame)[2:] == [*(c.name for c in CHANNELS), "SepsisLabel"]
    assert (data.frame.dtypes.iloc[2:] == np.float64).all()
    assert data.labels.to_dict() == {100001: 0, 100002: 1}
    assert data.static.loc[100001].tolist() == [61.5, 1, 1, 0, -2.5]
    assert data.static.loc[100002, ["Unit1", "Unit2"]].isna().all()
    assert {*data.frame, data.labels.name, *data.static} == set(data.schema)
    assert list(data.splits) == ["sets", *(f"seeded-{seed}" for seed in range(5))]
    assert "hours without any reading, kept for their SepsisLabel: 2\n" in data.card


def test_line_ends_do_not_matter(small, tmp_path):
    expected = load(small, "B")
    for path in (small / "training_setB").iterdir():
        path.write_text(path.read_text().rstrip("\n").replace("\n", "\r\n"), newline="")
    pd.testing.assert_frame_equal(load(small, "B").frame, expected.frame)


@pytest.mark.parametrize("form", ["folder", "training", "zip's own", "zips", "one archive", "two"])
def test_every_layout_of_both_parts(tmp_path, form):
    texts = {"p000001": stay(line(1)), "p100001": stay(line(1)), "p100002": stay(line(2, 1))}
    a, b = {"p000001": texts["p000001"]}, {k: v for k, v in texts.items() if k[1] == "1"}
    if form == "folder":
        write(tmp_path, a, "training_setA"), write(tmp_path, b)
    elif form == "training":
        write(tmp_path, a, "training/training_setA"), write(tmp_path, b, "training/training_setB")
    elif form == "zip's own":
        write(tmp_path, a, "training"), write(tmp_path, b)
    elif form == "zips":  # as the provider packs them
        for part, folder, texts in (("A", "training", a), ("B", "training_setB", b)):
            members = [(f"{folder}/", ""), *((f"{folder}/{n}.psv", t) for n, t in texts.items())]
            write_zip(tmp_path / f"training_set{part}.zip", members)
    else:
        write(tmp_path, a, "training_setA")
        members = [(f"training_setB/{name}.psv", text) for name, text in b.items()]
        if form == "two":
            write_tar(tmp_path / "training_setB_2.tar.gz", members[1:])
        write_tar(tmp_path / "training_setB.tar.gz", members if form != "two" else members[:1])
    data = load(tmp_path, ("B", "A"))
    assert data.labels.to_dict() == {1: 0, 100001: 0, 100002: 1}
    assert {name: ids.tolist() for name, ids in data.splits["sets"].items()} == {
        "setA": [1],
        "setB": [100001, 100002],
    }
    assert load(tmp_path, "A").labels.index.tolist() == [1]


def test_static_values_that_change_are_counted(tmp_path):
    lines = line(1, Unit1=1, Age=70), line(2, Unit1="NaN", Age=70)
    data = load(write(tmp_path, {"p100001": stay(*lines), "p100002": stay(line(1))}), "B")
    assert data.static.loc[100001, "Unit1"] == 1
    assert "stays whose static values change, the first taken: 1\n" in data.card


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<html>Sign in</html>", r"p100009\.psv does not begin with the header HR\|O2Sat.*<html>"),
        (stay(), r"p100009\.psv holds no line of data"),
        (stay(line(1), line(2) + "|3"), r"p100009\.psv, line 3: 42 values, not 41"),
        (stay(line(1), line(2)[:-3]), r"line 3: 40 values, not 41"),
        (stay(line(1), "", line(2)), r"line 3: 1 values, not 41"),
        (stay(line(1, HR="fast")), r"line 2: HR is 'fast', not a number"),
        (stay(line(1), line(2, pH="")), r"line 3: pH is '', not a number"),
        (stay(line(1, Temp="\xff")), r"line 2: Temp is '.*', not a number"),
        (stay(line(1, HR='"7"')), r"line 2: HR is '\"7\"', not a number"),
        (stay(line(1, HR="inf")), r"line 2: HR is inf"),
        (stay(line(1), line(1)), r"line 3: ICULOS is 1 after 1: hours must grow"),
        (stay(line(1.5)), r"line 2: ICULOS is 1\.5, not a whole number"),
        (stay(line("NaN")), r"line 2: ICULOS is nan, not a whole number"),
        (stay(line(1, 2)), r"line 2: SepsisLabel is 2, not 0 or 1"),
        (stay(line(1, "NaN")), r"line 2: SepsisLabel is nan, not 0 or 1"),
    ],
)
def test_a_damaged_file_is_named_with_its_line(small, text, words):
    path = small / "training_setB" / "p100009.psv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=words + r"(.|\n)*physionet\.org.*CC BY 4\.0"):
        load(small, "B")


def test_absent_parts_say_where_to_get_them(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"is not a folder.*challenge-2019/1\.0\.0"):
        load(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"A\*\.zip, .*A\*\.tar\.gz nor the folder"):
        load(tmp_path)
    (tmp_path / "training_setA").mkdir()
    with pytest.raises(ValueError, match=r"holds no stay of part A \(p0"):
        load(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"Part A is there: part='A' reads it\.$"):
        load(tmp_path, "B")
    with pytest.raises(ValueError, match=r"parts 'A' and 'B'"):
        load(tmp_path, "C")


def test_a_stay_in_two_archives_and_a_cut_archive_are_refused(tmp_path):
    members = [("training_setB/p100001.psv", stay(line(1)))]
    write_tar(tmp_path / "training_setB.tar.gz", members)
    second = write_tar(tmp_path / "training_setB_more.tar.gz", members)
    with pytest.raises(ValueError, match=r"Stay 100001 is there twice: training_setB\.tar\.gz"):
        load(tmp_path, "B")
    second.write_bytes(second.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"cut short"):
        load(tmp_path, "B")
    second.unlink()
    third = write_zip(tmp_path / "training_setB.zip", members)
    with pytest.raises(ValueError, match=r"is there twice: training_setB\..*: .*Keep one"):
        load(tmp_path, "B")
    (tmp_path / "training_setB.tar.gz").unlink()
    write_zip(third, members * 2)
    with pytest.raises(ValueError, match=r"twice: training_setB\.zip: .* and training_setB\.zip"):
        load(tmp_path, "B")
    third.write_bytes(third.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"training_setB\.zip is cut short"):
        load(tmp_path, "B")


def test_protocols_come_with_both_whole_parts_alone(tmp_path, monkeypatch):
    texts = [{f"p{part}{n:05d}": stay(line(3, n % 2)) for n in range(1, 31)} for part in (0, 1)]
    write(tmp_path, texts[0], "training_setA"), write(tmp_path, texts[1])
    assert "neuralcde@1" not in load(tmp_path, ("A", "B")).splits
    monkeypatch.setattr(physionet2019, "_BOTH", 60)
    data = load(tmp_path, ("A", "B"))
    assert {"neuralcde@1", "seft-online@1"} < set(data.splits)
    assert dict.fromkeys(("neuralcde@1", "seft-online@1"), ("A", "B")) == physionet2019.PROTOCOLS
    for name, sizes in {"neuralcde@1": [42, 9, 9], "seft-online@1": [38, 10, 12]}.items():
        split = data.splits[name]
        assert [len(ids) for ids in split.values()] == sizes
        assert sorted(np.concatenate(list(split.values()))) == data.labels.index.tolist()


def test_under_neuralcde_a_stay_is_septic_if_it_is_within_72_hours(tmp_path, monkeypatch):
    # Stay 1 becomes septic in its hour 71, stay 2 in hour 73, which the protocol does not see.
    texts = {"p100001": 71, "p100002": 73} | {f"p1000{n}": 5 + 70 * (n % 2) for n in range(10, 50)}
    stays = {
        name: stay(*(line(hour, int(hour >= came)) for hour in range(1, 75)))
        for name, came in texts.items()
    }
    write(tmp_path, stays), write(tmp_path, {"p000001": stay(line(3, 0))}, "training_setA")
    monkeypatch.setattr(physionet2019, "_BOTH", len(stays) + 1)
    data = ct_s5_datasets.load("physionet2019/neuralcde@1", root=tmp_path)
    assert data.labels[[100001, 100002]].tolist() == [1, 0]
    assert data.frame.ds.max() == pd.Timedelta("72h")
    whole = ct_s5_datasets.load("physionet2019", root=tmp_path, part=("A", "B"))
    assert whole.labels[[100001, 100002]].tolist() == [1, 1]


def test_neuralcde_looks_at_72_hours_and_leaves_out_two_hour_stays():
    stays = [(n, h, 0.0) for n in range(40) for h in (1, 2, 3)]
    stays += [(n, h, 1.0) for n in range(40, 60) for h in (70, 72)]
    stays += [(n, 73, 1.0) for n in range(40)]  # septic too late to count
    stays += [(100, 2, 1.0), (101, 80, 1.0)]
    frame = pd.DataFrame(stays, columns=["unique_id", "ds", "SepsisLabel"])
    frame["ds"] = pd.to_timedelta(frame["ds"], unit="h")
    split = neuralcde_split(frame)
    septic = {part: int((ids >= 40).sum()) for part, ids in split.items()}
    assert septic == {"train": 14, "validation": 3, "test": 3}
    assert sorted(np.concatenate(list(split.values()))) == list(range(60))


@pytest.fixture(scope="module")
def archive(real):
    return real("physionet2019", "training_setB_p100001-p110000.tar.gz")


@pytest.fixture(scope="module")
def half(archive):
    return load(archive.parent, "B")


def test_counts_are_those_of_the_manifest(half):
    assert len(half.frame) == 378_417
    assert half.labels.sum() == 550
    assert half.labels.index.tolist() == list(range(100_001, 110_001))
    lengths = half.frame.groupby("unique_id").size()
    assert (lengths.min(), lengths.max(), len(lengths)) == (8, 336, 10_000)
    assert not half.frame.duplicated(["unique_id", "ds"]).any()
    ordered = half.frame.sort_values(["unique_id", "ds"], kind="stable")
    assert ordered.index.equals(half.frame.index)
    assert "stays whose static values change, the first taken: 0\n" in half.card
    assert set(half.splits["sets"]) == {"setB"}


def test_the_half_zipped_is_the_half(half, archive, tmp_path):
    with tarfile.open(archive) as packed:
        files = [member for member in packed if member.isreg()]
        texts = [(f"training_setB/{m.name[-11:]}", packed.extractfile(m).read()) for m in files]
    write_zip(tmp_path / "training_setB.zip", texts)
    zipped = load(tmp_path, "B")
    pd.testing.assert_frame_equal(zipped.frame, half.frame)
    pd.testing.assert_frame_equal(zipped.static, half.static)


def test_ten_stays_agree_with_a_slow_reading(half, archive):
    chosen = set(np.random.default_rng(0).choice(half.labels.index, 10, replace=False).tolist())
    with tarfile.open(archive) as packed:
        for member in packed:
            unique_id = int(member.name[-10:-4])
            if unique_id not in chosen:
                continue
            lines = packed.extractfile(member).read().decode().split("\n")
            names = lines[0].split("|")
            mine = half.frame[half.frame["unique_id"] == unique_id]
            assert len(mine) == len(lines) - 2
            for text, row in zip(lines[1:-1], mine.to_dict("records"), strict=True):
                cells = dict(zip(names, map(float, text.split("|")), strict=True))
                assert row["ds"] == pd.Timedelta(hours=cells.pop("ICULOS"))
                kept = half.static.loc[unique_id].to_dict()
                for name, cell in cells.items():
                    value = row[name] if name in row else kept[name]
                    assert value == cell or (np.isnan(value) and np.isnan(cell))


def test_seft_online_is_the_published_list(half):
    # Of the two sets only ranks within a class matter to the draw: A and the second half of B
    # are stand-ins with the published counts of septic stays, 1790 and 1142.
    a = np.zeros(20_336, dtype=int)
    a[:1790] = 1
    rest = np.zeros(10_000, dtype=int)
    rest[: 1142 - 550] = 1
    ids = np.concatenate([np.arange(1, 20_337), np.arange(100_001, 120_001)])
    labels = pd.Series(np.concatenate([a, half.labels.to_numpy(), rest]), index=ids)
    split = seft_online_split(labels)
    assert sum(map(len, split.values())) == 40_333
    assert len(split["test"]) + len(split["validation"]) == pytest.approx(8066 + 6454, abs=3)
    # The first of B's first half in their test list, and the last of it in their validation list.
    test = [101355, 109904, 104126, 106163, 108362, 109413, 109094, 107102, 102012, 105835, 102566]
    test += [101380, 103437, 104875, 109118, 103165, 102096, 107426, 104757, 104065, 104373, 101798]
    validation = [100999, 100887, 100355, 105425, 102595, 108074, 100610, 105192, 102582, 101785]
    assert set(test) <= set(split["test"])
    assert set(validation) <= set(split["validation"])

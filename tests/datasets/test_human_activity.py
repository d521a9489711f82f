"""UCI 196: recordings made here in the official layout, windows and splits against slow ones."""

import gzip
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

import ct_s5_datasets
from ct_s5_datasets._human_activity import ACTIVITIES, PROTOCOLS, load

TAGS = {
    "010-000-024-033": "ankle_left",
    "010-000-030-096": "ankle_right",
    "020-000-033-111": "chest",
    "020-000-032-221": "belt",
}
SEQUENCES = [f"{person}0{number}" for person in "ABCDE" for number in range(1, 6)]
DATE = "27.05.2009 14:03:25:127"
FIRST = f"A01,010-000-024-033,633790226051280329,{DATE},4.0,1.5,0.5,walking"


@pytest.fixture(scope="module")
def written():
    """(sequence, tag, ticks, x, y, z, activity) of 25 sequences, about 11 lines a second each."""
    random = np.random.default_rng(0)
    rows = []
    start = 633790226051280329
    for name in SEQUENCES:
        ticks = start
        for _ in range(150):
            ticks += int(random.choice([270_000, 1_010_000, 1_260_000, 90_000]))
            tag = list(TAGS)[random.integers(4)]
            where = [round(float(value), 6) for value in random.normal(size=3)]
            rows.append((name, tag, ticks, *where, ACTIVITIES[random.integers(11)]))
        start = ticks + 10**10
    return rows


@pytest.fixture(scope="module")
def root(written, tmp_path_factory):
    folder = tmp_path_factory.mktemp("activity")
    lines = [
        f"{name},{tag},{ticks},{DATE},{x},{y},{z},{activity}"
        for name, tag, ticks, x, y, z, activity in written
    ]
    (folder / "ConfLongDemo_JSI.txt").write_text("\r\n".join(lines) + "\r\n", newline="")
    return folder


def slow_rows(written, unit):
    """{sequence: {time: [sums and counts by tag, lowest class]}} with times as whole units."""
    merged = [0, 1, 2, 2, 3, 3, 4, 5, 6, 4, 4]
    found, start = {}, {}
    for name, tag, ticks, x, y, z, activity in written:
        start.setdefault(name, float(ticks))
        time = round((float(ticks) - start[name]) / unit)
        cell = found.setdefault(name, {}).setdefault(time, {"activity": 9})
        cell.setdefault(TAGS[tag], []).append((x, y, z))
        cell["activity"] = min(cell["activity"], merged[ACTIVITIES.index(activity)])
    return found


def same_row(row, cell):
    for tag in TAGS.values():
        mine = [row[f"{tag}_{axis}"] for axis in "xyz"]
        if tag in cell:
            assert mine == pytest.approx(np.mean(cell[tag], axis=0))
        else:
            assert np.isnan(mine).all()


def under(root, protocol):
    """The part that a protocol is defined on, with its split alone."""
    data = load(root, part=PROTOCOLS[protocol])
    return replace(data, splits={protocol: data.splits[protocol]})


def test_sequences_keep_every_reading_at_its_own_time(root, written):
    data = load(root)
    assert data.frame["unique_id"].unique().tolist() == SEQUENCES
    assert len(data.frame) == len(written)
    assert data.labels is None
    assert {*data.frame, *data.static} == set(data.schema)
    assert data.static["Person"].astype(str).tolist() == [name[0] for name in SEQUENCES]
    first = {}
    for row, (name, tag, ticks, x, y, z, activity) in zip(
        data.frame.to_dict("records"), written, strict=True
    ):
        since = ticks - first.setdefault(name, ticks)
        assert row["ds"] == pd.Timedelta(since * 100, "ns")
        assert [row[f"{TAGS[tag]}_{axis}"] for axis in "xyz"] == [x, y, z]
        assert row["activity"] == ACTIVITIES.index(activity)
        assert sum(not np.isnan(row[f"{place}_x"]) for place in TAGS.values()) == 1
    assert [*data.splits] == [f"seeded-{seed}" for seed in range(5)]


def test_windows_of_fifty_rows_are_those_of_a_slow_cut(root, written):
    data = load(root, part="classification")
    expected = {}
    for name, rows in slow_rows(written, 10**5).items():
        times, offset, number = list(rows), 0, 0
        while offset + 50 < len(times):
            window = times[offset : offset + 50]
            expected[f"{name}-{number:04d}"] = [(t - window[0], rows[t]) for t in window]
            offset, number = offset + 25, number + 1
    assert data.frame["unique_id"].unique().tolist() == list(expected)
    for name, mine in data.frame.groupby("unique_id"):
        for row, (time, cell) in zip(mine.to_dict("records"), expected[name], strict=True):
            assert row["ds"] == pd.Timedelta(10 * time, "ms")
            assert row["activity"] == cell["activity"]
            same_row(row, cell)


def test_windows_of_four_seconds_are_those_of_a_slow_cut(root, written):
    data = load(root, part="forecast")
    assert "activity" not in data.frame
    assert {*data.frame, *data.static} == set(data.schema)
    expected = {}
    for name, rows in slow_rows(written, 10**4).items():
        last = max(rows)
        for begin in range(0, last - 3000, 1000):
            end = begin + 4000
            inside = [t for t in rows if begin <= t < end or (t == end and end >= last)]
            expected[f"{name}-{begin // 1000:04d}"] = [(t - begin, rows[t]) for t in inside]
    assert data.frame["unique_id"].unique().tolist() == list(expected)
    for name, mine in data.frame.groupby("unique_id"):
        for row, (time, cell) in zip(mine.to_dict("records"), expected[name], strict=True):
            assert row["ds"] == pd.Timedelta(time, "ms")
            same_row(row, cell)


def test_published_splits_are_drawn_in_the_order_of_the_file(root):
    windows = load(root, part="classification").frame["unique_id"].unique().tolist()
    seen, test = train_test_split(windows, train_size=0.8, random_state=42)
    train, validation = train_test_split(seen, train_size=0.8, random_state=11)
    latent = under(root, "latent-ode@1").splits["latent-ode@1"]
    assert {part: ids.tolist() for part, ids in latent.items()} == {
        "train": sorted(seen),
        "test": sorted(test),
    }
    mtan = under(root, "mtan@1").splits["mtan@1"]
    assert {part: ids.tolist() for part, ids in mtan.items()} == {
        "train": sorted(train),
        "validation": sorted(validation),
        "test": sorted(test),
    }
    split = under(root, "tpatchgnn@1").splits["tpatchgnn@1"]
    seen, test = train_test_split(SEQUENCES, train_size=0.8, random_state=42)
    for part, wanted in {"train": seen[:15], "validation": seen[15:], "test": test}.items():
        assert {name[:3] for name in split[part]} == set(wanted)


@pytest.mark.parametrize("name", ["latent-ode", "mtan", "tpatchgnn"])
def test_the_published_splits_leak_and_their_twins_do_not(root, name):
    for twin, leaks in {f"{name}@1": True, f"{name}-leakfree@1": False}.items():
        data = under(root, twin)
        together = np.concatenate(list(data.splits[twin].values()))
        assert sorted(together) == data.frame["unique_id"].unique().tolist()
        found = ct_s5_datasets.check(data, groups=data.static["Person"])
        assert bool(found) == leaks, found


def test_lines_of_one_time_are_merged_and_late_ones_put_in_order(tmp_path):
    later = FIRST.replace("1280329", "1480329").replace("walking", "lying")
    twice = later.replace("4.0,1.5,0.5,lying", "6.0,2.5,1.5,falling")
    other = FIRST.replace("010-000-024-033", "020-000-032-221")
    path = tmp_path / "ConfLongDemo_JSI.txt.gz"
    path.write_bytes(gzip.compress("\n".join([FIRST, later, twice, other]).encode()))
    data = load(tmp_path)
    assert (data.frame["ds"] / pd.Timedelta(milliseconds=1)).tolist() == [0, 20]
    assert data.frame["ankle_left_x"].tolist() == [4, 5]
    assert data.frame["belt_y"].fillna(-1).tolist() == [1.5, -1]
    assert data.frame["activity"].tolist() == [0, 1]
    assert "put in order: 1\n" in data.card
    assert "averaged: 1\n" in data.card
    assert "lowest number taken: 1\n" in data.card
    short = load(tmp_path, part="forecast")
    assert short.frame.empty
    assert "tpatchgnn@1" not in short.splits


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<html>Sign in</html>", "HTML page"),
        ("", "holds no line of data"),
        (f"{FIRST}\n{FIRST},1\n", "line 2: 9 values, not 8"),
        (FIRST.replace("A01", "01"), "line 1: sequence is '01'"),
        (FIRST.replace("024-033", "024-034"), "line 1: tag is '010-000-024-034', none of the four"),
        (FIRST.replace("633790226051280329", "now"), "line 1: timestamp is 'now'"),
        (FIRST.replace("1.5", "nan"), "line 1: y is 'nan', no finite number"),
        (FIRST.replace("0.5", "inf"), "line 1: z is 'inf', no finite number"),
        (FIRST.replace("walking", "flying"), "line 1: activity is 'flying', unknown"),
        (f"{FIRST}\nB{FIRST[1:]}\n{FIRST}\n", "line 3: sequence A01 comes back after another"),
    ],
)
def test_a_damaged_file_is_named_with_its_line(tmp_path, text, words):
    (tmp_path / "ConfLongDemo_JSI.txt").write_text(text)
    with pytest.raises(ValueError, match=words + r".*archive\.ics\.uci\.edu/dataset/196"):
        load(tmp_path)


def test_what_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"ConfLongDemo_JSI\.txt\.gz is in .*CC BY 4\.0"):
        load(tmp_path)
    with pytest.raises(ValueError, match="parts sequences, classification, forecast"):
        load(tmp_path, part="windows")

"""Parsed sets on disk: the same as parsed ones, never stale, never half-written."""

import multiprocessing
import os
import pathlib

import numpy as np
import pandas as pd
import pytest
from official_layout import record, write_set

import ct_s5_datasets
from ct_s5_datasets import Dataset, _cache, _physionet2012, load

TEXTS = {5: record(5, "01:30,HR,80"), 7: record(7, "02:00,HR,70", "02:00,HR,80"), 9: record(9)}


@pytest.fixture
def parses(tmp_path, monkeypatch):
    """An empty cache, and a list that grows with every parsing."""
    monkeypatch.setenv("CT_S5_CACHE", str(tmp_path / "cache"))
    seen, original = [], _physionet2012.load

    def counted(*arguments, **keywords):
        seen.append(arguments)
        return original(*arguments, **keywords)

    monkeypatch.setattr(_physionet2012, "load", counted)
    return seen


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "raw"
    folder.mkdir()
    write_set(folder, TEXTS, deaths={5: 0, 7: 1, 9: 0})
    return folder


def same(one, other):
    pd.testing.assert_frame_equal(one.frame, other.frame)
    pd.testing.assert_series_equal(one.labels, other.labels)
    pd.testing.assert_frame_equal(one.static, other.static)
    assert (one.schema, one.card) == (other.schema, other.card)
    assert one.splits.keys() == other.splits.keys()
    for name, split in one.splits.items():
        for part, ids in split.items():
            np.testing.assert_array_equal(ids, other.splits[name][part])
            assert ids.dtype == other.splits[name][part].dtype or not len(ids)


def test_the_second_load_parses_nothing_and_gives_the_same(root, parses):
    first, second = load("physionet2012", root=root), load("physionet2012", root=root)
    assert len(parses) == 1
    same(first, second)
    same(second, _physionet2012.load(root))


@pytest.mark.parametrize("dtype", ["datetime64[s]", "datetime64[ns, UTC]", "timedelta64[ms]"])
def test_times_come_back_in_their_own_unit(tmp_path, dtype):
    times = pd.Series(np.arange(3) * 1_000_000_000).astype(
        dtype.split(",")[0].split("[")[0] + "[ns]"
    )
    times = times.dt.tz_localize("UTC") if "UTC" in dtype else times
    frame = pd.DataFrame({"unique_id": ["a", "a", "b"], "ds": times.astype(dtype), "x": 1.0})
    _cache._write(Dataset(frame, None, None, {}, {}, "# card"), tmp_path / "set")
    pd.testing.assert_frame_equal(_cache._read(tmp_path / "set").frame, frame)


@pytest.mark.parametrize("change", ["a file", "a file more", "the parser", "the part"])
def test_whatever_a_set_follows_from_is_looked_at(root, parses, monkeypatch, change):
    load("physionet2012", root=root)
    part = None
    if change == "a file":
        write_set(root, TEXTS | {5: record(5, "01:30,HR,81")}, deaths={5: 0, 7: 1, 9: 0})
    elif change == "a file more":
        (root / "notes.txt").write_text("mine")
    elif change == "the parser":
        monkeypatch.setattr(_cache, "_FORMAT", _cache._FORMAT + 1)
    else:
        write_set(root, {11: record(11)}, part="b")
        part = "b"
    load("physionet2012", root=root, part=part)
    assert len(parses) == 2


def test_a_file_edited_and_edited_back_is_found_again(root, parses):
    original = (root / "Outcomes-a.txt").read_bytes()
    load("physionet2012", root=root)
    (root / "Outcomes-a.txt").write_bytes(original.replace(b"7,6,1,5,-1,1", b"7,6,1,5,-1,0"))
    assert load("physionet2012", root=root).labels[7] == 0
    (root / "Outcomes-a.txt").write_bytes(original)
    assert load("physionet2012", root=root).labels[7] == 1
    assert len(parses) == 2


def test_without_pyarrow_sets_are_parsed_each_time(root, parses, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    load("physionet2012", root=root)
    load("physionet2012", root=root)
    assert len(parses) == 2
    assert not _cache.user_folder().exists()


def test_a_write_that_fails_leaves_nothing(root, parses, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    with pytest.raises(OSError, match=r"could not be kept in .*No space left.*CT_S5_CACHE"):
        load("physionet2012", root=root)
    assert list((_cache.user_folder() / "parsed").iterdir()) == []


def test_a_damaged_cache_folder_is_replaced(root, parses):
    load("physionet2012", root=root)
    (kept,) = (_cache.user_folder() / "parsed").iterdir()
    (kept / "set.json").unlink()
    load("physionet2012", root=root)
    load("physionet2012", root=root)
    assert len(parses) == 2


@pytest.mark.parametrize("how", ["cut", "altered"])
def test_a_damaged_table_is_read_anew(root, parses, how):
    frame = load("physionet2012", root=root).frame
    (kept,) = (_cache.user_folder() / "parsed").iterdir()
    table = kept / "frame.parquet"
    content = bytearray(table.read_bytes())
    content[len(content) // 2] ^= 1
    table.write_bytes(content[:-10] if how == "cut" else content)
    pd.testing.assert_frame_equal(load("physionet2012", root=root).frame, frame)
    load("physionet2012", root=root)
    assert len(parses) == 2
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def _load_elsewhere(cache, root, results):
    os.environ["CT_S5_CACHE"] = cache
    results.put(len(ct_s5_datasets.load("physionet2012", root=root).frame))


def test_two_processes_may_load_at_once(root, tmp_path):
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    cache = str(tmp_path / "both")
    workers = [
        context.Process(target=_load_elsewhere, args=(cache, root, results)) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    found = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    assert found[0] == found[1] > 0
    (kept,) = (pathlib.Path(cache) / "parsed").iterdir()
    assert (kept / "set.json").is_file()


@pytest.mark.parametrize(
    ("system", "environment", "folder"),
    [
        ("linux", {"XDG_CACHE_HOME": "/c"}, "/c/ct_s5"),
        ("win32", {"LOCALAPPDATA": "/l"}, "/l/ct_s5"),
        ("linux", {"CT_S5_CACHE": "/named"}, "/named"),
    ],
)
def test_the_cache_lies_where_the_system_keeps_such_things(
    monkeypatch, system, environment, folder
):
    monkeypatch.delenv("CT_S5_CACHE", raising=False)
    monkeypatch.setattr("sys.platform", system)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert _cache.user_folder() == pathlib.Path(folder)

"""Finished runs on disk."""

import pytest

from ct_s5.lab._store import RunStore, run_key

HERE = {"commit": "b", "machine": {"device": "cpu", "cores": 2}, "versions": {"jax": "1"}}


def test_what_was_put_is_found_by_another_process(tmp_path):
    path = tmp_path / "new" / "runs.jsonl"
    RunStore(path, HERE).put("a", [{"accuracy": 0.5}])
    RunStore(path, HERE).put("b", [{"accuracy": 0.25}, {"accuracy": None}])
    again = RunStore(path, HERE)
    assert again.get("a") == [{"accuracy": 0.5}]
    assert again.get("b") == [{"accuracy": 0.25}, {"accuracy": None}]
    assert again.get("c") is None


@pytest.mark.parametrize("cut", [1, 2, 10, 30])
def test_a_line_torn_by_a_kill_costs_that_run_alone(tmp_path, cut):
    path = tmp_path / "runs.jsonl"
    RunStore(path, HERE).put("a", [{"accuracy": 0.5}])
    RunStore(path, HERE).put("b", [{"accuracy": 0.25}])
    path.write_bytes(path.read_bytes()[:-cut])
    store = RunStore(path, HERE)
    assert store.get("a") == [{"accuracy": 0.5}]
    assert store.get("b") == ([{"accuracy": 0.25}] if cut == 1 else None)
    store.put("c", [{"accuracy": 1.0}])
    assert RunStore(path, HERE).get("a") == [{"accuracy": 0.5}]
    assert RunStore(path, HERE).get("c") == [{"accuracy": 1.0}]


def test_what_was_made_elsewhere_says_in_what(tmp_path):
    path = tmp_path / "runs.jsonl"
    before = HERE | {"commit": "a", "machine": HERE["machine"] | {"cores": 1}}
    RunStore(path, before).put("old", [{"accuracy": 0.5}])
    RunStore(path, HERE).put("new", [{"accuracy": 0.25}])
    with open(path, "a") as file:  # as files were before they said where
        file.write('{"key": "oldest", "records": [{"accuracy": 1.0}, {"accuracy": 0.0}]}\n')
    store = RunStore(path, HERE)
    there = {"commit": "a", "machine": {"device": "cpu", "cores": 1}}
    assert store.get("old") == [{"accuracy": 0.5, "made": there}]
    assert store.get("new") == [{"accuracy": 0.25}]
    assert store.get("oldest") == [{"accuracy": 1.0, "made": None}, {"accuracy": 0.0, "made": None}]
    assert RunStore(path, before).get("old") == [{"accuracy": 0.5}]


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "runs.jsonl"
    path.write_text('{"key": "a", "records": []}\n{"accuracy": 0.5}\n')
    with pytest.raises(ValueError, match="line 2, is no run of a comparison"):
        RunStore(path, HERE)


def test_without_a_path_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = RunStore(None, HERE)
    store.put("a", [{}])
    assert store.get("a") == [{}]
    assert not list(tmp_path.iterdir())


def test_a_key_is_that_of_everything_that_fixes_a_run():
    one = run_key(seed=0, keywords={"width": 8, "depth": 2})
    assert one == run_key(keywords={"depth": 2, "width": 8}, seed=0)
    assert one != run_key(seed=1, keywords={"width": 8, "depth": 2})

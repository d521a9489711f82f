"""Every table in an experiment's README is the one its results files give."""

import importlib
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[1]
TABLES = sorted(p.parent.name for p in (ROOT / "experiments").glob("*/table.py"))


@pytest.mark.parametrize("question", TABLES)
def test_the_table_is_that_of_the_results(question, monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    assert importlib.import_module(f"experiments.{question}.table").write(check=True)


def test_a_run_that_stopped_goes_on_with_the_next_seed(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    record = importlib.import_module("experiments.record").record
    seen = []

    def run(seed):
        if seed == 2 and 2 not in seen:
            seen.append(seed)
            raise KeyboardInterrupt
        seen.append(seed)
        return {"score": seed}

    told = ({"width": 8}, {"name": "p", "hash": "h"}, range(4), tmp_path / "r.json")
    with pytest.raises(KeyboardInterrupt):
        record(run, *told)
    results = record(run, *told)
    assert seen == [0, 1, 2, 2, 3]
    assert [entry["score"] for entry in results["seeds"]] == [0, 1, 2, 3]
    assert {"settings", "protocol", "versions", "commit", "machine"} <= set(results)
    with pytest.raises(ValueError, match="was made with other settings"):
        record(run, {"width": 9}, *told[1:])

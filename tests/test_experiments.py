"""Every table in an experiment's README is the one its results files give."""

import importlib
import pathlib

import numpy as np
import pandas as pd
import pytest

from ct_s5.lab import provenance
from experiments.physionet2012 import bagged

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
    here = provenance()
    later = here | {"commit": "another"}
    monkeypatch.setattr("experiments.record.provenance", lambda: later)
    results = record(run, *told)
    assert results["commit"] == here["commit"]
    assert [e.get("made") for e in results["seeds"]] == [None, None, *2 * [{"commit": "another"}]]
    assert seen == [0, 1, 2, 2, 3]
    assert [entry["score"] for entry in results["seeds"]] == [0, 1, 2, 3]
    assert {"settings", "protocol", "versions", "commit", "machine"} <= set(results)
    with pytest.raises(ValueError, match="was made with other settings"):
        record(run, {"width": 9}, *told[1:])


def test_ten_networks_are_each_stopped_by_another_tenth():
    known = np.arange(100, 3300)
    parts = [bagged._tenths(known, number) for number in range(10)]
    assert sorted(np.concatenate([held_out for _, held_out in parts])) == known.tolist()
    for learned, held_out in parts:
        assert len(held_out) == 320
        assert sorted(np.concatenate([learned, held_out])) == known.tolist()


def test_networks_together_are_scored_by_their_mean_and_paired_by_stay():
    rng = np.random.default_rng(0)
    died = pd.Series(rng.integers(0, 2, 400), np.arange(400))
    good = pd.DataFrame({k: died + rng.normal(0, 1, 400) for k in "ab"}).iloc[::-1]
    chance = pd.DataFrame({k: rng.normal(0, 1, 400) for k in "ab"})
    scores = bagged._scores(chance, good, {"test": died})["test"]
    order = chance.mean(axis=1).rank()
    n = int(died.sum())
    by_ranks = (order[died == 1].sum() - n * (n + 1) / 2) / (n * (400 - n))  # Mann and Whitney
    assert scores["auroc"] == pytest.approx(by_ranks)
    assert scores["first_ahead"][0] > 0.2
    same = bagged._scores(good, good, {"test": died})["test"]
    assert same["first_ahead"] == [0.0, 0.0]
    assert same["auroc"] > max(same["auroc_of_one"])

"""Several runs at a time: the same runs, in the same order, with what they say."""

import pickle

import numpy as np
import pandas as pd
import pytest

from ct_s5.lab import MODELS, compare
from ct_s5.lab._jobs import executor, quietly
from ct_s5.lab._learners import Learners
from ct_s5.lab._request import Run

TINY = {"max_epochs": 1, "width": 4, "states": 4, "depth": 1}


def _oscillators(n=24):
    rng = np.random.default_rng(0)
    times = [np.sort(rng.uniform(0, 10, 6)) for _ in range(n)]
    frame = pd.concat(
        pd.DataFrame({"unique_id": f"o{k:02}", "ds": t, "x": np.sin(t * (1 + k % 2))})
        for k, t in enumerate(times)
    )
    return frame, pd.Series([k % 2 for k in range(n)], [f"o{k:02}" for k in range(n)])


def _without_clock(records):
    told = ("seconds", "seconds_per_step", "memory_mb", "n_compilations")
    return [{name: r[name] for name in r if name not in told} for r in records]


@pytest.mark.slow
def test_two_at_a_time_find_what_one_after_the_other_finds(tmp_path):
    data, asked = _oscillators(), {"treatments": ["true", "resample-last"], "seeds": 2}
    asked |= {"corruptions": ["drop=0.5"], "models": ["s5", "summary"]} | TINY
    one = compare(*data, **asked)
    two = compare(*data, **asked, jobs=2, store=tmp_path / "runs.jsonl")
    assert two.protocol == one.protocol
    assert len((tmp_path / "runs.jsonl").read_text().splitlines()) == 8
    for a, b in zip(_without_clock(one.records), _without_clock(two.records), strict=True):
        assert a.keys() == b.keys()
        assert [a[k] for k in ("model", "treatment", "seed", "corruption", "units")] == [
            b[k] for k in ("model", "treatment", "seed", "corruption", "units")
        ]
        np.testing.assert_allclose(a["accuracy"], b["accuracy"], atol=0.2)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_can_be_sent_to_a_process(name):
    keywords = TINY | {"per": "series", "id_col": "unique_id", "time_col": "ds"}
    model = Learners((name,), "classify", keywords).make(Run(0, "true", None, name, (None,)))
    assert type(pickle.loads(pickle.dumps(model))) is type(model)


def test_what_a_run_says_in_its_own_process_comes_back():
    with executor(2) as pool:
        out, spoken = pool.submit(quietly, np.float64, 3).result()
        assert (out, spoken) == (3.0, [])
        [(message, category, _, _)] = pool.submit(quietly, np.log, 0.0).result()[1]
    assert category is RuntimeWarning
    assert "divide by zero" in str(message)


@pytest.mark.parametrize("jobs", [0, 1.5, "2"])
def test_jobs_are_a_whole_number_of_at_least_1(jobs):
    with pytest.raises(ValueError, match="jobs is how many runs at a time"):
        compare(*_oscillators(), jobs=jobs)

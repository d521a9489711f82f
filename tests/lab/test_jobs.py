"""Several runs at a time: the same runs, in the same order, with what they say."""

import concurrent.futures
import os
import pickle
import time

import jax
import numpy as np
import pandas as pd
import pytest

from ct_s5.lab import MODELS, compare
from ct_s5.lab._jobs import _first_done, each_done
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
    data, asked = _oscillators(), {"treatments": ["true"], "seeds": 2}
    asked |= {"corruptions": ["drop=0.5"], "models": ["s5", "summary"]} | TINY
    one = compare(*data, **asked)
    two = compare(*data, **asked, jobs=2, store=tmp_path / "runs.jsonl")
    assert two.protocol == one.protocol
    assert len((tmp_path / "runs.jsonl").read_text().splitlines()) == 4
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
    with pytest.warns(RuntimeWarning, match="divide by zero") as spoken:
        found = dict(each_done([("zero", (0.0,)), ("one", (1.0,))], np.log, 2))
    assert found == {"zero": -np.inf, "one": 0.0}
    assert len(spoken) == 1


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_call_is_taken_when_there_is_a_place_for_it(jobs):
    taken = []

    def calls():
        for n in range(4):
            taken.append(n)
            yield n, (0,)

    for done, _ in enumerate(each_done(calls(), time.sleep, jobs)):
        assert len(taken) <= done + jobs
    assert len(taken) == 4


@pytest.mark.parametrize("own", [None, "own"])
def test_the_processes_share_what_they_compile(own, tmp_path, monkeypatch):
    name = "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"
    monkeypatch.delenv(name, raising=False) if own is None else monkeypatch.setenv(name, "0")
    before = jax.config.jax_compilation_cache_dir  # pyright: ignore
    jax.config.update("jax_compilation_cache_dir", own and str(tmp_path))
    power = "__import__('jax').jit(lambda x: x**3)(2.0)"
    place = "__import__('jax').config.jax_compilation_cache_dir"
    asked = f"({power}, {place}, __import__('os').listdir({place}))"
    found = [told for _, told in each_done([(n, (asked,)) for n in range(4)], eval, 2)]
    jax.config.update("jax_compilation_cache_dir", before)
    (place,) = {place for _, place, _ in found}
    (kept,) = {name for _, _, names in found for name in names if name.endswith("-cache")}
    assert kept.startswith("jit__lambda")
    if own is None:
        assert not os.path.exists(place)  # the end of it
    else:
        assert place == str(tmp_path)


def test_the_processes_reckon_in_the_precision_of_the_caller(precision):
    told = "str(__import__('jax').numpy.result_type(float))"
    assert dict(each_done([("here", (told,))], eval, 2)) == {"here": precision}


def test_closed_the_processes_end_at_once():
    done = each_done([("short", (0,)), ("long", (3600,))], time.sleep, 2)
    assert next(done) == ("short", None)
    done.close()  # would wait for an hour


def test_a_process_that_is_ended_from_outside_is_told_in_plain_words():
    with pytest.raises(ChildProcessError, match="mostly because memory ran out"):
        list(each_done([("a", (1,))], os._exit, 2))


def test_what_is_done_is_kept_whatever_fails_beside_it():
    under_way = {concurrent.futures.Future(): tag for tag in ("fails", "done", "under way")}
    fails, done, _ = under_way
    fails.set_exception(ValueError("no such thing"))
    done.set_result((3, []))
    found = _first_done(under_way)
    assert next(found) == ("done", 3)
    with pytest.raises(ValueError, match="no such thing"):
        next(found)


@pytest.mark.parametrize("jobs", [0, 1.5, "2"])
def test_jobs_are_a_whole_number_of_at_least_1(jobs):
    with pytest.raises(ValueError, match="jobs is how many runs at a time"):
        compare(*_oscillators(), jobs=jobs)

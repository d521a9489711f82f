"""Which runs a comparison makes: corruptions, groups, budgets, what is finished already."""

import json

import jax
import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from ct_s5.lab import TREATMENTS, Comparison, _tabular, compare, demo_data
from ct_s5.lab import _compare as module
from ct_s5.lab._page import page
from ct_s5.lab._run import Part, _classified

pytestmark = pytest.mark.filterwarnings("ignore:something to know")
ONE = {"treatments": ["true"], "seeds": 1}


@pytest.fixture(scope="module")
def oscillators():
    return demo_data(24)


def fits(recorder):
    return [given for given in recorder.given if given[0] != "test"]


def judged(recorder):
    return [given[1] for given in recorder.given if given[0] == "test"]


def test_corrupted_at_the_test_a_model_is_trained_once(oscillators, recorder):
    found = compare(*oscillators, corruptions=["drop=0,0.3,0.6", "rate=2"], **ONE)
    assert len(fits(recorder)) == 1
    lengths = [len(frame) for frame in judged(recorder)]
    assert len(lengths) == 4
    assert lengths[0] > lengths[1] > lengths[2]
    assert lengths[3] == pytest.approx(lengths[0] / 2, abs=10)
    assert [r["corruption"] for r in found.records] == [
        None,
        {"kind": "drop", "rate": 0.3},
        {"kind": "drop", "rate": 0.6},
        {"kind": "rate", "rate": 2.0},
    ]


def test_gaps_as_a_channel_are_told_in_one_unit_however_many_readings_are_lost(
    oscillators, recorder
):
    compare(*oscillators, corruptions=["rate=2"], treatments=["appended"], seeds=1)
    whole, some = (part.set_index(["unique_id", "ds"])["gap"] for part in judged(recorder))
    kept = some[some.index.get_level_values("ds") > 0]
    owner, place = kept.index.get_level_values(0), 2 * kept.index.get_level_values(1)
    told = [whole[list(zip(owner, place - back, strict=True))].to_numpy() for back in (0, 1)]
    np.testing.assert_allclose(kept, told[0] + told[1], rtol=1e-6)


@pytest.mark.parametrize("where", ["train", "both"])
def test_corrupted_in_training_each_rate_is_a_training(oscillators, recorder, where):
    found = compare(*oscillators, corruptions=["drop=0.5"], corrupt_at=where, **ONE)
    assert [r["corruption"] for r in found.records] == [None, {"kind": "drop", "rate": 0.5}]
    (_, whole, _, _, (told, _, _)), (_, some, _, _, (told_some, _, _)) = fits(recorder)
    assert len(some) < 0.7 * len(whole)
    assert len(told_some) < 0.7 * len(told)
    first, second = judged(recorder)
    assert (len(second) < 0.7 * len(first)) == (where == "both")


def test_what_is_finished_is_not_done_again(oscillators, recorder, tmp_path):
    store = {"store": tmp_path / "runs.jsonl"}
    first = compare(*oscillators, treatments=["true", "equal"], seeds=2, **store)
    assert len(fits(recorder)) == 4
    again = compare(*oscillators, treatments=["true", "equal"], seeds=2, **store)
    assert len(fits(recorder)) == 4
    assert again.records == first.records
    compare(*oscillators, treatments=["true", "equal"], seeds=3, **store)
    assert len(fits(recorder)) == 6
    # Whatever would change a run is another run.
    compare(*oscillators, treatments=["true"], seeds=1, width=8, **store)
    assert len(fits(recorder)) == 7
    frame, labels = oscillators
    compare(frame.assign(position=frame["position"] + 1), labels, **ONE, **store)
    assert len(fits(recorder)) == 8
    static = pd.DataFrame({"age": np.arange(24.0)}, index=labels.index)
    for n, told in enumerate([static, static, static + 1, static.astype(str)]):
        compare(frame, labels, static=told, **ONE, **store)
        assert len(fits(recorder)) == 9 + max(n - 1, 0)


def test_runs_that_were_made_elsewhere_say_so(oscillators, recorder, tmp_path, monkeypatch):
    path = tmp_path / "runs.jsonl"
    asked = {"treatments": ["true"], "store": path}
    before = {
        "versions": {"ct-s5": "0.1.0", "jax": "0.10.0"},
        "commit": "a" * 40,
        "machine": {"device": "H200", "cores": 16},
    }
    now = before | {"commit": None, "machine": {"device": "cpu", "cores": 16}}
    monkeypatch.setattr(module, "provenance", lambda: before)
    assert compare(*oscillators, seeds=1, **asked).notes[1:] == []  # but that there is one seed
    line = json.loads(path.read_text())
    del line["made"]  # as a store was before it said where
    path.write_text(json.dumps(line) + "\n")
    compare(*oscillators, seeds=3, **asked)
    monkeypatch.setattr(module, "provenance", lambda: now)
    found = compare(*oscillators, seeds=4, **asked)
    assert len(fits(recorder)) == 4  # a commit throws nothing away
    there = {"commit": "a" * 40, "machine": before["machine"]}
    assert [r.get("made", "here") for r in found.records] == [None, there, there, "here"]
    assert found.notes == [
        "1 of 4 runs was kept by a ct-s5 that noted no commit, machine or versions: the origin is "
        "unknown.",
        "2 of 4 runs were made elsewhere, and kept: commit " + "a" * 40 + " in place of none, "
        "device H200 in place of cpu.",
    ]
    assert all(note in str(found) and note in page(found) for note in found.notes)
    written = found.to_json(tmp_path / "results.json")
    assert json.loads(written.read_text())["notes"] == found.notes
    assert Comparison.from_json(written).notes == found.notes


def test_the_same_in_double_precision_are_other_runs(oscillators, recorder, tmp_path):
    for double in (False, True, False, True):
        with jax.enable_x64(double):
            compare(*oscillators, store=tmp_path / "runs.jsonl", **ONE)
    assert len(fits(recorder)) == 2


def test_what_two_rows_of_one_time_get_makes_other_runs_of_every_model(oscillators, tmp_path):
    frame, labels = oscillators
    twice = pd.concat([frame, frame.assign(position=frame["position"] + 1)])
    store = tmp_path / "runs.jsonl"
    for n, rule in enumerate(["mean", "mean", "last"]):
        keywords = {"models": ["last-value"], "duplicates": rule, "sort": True}
        compare(twice, labels, store=store, **keywords, **ONE)
        assert len(store.read_text().splitlines()) == 1 + (n == 2)


def test_no_run_begins_that_would_end_beyond_the_budget(oscillators, recorder, monkeypatch):
    clock = iter(range(0, 1000, 10))  # each look at the clock is ten seconds later
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    found = compare(*oscillators, treatments=["true"], seeds=5, budget=25)
    assert [r["status"] for r in found.records] == ["ok", "ok", "not run", "not run", "not run"]
    assert "budget of 25 seconds was too short" in found.records[-1]["reason"]
    assert len(fits(recorder)) == 2


def test_an_answer_that_is_not_finite_marks_its_run_alone(oscillators, recorder, monkeypatch):
    monkeypatch.setattr(recorder, "answers_nan", True)
    found = compare(*oscillators, **ONE)
    assert [r["status"] for r in found.records] == ["diverged"]
    assert "not finite" in found.records[0]["reason"]
    assert "accuracy" not in found.records[0]


def test_a_split_never_parts_a_group(oscillators, recorder):
    frame, labels = oscillators
    groups = pd.Series(np.arange(24) // 3, index=labels.index)
    found = compare(frame, labels, groups=groups, treatments=["true"], seeds=3)
    for given, test in zip(fits(recorder), judged(recorder), strict=True):
        parts = [given[1], given[4][0], test]
        whose = [set(groups[part["unique_id"].unique()]) for part in parts]
        assert set.union(*whose) == set(range(8))
        assert sum(map(len, whose)) == 8
    for record in found.records:
        assert len(record["errors"]) == len(record["units"]) == 2  # a quarter of eight groups
    with pytest.raises(ValueError, match="2 groups cannot be split"):
        compare(frame, labels, groups=groups % 2, **ONE)
    with pytest.raises(ValueError, match="groups: The label of series"):
        compare(frame, labels, groups=groups.where(groups > 0), **ONE)


def test_a_label_a_row_is_asked_for_under_every_treatment(oscillators, recorder):
    frame, labels = oscillators
    rows = frame["unique_id"].map(labels).astype(object)
    rows[frame.index % 5 == 0] = np.nan
    treatments = ["true", "equal", "resample-last", "resample-linear", "shuffled"]
    found = compare(
        frame, rows, per="reading", treatments=treatments, corruptions=["drop=0.5"], seeds=1
    )
    by = {(r["treatment"], str(r["corruption"])): r for r in found.records}
    assert by["resample-linear", "None"]["status"] == "skipped"
    assert "comes after" in by["resample-linear", "None"]["reason"]
    assert "come after" in by["shuffled", "None"]["reason"]
    done = [r for r in found.records if r["status"] == "ok"]
    assert len(done) == 6
    assert all(r["errors"] == done[0]["errors"] for r in done)
    for given in fits(recorder):
        told = pd.Series(given[2]).notna().sum()
        assert told == rows[frame["unique_id"].isin(given[1]["unique_id"])].notna().sum()


def test_points_so_many_to_a_series_tell_an_answer_a_row_how_long_the_series_will_be(oscillators):
    with pytest.raises(ValueError, match=r"grid=50: .* name a step of time, such as '1h'"):
        compare(*oscillators, per="reading", grid=50, **ONE | {"treatments": ["resample-last"]})


def test_what_comes_later_is_of_no_use_to_an_answer_a_row():
    # The class shows in the gaps and the number of the rows that nobody asks about, at the end.
    rng = np.random.default_rng(0)
    parts = []
    for n in range(120):
        gaps = rng.uniform(0.5, 1.5, 8 + 4 * (n % 2))
        gaps[6:] *= 40 if n % 2 else 1
        asked = np.where(np.arange(len(gaps)) < 6, ["short", "long"][n % 2], None)
        part = {"unique_id": n, "ds": np.cumsum(gaps), "x": rng.normal(size=len(gaps))}
        parts.append(pd.DataFrame(part).assign(y=asked))
    frame = pd.concat(parts, ignore_index=True)
    labels = frame.pop("y").to_numpy(object)
    models = {"models": ["summary"], "treatments": list(TREATMENTS)}
    found = compare(frame, labels, per="reading", test_fraction=0.5, seeds=1, **models)
    scores = [r["accuracy"] for r in found.records if r["status"] == "ok"]
    assert len(scores) == 7
    assert max(scores) < 0.6


def test_the_simple_models_stand_beside_the_networks(oscillators, monkeypatch):
    monkeypatch.setattr(_tabular, "_TREES", 10)
    frame, labels = oscillators
    models = ["constant", "last-value", "summary", "summary-boosting"]
    with threadpool_limits(1):  # threads that wait for each other cost a minute on busy cores
        found = compare(frame, labels, models=models, treatments=["true", "equal"], seeds=1)
    scores = {(r["model"], r["treatment"]): r["accuracy"] for r in found.records}
    assert set(scores) == {(m, t) for m in models for t in ("true", "equal")}
    assert scores["constant", "true"] == pytest.approx(1 / 3, abs=0.01)
    assert all("history" not in r and r["n_parameters"] > 0 for r in found.records)


def test_a_class_that_training_never_saw_counts_as_an_error():
    class Model:
        classes_ = np.array(["a", "c"])

        def predict_proba(self, frame, *, static=None):
            return pd.DataFrame(
                [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.1, 0.9]], index=list("wxyz")
            )

    labels = pd.Series(["a", "b", "c", "d"], index=list("wxyz"))
    test = Part(pd.DataFrame(), labels, None, np.arange(4), np.arange(4))
    told = _classified(Model(), test)
    assert told["accuracy"] == 0.5
    assert told["auroc"] == 1.0
    assert told["each"].tolist() == [0, 1, 0, 1]


def test_a_split_that_is_given_holds_for_every_seed(oscillators, recorder):
    frame, labels = oscillators
    ids = labels.index.to_numpy()
    split = {"train": ids[:10], "validation": ids[10:14], "test": ids[14:20]}
    found = compare(frame, labels, split=split, treatments=["true"], seeds=2)
    for given, test in zip(fits(recorder), judged(recorder), strict=True):
        assert set(given[1]["unique_id"]) == set(split["train"])
        assert set(given[4][0]["unique_id"]) == set(split["validation"])
        assert set(test["unique_id"]) == set(split["test"])
    assert [r["units"] for r in found.records] == [list(range(14, 20))] * 2
    fast, rest = labels.index[labels == "fast"], labels.index[labels != "fast"]
    wrong = {
        "names 1 series that the frame does not have": split | {"test": ["nobody"]},
        "in the train part of the split and in the test part": split | {"test": ids[:1]},
        "has the parts train, validation, test; got train": {"train": ids},
        "The test part of the split is empty": split | {"test": []},
        "With seed 0 the training series have the class 'fast' alone: a classifier needs two "
        "classes. Choose another split": {"train": fast, "validation": rest[:1], "test": rest[1:]},
    }
    for message, other in wrong.items():
        with pytest.raises(ValueError, match=message):
            compare(frame, labels, split=other, **ONE)


def test_examples_are_shown_as_they_are_and_under_each_corruption(oscillators, recorder):
    frame = oscillators[0]
    found = compare(*oscillators, corruptions=["drop=0.5", "jitter=1"], examples=1, **ONE)
    states = {e["corruption"]: e for e in found.settings["corrupted_examples"]}
    assert list(states) == ["none", "drop=0.5", "jitter=1"]
    own = frame[frame["unique_id"] == states["none"]["series"]]
    since = (own["ds"] - own["ds"].iloc[0]) / pd.Timedelta("1s")
    np.testing.assert_allclose(states["none"]["times"], since, atol=1e-6)
    whole = pd.Series(states["none"]["values"], states["none"]["times"], dtype=float)
    some = pd.Series(states["drop=0.5"]["values"], states["drop=0.5"]["times"], dtype=float)
    assert 0.2 < len(some) / len(whole) < 0.8
    pd.testing.assert_series_equal(some, whole[some.index])
    moved = states["jitter=1"]
    assert moved["values"] == states["none"]["values"]
    assert moved["times"] != states["none"]["times"]
    assert "corrupted_examples" not in compare(*oscillators, examples=1, **ONE).settings


@pytest.mark.parametrize("per", ["series", "reading"])
def test_a_class_that_training_never_saw_chooses_no_epoch(oscillators, recorder, per):
    frame, labels = oscillators
    labels = labels.astype(str)
    split = {"train": labels.index[:12], "validation": labels.index[12:18]}
    split["test"] = labels.index[18:]
    rare = labels.copy()
    rare.iloc[[12, 20]] = "rare"
    told = rare if per == "series" else frame["unique_id"].map(rare)
    words = r"With seed 0 \d+ labels of the validation part are of classes that no training label"
    with pytest.warns(UserWarning, match=words):
        found = compare(frame, told, per=per, split=split, **ONE)
    (left_out,) = found.settings["left_out"]
    n_rare = (frame["unique_id"] == labels.index[12]).sum()
    assert left_out["validation"] == (1 if per == "series" else n_rare)
    assert "choose no epoch" in "\n".join(found.notes)
    (given,) = fits(recorder)
    chosen = pd.Series(given[4][1]).dropna()
    assert set(chosen) == set(labels.iloc[13:18])
    whose = frame["unique_id"].isin(labels.index[13:18]).sum()
    assert len(chosen) == (5 if per == "series" else whose)
    (test,) = judged(recorder)
    assert set(test["unique_id"]) == set(labels.index[18:])
    none = labels.copy()
    none.iloc[12:18] = "rare"
    told = none if per == "series" else frame["unique_id"].map(none)
    with (
        pytest.warns(UserWarning, match="of classes that no training label is of"),
        pytest.raises(ValueError, match="With seed 0 no validation series is of a class that"),
    ):
        compare(frame, told, per=per, split=split, **ONE)


def test_several_numbers_a_row_are_asked_for_in_the_rows_that_have_all(oscillators, monkeypatch):
    frame, _ = oscillators
    rng = np.random.default_rng(0)
    told = pd.DataFrame(rng.normal(size=(len(frame), 2)), columns=["p", "q"])
    told.iloc[::4, 1] = np.nan
    found = compare(frame, told, per="reading", models=["constant"], **ONE)
    (record,) = found.records
    assert record["status"] == "ok"
    test = frame["unique_id"].isin(pd.unique(frame["unique_id"])[record["units"]])
    counted = told[test.to_numpy()].dropna().to_numpy()
    rest = told[~test.to_numpy()].dropna().to_numpy()
    # A constant knows the training rows alone; near enough for how little the others move it.
    assert record["mse"] == pytest.approx(((counted - rest.mean(axis=0)) ** 2).mean(), rel=0.05)


def test_examples_are_of_series_that_have_rows(oscillators, tmp_path):
    frame, labels = oscillators
    static = pd.DataFrame({"age": np.arange(24.0)}, index=labels.index)
    frame = frame[frame["unique_id"] != labels.index[3]]
    shown = {"examples": 24, "corruptions": ["drop=0.5"], "models": ["constant"]}
    found = compare(frame, labels, static=static, **shown, **ONE)
    assert len(found.settings["data"]["examples"]) == 23
    assert found.to_html(tmp_path / "page.html").exists()


@pytest.mark.parametrize(
    ("budget", "kept"), [(float("inf"), None), (np.float32(100), 100.0), (7, 7.0)]
)
def test_a_budget_of_any_kind_of_number_can_be_written_down(
    oscillators, recorder, tmp_path, budget, kept
):
    found = compare(*oscillators, budget=budget, **ONE)
    path = found.to_json(tmp_path / "results.json")
    assert json.loads(path.read_text())["settings"]["budget"] == kept


@pytest.mark.filterwarnings("error")
def test_gaps_that_are_all_alike_make_a_page(tmp_path):
    ids = [f"s{k}" for k in range(12)]
    times = pd.date_range("2024", periods=4, freq="h")
    frame = pd.DataFrame({"unique_id": np.repeat(ids, 4), "ds": np.tile(times, 12), "x": 1.0})
    labels = pd.Series(["a", "b"] * 6, index=ids)
    found = compare(frame, labels, models=["constant"], **ONE)
    assert found.to_html(tmp_path / "page.html").exists()


def test_names_from_a_file_do_not_write_the_notebook(oscillators, recorder, tmp_path):
    path = compare(*oscillators, **ONE).to_json(tmp_path / "results.json")
    path.write_text(path.read_text().replace('"s5"', '"<img src=x>"'))
    assert "<img" not in Comparison.from_json(path)._repr_html_()

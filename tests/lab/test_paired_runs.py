import re
import sys

import numpy as np
import pandas as pd
import pytest

from ct_s5 import S5Classifier
from ct_s5.lab import DEMO_KEYWORDS, Comparison, compare, demo_data
from ct_s5.lab._split import PARTS, split_three

TINY = {"width": 4, "states": 4, "depth": 1, "max_epochs": 2, "batch_size": 32}


@pytest.fixture(scope="module")
def oscillators():
    return demo_data(40)


def known(frame):
    return set(frame["unique_id"])


@pytest.mark.filterwarnings("ignore:something to know")
def test_runs_of_one_seed_differ_in_the_treatment_alone(oscillators, recorder):
    frame, labels = oscillators
    static = pd.DataFrame({"age": np.arange(40.0)}, index=labels.index)
    treatments = ["true", "equal", "appended", "shuffled"]
    models = ["s5", "gru", "depth-0"]
    how = {"treatments": treatments, "models": models, "match": False, "width": 6}
    compare(frame, labels, static=static, seeds=[3, 8], **how)
    fits, tests = recorder.given[::2], recorder.given[1::2]
    assert len(fits) == 2 * 4 * 3
    for k in range(0, len(fits), 12):
        splits = []
        for (keywords, X, y, told, (X_val, y_val, _)), (_, X_test, told_test) in zip(
            fits[k : k + 12], tests[k : k + 12], strict=True
        ):
            assert keywords["random_state"] == (3 if k == 0 else 8)
            assert keywords["width"] == 6
            assert known(X) == set(y.index) == set(told.index)
            assert known(X_val) == set(y_val.index)
            assert known(X_test) == set(told_test.index)
            parts = [known(X), known(X_val), known(X_test)]
            assert set.union(*parts) == set(labels.index)
            assert sum(map(len, parts)) == 40
            assert (y == labels[y.index]).all()
            assert (told["age"] == static.loc[told.index, "age"]).all()
            splits.append(parts)
        assert all(parts == splits[0] for parts in splits)
    assert [f[0]["mixer"] for f in fits[:3]] == ["s5", "gru", "s5"]
    assert [f[0]["depth"] for f in fits[:3]] == [2, 2, 0]
    # Equal gaps are whole numbers of steps whatever the unit of the true ones is.
    assert [f[0]["time_unit"] for f in fits[::3]] == [None, 1.0, 1.0, None] * 2
    assert known(fits[0][1]) != known(fits[12][1])


@pytest.mark.filterwarnings("ignore:something to know")
@pytest.mark.parametrize("form", [pd.DataFrame, np.asarray])
def test_static_of_a_list_of_frames_goes_by_position_as_its_labels_do(oscillators, recorder, form):
    frame, labels = oscillators
    frames = [part.drop(columns="unique_id") for _, part in frame.groupby("unique_id", sort=False)]
    static = pd.DataFrame({"age": np.arange(40.0)}, index=labels.index[::-1])
    compare(frames, labels.to_numpy(), static=form(static), seeds=1, treatments=["true"])
    _, _, y, told, _ = recorder.given[0]
    assert (told.iloc[:, 0] == told.index).all()
    assert (y == labels.to_numpy()[y.index]).all()


def rare(frame, labels, owner):
    """The same data; one series alone measured `w`, at times of its own, and is of ward "z"."""
    own = frame["unique_id"] == owner
    between = frame[own].assign(ds=frame.loc[own, "ds"] + pd.Timedelta("1us"))
    between = between.assign(position=np.nan, velocity=np.nan, w=np.arange(own.sum()) * 1.0)
    told = pd.concat([frame, between]).sort_values(["unique_id", "ds"], ignore_index=True)
    static = pd.DataFrame({"ward": "a", "age": 50.0, "dose": np.nan}, index=labels.index)
    static["old"] = static.index == owner
    static.loc[owner, ["ward", "dose"]] = "z", 3.0
    return told, static


@pytest.fixture(scope="module")
def sixteen():
    return demo_data(16)


@pytest.mark.filterwarnings("ignore:something to know")
def test_what_no_training_series_tells_of_is_left_out_of_a_seed_for_all(sixteen, recorder):
    frame, labels = sixteen
    told, static = rare(frame, labels, labels.index[0])
    strata = labels.to_numpy()
    places = [split_three(16, strata, 0.25, 0.2, seed)[0] for seed in range(8)]
    chosen = [places.index(part) for part in PARTS]  # a seed for each
    with pytest.warns(UserWarning, match="left out") as spoken:
        found = compare(
            told, labels, static=static, seeds=chosen, models=["s5", "gru"], match=False
        )
    said = [str(w.message) for w in spoken if "left out" in str(w.message)]
    assert len(said) == 2
    for message, seed in zip(said, chosen[1:], strict=True):
        assert f"With seed {seed} no training series" in message
        assert "channel 'w'" in message
        assert "static column 'dose'" in message
    assert found.settings["left_out"] == [
        {"seed": seed, "channels": ["w"], "static": ["dose"]} for seed in chosen[1:]
    ]
    assert sum("channel 'w'" in note for note in found.notes) == 2

    fits, tests = recorder.given[::2], recorder.given[1::2]
    for k, ((_, X, y, table, (X_val, _, table_val)), (_, X_test, table_test)) in enumerate(
        zip(fits, tests, strict=True)
    ):
        whole = k < 8  # the first seed: its training part has the series
        for part, features in ((X, table), (X_val, table_val), (X_test, table_test)):
            assert ("w" in part) == whole
            assert ("dose" in features) == whole
            # Where `w` is left out, its rows are no readings, and count for no treatment.
            assert len(part) == (told if whole else frame)["unique_id"].isin(known(part)).sum()
            assert list(features["ward"].cat.categories) == ["a", "z"]
            assert list(features["old"].cat.categories) == ["False", "True"]
        assert (table.loc[y.index, "ward"] == static.loc[y.index, "ward"]).all()


def test_rare_channels_and_categories_end_no_comparison(sixteen):
    frame, labels = sixteen
    told, static = rare(frame, labels, labels.index[0])
    strata = labels.to_numpy()
    seed = next(s for s in range(9) if split_three(16, strata, 0.25, 0.2, s)[0] == "test")
    keywords = {"models": ["depth-0"], "seeds": [seed], **TINY}
    with pytest.warns(UserWarning, match="left out"):
        found = compare(told, labels, static=static, treatments=["true", "appended"], **keywords)
    assert [record["status"] for record in found.records] == ["ok", "ok"]


@pytest.mark.filterwarnings("ignore:something to know")
def test_a_run_that_diverges_is_marked_and_the_others_go_on(oscillators, recorder, monkeypatch):
    monkeypatch.setattr(recorder, "diverges", True)
    found = compare(*oscillators, seeds=2)
    status = {(r["treatment"], r["seed"]): r["status"] for r in found.records}
    assert {key for key, word in status.items() if word == "diverged"} == {
        ("appended", 0),
        ("appended", 1),
    }
    assert found.table.loc[("s5", "appended"), "diverged"] == 2
    assert np.isnan(found.table.loc[("s5", "appended"), "accuracy"])
    assert found.records[0]["history"]["loss"] == [1.0, None, 0.9]


@pytest.mark.filterwarnings("ignore:something to know")
def test_a_bar_over_the_runs_is_for_terminals(oscillators, recorder, capsys, monkeypatch):
    compare(*oscillators, seeds=1, treatments=["true"], progress=True)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    compare(*oscillators, seeds=1, treatments=["true"], progress=True)
    assert "1/1" in capsys.readouterr().err


def test_what_the_estimator_says_is_passed_on(oscillators, recorder):
    with pytest.warns(UserWarning, match="something to know"):
        compare(*oscillators, seeds=1, treatments=["true"])


@pytest.mark.parametrize("seed", range(3))
def test_a_split_keeps_classes_in_proportion(seed):
    strata = np.repeat(["a", "b", "c"], [40, 20, 2])
    split = split_three(62, strata, 0.25, 0.2, seed)
    counts = {part: [(strata[split == part] == c).sum() for c in "abc"] for part in PARTS}
    assert counts == {"train": [24, 12, 1], "validation": [6, 3, 0], "test": [10, 5, 1]}


@pytest.mark.parametrize(
    ("strata", "share", "message"),
    [
        (
            ["died", "lived", "died", "lived"],
            0.25,
            "test_fraction=0.25 leaves 2 of 4 series, a single one of each class ('died', 'lived')"
            ": training needs one of each, and validation another. Give more series, or make "
            "test_fraction smaller.",
        ),
        (["a"] * 3 + ["b"] * 3, 0.6, "test_fraction=0.6 leaves 2 of 6 series, a single one of"),
        (["a", "b", "c"], 0.25, "Each of the 3 series is of a class of its own"),
    ],
)
def test_classes_too_small_to_split_in_three_are_said_with_a_way_out(strata, share, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        split_three(len(strata), np.array(strata), share, 0.2, 0)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        (
            {"treatments": ["true", "grid"]},
            "one of true, equal, appended, shuffled, .*; got 'grid'",
        ),
        ({"treatments": "true"}, "treatments is a list"),
        ({"treatments": []}, "treatments is a list"),
        ({"models": ["s5", "s5"]}, "models is a list of different names"),
        ({"models": ["mamba"]}, r"A model is one of s5, .*; got 'mamba'\.$"),
        ({"models": ["gru_d"]}, r"got 'gru_d'\. Did you mean 'gru-d'\?"),
        ({"treatments": ["resample-las"]}, r"got 'resample-las'\. Did you mean 'resample-last'\?"),
        ({"seeds": 0}, "seeds is how many"),
        ({"seeds": [1, 1]}, "different numbers"),
        ({"task": "rank"}, "task is 'classify' or 'regress'"),
        ({"test_fraction": 1.0}, "test_fraction is a share"),
        ({"validation_fraction": 0}, "validation_fraction is a share"),
        ({"thinning": 0.5}, "thinning=0.5 does not go with treatment 'equal'"),
        ({"random_state": 3}, "seeds="),
        ({"mixer": "gru"}, "models="),
        ({"per": "step"}, "per is 'series' or 'reading'"),
        ({"per": "reading"}, r"indexed by series id, .*frame\['unique_id'\].map\(labels\) gives"),
        ({"corruptions": ["drop=2"]}, "a share from 0 to below 1"),
        ({"corrupt_at": "always"}, "test, train or both"),
        ({"score": "r2"}, "score is one of accuracy, auroc"),
        ({"budget": 0}, "budget is a number of seconds"),
    ],
)
def test_what_cannot_be_right_is_refused_before_any_training(oscillators, keywords, message):
    with pytest.raises(ValueError, match=message):
        compare(*oscillators, **keywords)


def test_labels_that_cannot_be_compared_are_refused(oscillators):
    frame, labels = oscillators
    with pytest.raises(ValueError, match="one class"):
        compare(frame, labels.map(lambda _: "same"))
    with pytest.raises(ValueError, match="do not match"):
        compare(frame, labels.iloc[1:])
    few = labels.index[:2]
    with pytest.raises(ValueError, match="give at least 3"):
        compare(frame[frame["unique_id"].isin(few)], pd.Series([0, 1], index=few))


def test_the_demo_is_what_it_says():
    frame, labels = demo_data(30)
    assert list(frame.columns) == ["unique_id", "ds", "position", "velocity"]
    assert frame["ds"].dtype.kind == "m"
    assert (labels.value_counts() == 10).all()
    assert set(labels.index) == known(frame)
    lengths = frame.groupby("unique_id").size()
    assert lengths.min() >= 30
    assert lengths.max() == 72
    pd.testing.assert_frame_equal(demo_data(30)[0], frame)
    assert set(DEMO_KEYWORDS) - {"examples"} <= set(S5Classifier().get_params())


def test_a_comparison_from_end_to_end(oscillators, tmp_path):
    frame, labels = oscillators
    told = frame.assign(kind=frame["unique_id"].map(labels))
    treatments = ["true", "equal"]
    found = compare(told, "kind", treatments=treatments, seeds=1, examples=2, **TINY)
    assert len(found.records) == 2
    for record in found.records:
        assert record["status"] == "ok"
        assert 0 <= record["accuracy"] <= 1
        assert record["best_epoch"] <= record["n_epochs"] == 2
        assert record["n_parameters"] > 100
        assert len(record["history"]["validation_loss"]) == 2
    data = found.settings["data"]
    assert (data["n_series"], data["n_readings"]) == (40, len(frame))
    assert data["classes"] == {"fast": 13, "medium": 13, "slow": 14}
    assert len(data["examples"]) == 2
    assert found.settings["models"]["s5"]["width"] == 4
    assert found.settings["command"].startswith(
        "ct_s5.lab.compare(frame, labels, treatments=['true"
    )
    assert Comparison.from_json(found.to_json(tmp_path / "results.json")) == found
    assert "<svg" in found.to_html(tmp_path / "report.html").read_text()
    # Another unit, another beginning, another order of rows: the same data.
    moved = frame.assign(ds=(frame["ds"] + pd.Timedelta("3h")).astype("timedelta64[ns]"))
    again = compare(moved, labels, treatments=["true"], seeds=1, **TINY)
    assert again.settings["data"]["fingerprint"] == data["fingerprint"]
    assert again.records[0]["accuracy"] == found.records[0]["accuracy"]
    assert again.records[0]["history"] == found.records[0]["history"]


def test_numbers_are_regressed(oscillators):
    frame, labels = oscillators
    targets = labels.map({"slow": 0.5, "medium": 0.8, "fast": 1.25})
    found = compare(frame, targets, treatments=["equal"], models=["depth-0"], seeds=1, **TINY)
    (record,) = found.records
    assert found.score == "r2"
    assert record["status"] == "ok"
    assert record["mse"] > 0
    assert record["r2"] < 1
    assert found.settings["models"]["depth-0"]["depth"] == 0

"""ct-s5 fit --task ..., and what predict, info and stream do with the models of each task."""

import io

import numpy as np
import pandas as pd
import pytest

from ct_s5 import cli, load

COLUMNS = ["--id", "bed", "--time", "when"]
TINY = [*COLUMNS, "--max-epochs", "1", "--width", "4", "--states", "4", "--depth", "0"]


@pytest.fixture(scope="module")
def readings():
    """Seven series; some cells empty, one column that is no channel."""
    rng = np.random.default_rng(0)
    hours = np.sort(rng.uniform(0, 48, (7, 8)), axis=1).round(2).ravel()
    frame = pd.DataFrame({"bed": np.repeat([f"{k:03}" for k in range(7)], 8)})
    frame["note"] = "fine"
    frame["when"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(hours, unit="h")
    frame["pulse"] = rng.normal(70, 9, 56).round(1)
    frame["temp"] = np.where(rng.random(56) < 0.5, np.nan, rng.normal(37, 1, 56).round(2))
    frame["hour"] = frame["when"].dt.hour
    return frame


@pytest.fixture(scope="module")
def folder(tmp_path_factory, readings):
    folder = tmp_path_factory.mktemp("tasks")
    readings.to_csv(folder / "readings.csv", index=False)
    return folder


@pytest.fixture
def run(folder, ct_s5_command, monkeypatch):
    monkeypatch.chdir(folder)
    return ct_s5_command


@pytest.fixture
def fitted(run, folder):
    """The model file of a task, fitted on the command line when it is first asked for."""

    def model(task):
        words = {
            "forecast": ["--horizon", "6h", "--channels", "pulse", "--known", "hour"],
            "impute": ["--channels", "temp", "pulse"],
        }[task]
        path = folder / f"{task}.safetensors"
        if not path.exists():
            told = ["--task", task, *words, "--ignore", "note", "--out", path.name, *TINY]
            code, out, err = run("fit", "readings.csv", *told)
            assert code == 0, err
            assert f"Saved {path.name}" in out
        return path.name

    return model


def read(out):
    return pd.read_csv(io.StringIO(out), parse_dates=["when"], dtype={"bed": str})


def assert_alike(told, wanted):
    # Text holds all digits; pandas reads them to within a last one.
    pd.testing.assert_frame_equal(told, wanted, check_dtype=False, rtol=1e-9)


def test_a_forecaster_answers_at_pairs_with_what_is_known(run, folder, fitted, readings):
    pairs = readings.groupby("bed").tail(1).iloc[[3, 0]][["bed", "when"]].reset_index(drop=True)
    pairs["when"] += pd.Timedelta("90min")
    pairs["hour"] = pairs["when"].dt.hour
    pairs.to_csv(folder / "pairs.csv", index=False)
    model = fitted("forecast")
    words = ["readings.csv", "--ignore", "note", "--at", "pairs.csv", "--level", "80", "95"]
    code, out, err = run("predict", model, *words)
    assert (code, err) == (0, "")
    rows = readings.drop(columns="note")
    assert_alike(read(out), load(folder / model).predict(rows, at=pairs, level=(80, 95)))
    assert "pulse-hi-95" in out

    code, _, err = run("predict", model, "readings.csv", "--ignore", "note", "--at", "2h")
    assert (code, "so --at must be a file that holds it" in err) == (2, True), err
    code, _, err = run("predict", model, "readings.csv", "--ignore", "note", "--at", "gone.csv")
    assert (code, "There is no file 'gone.csv'" in err) == (2, True), err


def test_info_tells_what_a_forecaster_foresees(run, fitted):
    code, out, _ = run("info", fitted("forecast"))
    told = dict(line.split(maxsplit=1) for line in out.replace("known be", "known_be").splitlines())
    assert code == 0
    assert told["model"] == "S5Forecaster, at any time after the last reading"
    assert (told["forecasts"], told["horizon"]) == ("pulse", "6h")
    assert told["channels"] == "pulse, temp, hour"
    assert "beforehand hour" in out


def test_an_imputer_fills_the_empty_cells_and_nothing_else(run, folder, fitted, readings):
    model = fitted("impute")
    words = [model, "readings.csv", "--ignore", "note", "--out", "filled.csv"]
    code, out, err = run("predict", *words)
    assert (code, err, out) == (0, "", "Wrote 56 rows to filled.csv.\n")
    filled = pd.read_csv(folder / "filled.csv", parse_dates=["when"], dtype={"bed": str})
    missing = readings["temp"].isna()
    assert missing.any()
    assert filled["temp"].notna().all()
    assert_alike(filled.assign(temp=filled["temp"].mask(missing)), readings)
    wanted = load(folder / model).transform(readings.drop(columns="note"))
    np.testing.assert_allclose(filled["temp"], wanted["temp"], rtol=1e-9)

    code, out, _ = run("predict", *words[:-2], "--level", "90")
    assert code == 0
    bounds = ["temp-lo-90", "temp-hi-90", "pulse-lo-90", "pulse-hi-90"]
    assert list(read(out).columns) == [*readings.columns, *bounds]


def test_an_imputer_answers_on_a_grid(run, folder, fitted, readings):
    model = fitted("impute")
    code, out, err = run("predict", model, "readings.csv", "--ignore", "note", "--at", "3h")
    assert (code, err) == (0, "")
    wanted = load(folder / model).predict(readings.drop(columns="note"), at="3h")
    assert_alike(read(out), wanted)


def test_info_tells_what_an_imputer_fills_in(run, fitted):
    out = run("info", fitted("impute"))[1]
    assert "S5Imputer, at any time from the readings around it" in out
    assert "fills in         temp, pulse" in out


def test_an_imputer_cannot_stream(run, fitted):
    code, _, err = run("stream", fitted("impute"))
    assert (code, "S5Imputer, reads every series from both ends" in err) == (2, True)


FIT = ["fit", "readings.csv", *COLUMNS, "--ignore", "note", "--out", "m.safetensors"]
WRONG = {
    "nothing to learn": ([], "Name the labels: --labels FILE"),
    "no horizon": (["--task", "forecast"], "how far ahead forecasts shall reach: --horizon 6h"),
    "labels to forecast": (
        ["--task", "forecast", "--horizon", "1h", "--labels", "temp"],
        "--labels goes with --task classify or regress",
    ),
    "a horizon to impute": (["--task", "impute", "--horizon", "1h"], "goes with --task forecast"),
    "a horizon alone": (["--horizon", "1h"], "--horizon goes with --task forecast; it was given"),
    "one answer a reading": (["--task", "impute", "--per", "reading"], "--per goes with"),
    "no such channel": (
        ["--task", "impute", "--channels", "pals"],
        "--channels ('pals',): name some of pulse, temp, hour",
    ),
    "known and unknown": (
        ["--task", "forecast", "--horizon", "1h", "--known", "pals"],
        "--known names 'pals'",
    ),
    "a horizon without unit": (
        ["--task", "forecast", "--horizon", "6"],
        "so --horizon 6 needs a unit: write --horizon 1h",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_task_that_cannot_be_is_refused(run, case):
    words, message = WRONG[case]
    code, out, err = run(*FIT, *words)
    assert (code, message in err, "Traceback" in out + err) == (2, True, False), err


def test_what_only_some_models_tell_is_refused_of_others(run, fitted):
    code, _, err = run("predict", fitted("impute"), "readings.csv", "--proba")
    assert (code, "--proba goes with a classifier" in err) == (2, True)


HINTS = {
    "pass late='drop' to leave": "pass --late drop to leave",
    "so horizon='6 apples' is": "so --horizon '6 apples' is",
    "write at='1h', '15min'": "write --at 1h, '15min'",
    "Pass static= with a row for it": "Pass --static with a row for it",
    "series 'a', row 3 of at=": "series 'a', row 3 of --at",
    "at=: no column 'ds'": "--at: no column 'ds'",
    "level=101.5: an interval": "--level 101.5: an interval",
    "Fit with a longer horizon=, or": "Fit with a longer --horizon, or",
}
NO_HINTS = [
    "series 'at=' and channel \"late='drop'\" and 'level=3'",
    "a row in static and at the level of the horizon",
    "heat= and format='ISO8601', unit.at=",
]


@pytest.mark.parametrize("words", HINTS)
def test_a_hint_of_the_library_becomes_a_flag(words):
    assert cli.in_flags(words) == HINTS[words]


@pytest.mark.parametrize("words", NO_HINTS)
def test_what_is_no_hint_is_left_alone(words):
    assert cli.in_flags(words) == words


def test_stream_is_among_the_commands_and_its_help_teaches(run):
    out = run("--help")[1]
    assert "stream" in out
    code, out, _ = run("stream", "--help")
    assert code == 0
    assert "[STREAM OPTIONS] MODEL" in out
    assert "None" not in out
    assert not [line for line in out.splitlines() if len(line) > 100]

"""The command line: help that teaches, clear words and exit code 2 on a wrong call."""

import json

import numpy as np
import pandas as pd
import pytest

import ct_s5
from ct_s5 import cli
from ct_s5.cli import _fit
from ct_s5.cli._args import seconds_of
from ct_s5.frames import read_frame

SMALL = ["--max-epochs", "1", "--width", "8", "--states", "8", "--depth", "1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Readings of twelve series, labels and static features, as files."""
    folder = tmp_path_factory.mktemp("cli")
    rng = np.random.default_rng(0)
    rows = []
    for n in range(12):
        hours = np.sort(rng.uniform(0, 24, 8))
        times = pd.Timestamp("2026-01-01") + pd.to_timedelta(hours, unit="h")
        rows.append(pd.DataFrame({"who": f"p{n}", "when": times, "pulse": rng.normal(n % 2, 1, 8)}))
    readings = pd.concat(rows)
    readings.to_csv(folder / "readings.csv", index=False)
    readings.to_parquet(folder / "readings.parquet", index=False)
    ids = [f"p{n}" for n in range(12)]
    pd.DataFrame({"who": ids, "ill": [n % 2 for n in range(12)]}).to_csv(
        folder / "labels.csv", index=False
    )
    pd.DataFrame({"who": ids, "age": range(40, 52)}).to_csv(folder / "static.csv", index=False)
    readings.assign(when="yesterday").to_csv(folder / "bad_times.csv", index=False)
    again = readings.assign(pulse=readings["pulse"] + 1)
    pd.concat([readings, again]).to_csv(folder / "twice.csv", index=False)
    return folder


@pytest.fixture
def run(folder, ct_s5_command, monkeypatch):
    """Run `ct-s5` in the folder; gives exit code, output and error text."""

    monkeypatch.chdir(folder)
    return ct_s5_command


COLUMNS = ["--id", "who", "--time", "when"]
FIT = ["fit", "readings.csv", "--labels", "labels.csv", *COLUMNS]
ONE_RUN = ["--treatments", "true", "--seeds", "1", "--out", "one"]


@pytest.mark.parametrize("command", ["fit", "predict", "info", "compare"])
def test_help_of_each_command_says_what_it_does(run, command):
    code, out, _ = run(command, "--help")
    assert code == 0
    assert "usage: ct-s5" in out
    assert "readings" in out or "model" in out


@pytest.mark.parametrize("command", ["fit", "predict", "compare"])
def test_help_speaks_of_no_python(run, command):
    out = run(command, "--help")[1]
    assert "None" not in out
    assert "PATH" not in out
    assert "STR" not in out
    assert not [line for line in out.splitlines() if len(line) > 100]


def test_help_names_what_stands_where(run):
    assert "[PREDICT OPTIONS] MODEL READINGS" in run("predict", "--help")[1]
    out = run("fit", "--help")[1]
    assert "15 to 200 by the number" in out
    assert out.count("To classify or regress: ") == 2


def test_the_version_is_told(run):
    assert run("--version") == (0, f"ct-s5 {ct_s5.__version__}\n", "")


def test_columns_that_are_no_channels_can_be_ignored(run, folder):
    readings = pd.read_csv(folder / "readings.csv")
    ill = readings["who"].str[1:].astype(int) % 2
    readings.assign(ill=ill, note="well").to_csv(folder / "more.csv", index=False)
    fit = ["fit", "more.csv", "--labels", "ill", *COLUMNS, "--out", "i.safetensors", *SMALL]
    code, _, err = run(*fit)
    assert (code, "leave the column out: --ignore note." in err) == (2, True), err
    code, _, err = run(*fit, "--ignore", "note")
    assert code == 0, err

    predict = ["predict", "i.safetensors", "more.csv", "--ignore", "note"]
    code, _, err = run(*predict)
    assert (code, "can be dropped: --ignore ill." in err) == (2, True), err
    code, out, err = run(*predict, "ill")
    assert (code, len(out.splitlines())) == (0, 13), err

    small = [*ONE_RUN, *SMALL, "--ignore", "note"]
    code, _, err = run("compare", "--data", "more.csv", "--labels", "ill", *COLUMNS, *small)
    assert code == 0, err


def test_fit_predict_info(run, folder):
    code, out, err = run(*FIT, "--out", "m.safetensors", "--static", "static.csv", *SMALL)
    assert code == 0, err
    assert "Saved m.safetensors" in out
    assert "Longest silences" in out
    assert "The labels are 2 classes: the model classifies.\n" in out

    static = ["--static", "static.csv"]
    code, out, err = run("predict", "m.safetensors", "readings.csv", *static, "--proba")
    assert code == 0, err
    assert out.splitlines()[0] == "who,0,1"
    assert len(out.splitlines()) == 13

    before = (folder / "readings.parquet").read_bytes()
    for own in (["readings.parquet", *static], ["a.csv", "--at", "readings.parquet"]):
        code, _, err = run("predict", "m.safetensors", *own, "--out", "./readings.parquet")
        assert (code, "--out readings.parquet is a file that is read" in err) == (2, True), err
    assert (folder / "readings.parquet").read_bytes() == before
    code, out, err = run("predict", "m.safetensors", "readings.parquet", *static, "--out", "a.csv")
    assert code == 0, err
    assert list(pd.read_csv(folder / "a.csv").columns) == ["who", "prediction"]

    code, out, _ = run("info", "m.safetensors")
    assert code == 0
    for word in ("S5Classifier", "pulse", "age", "when (datetime)", "parameters", "classes"):
        assert word in out


@pytest.mark.parametrize("labels", ["words.csv", "is"])
def test_an_id_and_a_class_may_be_words_for_nothing(run, folder, labels):
    readings = pd.read_csv(folder / "readings.csv").replace({"who": {"p0": "NA", "p1": "null"}})
    told = readings.assign(**{"is": np.where(readings["who"].str.len() > 2, "None", "some")})
    told[["who", "is"]].drop_duplicates().to_csv(folder / "words.csv", index=False)
    passed = ["is"] if labels == "is" else []
    told[[*readings, *passed]].to_csv(folder / "w.csv", index=False)
    small = [*COLUMNS, *SMALL[:-1], "0", "--out", "w.safetensors"]
    code, _, err = run("fit", "w.csv", "--labels", labels, *small)
    assert code == 0, err
    assert "None, some\n" in run("info", "w.safetensors")[1]
    _, out, _ = run("predict", "w.safetensors", "w.csv", "--ignore", *passed)
    assert [line.split(",")[0] for line in out.splitlines()[:3]] == ["who", "NA", "null"]


def test_files_of_several_kinds_go_together(run, folder):
    readings = pd.read_csv(folder / "readings.csv", parse_dates=["when"])
    readings["who"] = readings["who"].str[1:].astype(int)
    readings.to_parquet(folder / "n.parquet")
    readings.to_csv(folder / "n.csv", index=False)
    told = pd.DataFrame({"who": range(12), "height": np.linspace(1.5, 1.9, 12)})
    told.to_csv(folder / "heights.csv", index=False)
    told.to_parquet(folder / "static.parquet")
    small = [*COLUMNS, *SMALL[:-1], "0", "--out", "n.safetensors"]
    static = ["--static", "static.parquet"]
    code, _, err = run("fit", "n.parquet", "--labels", "heights.csv", *static, *small)
    assert code == 0, err
    code, _, err = run("predict", "n.safetensors", "n.parquet", *static, "--out", "n0.parquet")
    assert code == 0, err
    again = ["--labels", "n0.parquet", *COLUMNS, *ONE_RUN, "--models", "constant"]
    code, _, err = run("compare", "--data", "n.csv", *again)
    assert code == 0, err


def test_compare_writes_results_and_a_page(run, folder):
    treatments = ["--treatments", "true", "equal", "--seeds", "1", "--out", "cmp"]
    code, out, err = run(
        "compare", "--data", "readings.csv", "--labels", "labels.csv", *COLUMNS, *treatments, *SMALL
    )
    assert code == 0, err
    assert "ct-s5 compare --data readings.csv" in out
    results = json.loads((folder / "cmp" / "results.json").read_text())
    assert results["settings"]["command"].startswith("ct-s5 compare")
    assert "<html" in (folder / "cmp" / "report.html").read_text()


def test_a_list_of_commands_is_short_and_each_tells_more(run):
    code, out, _ = run("--help")
    assert code == 0
    assert len(out.splitlines()) < 40
    assert "Fit a model on a table of readings and save it." in out
    assert len(run("fit", "--help")[1].splitlines()) > 60
    code, _, err = run("fitt")
    assert code == 2
    assert "predict" in err  # among those that there are
    code, out, _ = run("--tyro-print-completion", "bash")
    assert code == 0
    assert "--max-epochs" in out


def test_series_of_one_person_stay_on_one_side_of_a_split(run, folder):
    readings = pd.read_csv(folder / "readings.csv")
    ward = "w" + (readings["who"].str[1:].astype(int) // 3).astype(str)
    readings.assign(ward=ward).to_csv(folder / "wards.csv", index=False)
    compare = ["compare", "--data", "wards.csv", "--labels", "labels.csv", *COLUMNS, *ONE_RUN]
    compare += ["--models", "constant"]
    code, _, err = run(*compare, "--groups", "ward")
    assert code == 0, err
    results = json.loads((folder / "one" / "results.json").read_text())
    assert results["settings"]["grouped"]
    assert len(results["runs"][0]["units"]) == 1  # a quarter of four wards
    named = readings.assign(ward=ward.replace({"w0": "NA", "w1": "None"}))
    named.to_csv(folder / "wards.csv", index=False)
    code, _, err = run(*compare, "--groups", "ward")
    assert code == 0, err
    code, _, err = run(*compare, "--groups", "wing")
    assert (code, "--groups 'wing' is no column" in err) == (2, True), err


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([1.0, 2.0, 3.0], "3 classes: the model classifies. If they are amounts: --task regress."),
        (["a", "b", "c"], "3 classes: the model classifies."),
        ([1.5, 2.0, 3.0], "numbers with fractions: the model regresses."),
    ],
)
def test_what_labels_are_taken_for_is_said(labels, words):
    task, said = _fit._chosen(pd.Series(labels))
    assert said == f"The labels are {words}"
    assert task == ("regress" if "regresses" in words else "classify")


HINTS = {
    "Sort first, frame.sort_values(['who', 'when']), or pass sort=True.": "Sort the file, or pass "
    "--sort.",
    "at series 'a', row 1. Mend those rows, then frame['t'] = pd.to_datetime(frame['t'], "
    "format='ISO8601'); or give your own format=.": "at series 'a', row 1. Write them like "
    "2026-01-31.",
    "had UTC at fit. Bring it to the same, for instance frame['t'].dt.tz_localize('UTC').": "had "
    "UTC at fit. Write each time with its offset, as 2026-01-31 08:00+00:00.",
    "so at= must be a frame that holds it: columns 'a'": "so --at must be a file that holds it: "
    "columns 'a'",
    "If they are dates: frame['t'] = pd.to_datetime(frame['t'].astype(str), format='%Y%m%d'); in a "
    "file write them as 2026-01-31 08:00.": "If they are dates, write them as 2026-01-31 08:00.",
    "Sort first, or pass sort=True.": "Sort first, or pass --sort.",
    "3 series are not sorted by time, see sort=True.": "3 series are not sorted by time, see "
    "--sort.",
    "or pass duplicates='mean' or duplicates='last'.": "or pass --duplicates mean or --duplicates "
    "last.",
    "they disagree, see duplicates='mean' or 'last'.": "they disagree, see --duplicates mean or "
    "last.",
    "Name the unit: time_unit='1h'.": "Name the unit: --time-unit 1h.",
    "Name the unit: time_unit=1.0.": "Name the unit: --time-unit 1.0.",
    "so time_unit='1 apple' cannot": "so --time-unit '1 apple' cannot",
    "column (time_unit=60 for minutes)": "column (--time-unit 60 for minutes)",
    "Name a time_unit near the typical gap": "Name a --time-unit near the typical gap",
    "no column 'ds' for the time. Another name: time_col=...": "no column 'ds' for the time. "
    "Another name: --time COLUMN",
    "whose. Another name: id_col=...": "whose. Another name: --id COLUMN",
    "For a label a row, ask for per='reading'.": "For a label a row, ask for --per reading.",
    "Try a smaller learning_rate, and look": "Try a smaller --learning-rate, and look",
    "learning_rate must be a positive number; got nan.": "--learning-rate must be a positive "
    "number; got nan.",
    "max_epochs must be a whole number": "--max-epochs must be a whole number",
    "width must be a whole number": "--width must be a whole number",
    "thinning is a share": "--thinning is a share",
    "or leave the column out: frame.drop(columns=['the ward']).": "or leave the column out: "
    "--ignore 'the ward'.",
    "can be dropped: frame.drop(columns=['a', \"it's\", 'sort=True']).": "can be dropped: --ignore "
    "a 'it'\"'\"'s' sort=True.",
}
# What only looks like a hint: names of columns and series, code, words.
NO_HINTS = [
    "Column 'sort=True' is taken for a channel; series \"time_unit='1h'\" at row 3.",
    "Drop it: static.drop(columns=['time_col', 'max_epochs']).",
    "frame.drop(columns=names), frame.drop(columns=[]) and frame.drop(columns=[3])",
    "Read the file first: ct_s5.frames.read_frame(path, time_col='ds').",
    "pd.to_timedelta(frame['ds'], unit='s') and np.argsort(times, kind='stable')",
    "It has who, max_epochs, depth, learning_rate.",
    "a series of some width and depth; sort the rows; unique_time_unit='1h'",
    "--out m.pkl must end in .safetensors.",
    "labels.csv must hold the column 'id_col' and one column of labels",
    "my_sort=True, sort=Trueish, frame.sort=True",
]


@pytest.mark.parametrize("words", HINTS)
def test_a_hint_of_the_library_becomes_a_flag(words):
    assert cli.in_flags(words) == HINTS[words]


def test_lines_of_a_stream_are_to_come_in_order():
    words = "in column 't'. Sort first, frame.sort_values(['a', 't']), or pass sort=True."
    assert cli.in_flags(words, "stream") == "in column 't'. Give its lines in order."


def test_a_model_names_its_columns_itself():
    words = "The frame has no column 'ds' for the time. Another name: time_col=..."
    told = "The frame has no column 'ds' for the time. Rename the column."
    assert cli.in_flags(words, "predict") == told
    assert cli.in_flags(words, "fit").endswith("--time COLUMN")


@pytest.mark.parametrize("words", NO_HINTS)
def test_what_is_no_hint_is_left_alone(words):
    assert cli.in_flags(words) == words


@pytest.mark.parametrize("command", ["fit", "predict", "compare"])
def test_the_flags_that_a_message_names_are_there_and_help(run, command):
    small = [*SMALL[:-1], "0"]
    words = {
        "fit": ["fit", "twice.csv", *FIT[2:], "--out", "m.safetensors", *small],
        "predict": ["predict", "small.safetensors", "twice.csv"],
        "compare": ["compare", "--data", "twice.csv", *FIT[2:], *ONE_RUN, *small],
    }[command]
    if command == "predict":
        assert run(*FIT, "--out", "small.safetensors", *small)[0] == 0
    code, _, err = run(*words)
    assert (code, "pass --sort." in err) == (2, True), err
    code, _, err = run(*words, "--sort")
    assert (code, "pass --duplicates mean or" in err) == (2, True), err
    code, _, err = run(*words, "--sort", "--duplicates", "mean")
    assert code == 0, err


def test_a_model_fitted_with_sort_sorts_unless_told_not_to(run):
    assert run("predict", "--help")[1].count("(default: False)") == 1  # of --proba
    fit = [*FIT, "--sort", "--out", "sorts.safetensors", *SMALL[:-1], "0"]
    assert run(*fit)[0] == 0
    predict = ["predict", "sorts.safetensors", "twice.csv", "--duplicates", "mean"]
    code, _, err = run(*predict)
    assert code == 0, err
    code, _, err = run(*predict, "--no-sort")
    assert (code, "pass --sort." in err) == (2, True), err
    code, _, err = run(*predict, "--no-sort", "--sort")
    assert (code, "exclude each other" in err) == (2, True), err


def test_ids_of_a_text_file_stay_the_text_they_are(folder):
    (folder / "zeros.csv").write_text("who,when,pulse\n007,2026-01-01,1.0\n")
    frame = read_frame(folder / "zeros.csv", time_col="when", id_col="who")
    assert frame["who"].tolist() == ["007"]


@pytest.mark.parametrize(
    "times", [["2026-01-01 08:00:00", "2026-01-01 09:30:00+01:00"], ["1 day", "5"]]
)
def test_times_that_would_have_to_be_guessed_stay_text(folder, times):
    pd.DataFrame({"who": "a", "when": times, "x": 1.0}).to_csv(folder / "mixed.csv", index=False)
    frame = read_frame(folder / "mixed.csv", time_col="when")
    assert frame["when"].tolist() == times


def test_several_zones_become_utc(folder):
    times = ["2026-01-01 08:00:00+00:00", "2026-01-01 09:30:00+01:00"]
    pd.DataFrame({"who": "a", "when": times, "x": 1.0}).to_csv(folder / "zones.csv", index=False)
    frame = read_frame(folder / "zones.csv", time_col="when")
    assert frame["when"].diff().iloc[1] == pd.Timedelta("30min")


@pytest.mark.parametrize(("told", "seconds"), {"h": 3600, "10m": 600, "600s": 600}.items())
def test_a_budget_is_a_length_like_any_other(told, seconds):
    assert seconds_of(told, "--budget") == seconds


WRONG = {
    "no such ending": (
        ["fit", "readings.csv", "--labels", "labels.csv", "--out", "m.pkl", *COLUMNS],
        "--out m.pkl must end in .safetensors",
    ),
    "no command": ([], "Missing subcommand"),
    "unknown command": (["fly"], "fly"),
    "unknown option": ([*FIT, "--out", "m.safetensors", "--wings", "2"], "wings"),
    "no such file": (
        ["predict", "none.safetensors", "readings.csv"],
        "There is no file 'none.safetensors'",
    ),
    "not a model": (["info", "readings.csv"], "no safetensors file"),
    "labels nowhere": (
        ["fit", "readings.csv", "--labels", "nowhere", "--out", "m.safetensors", *COLUMNS],
        "'nowhere' is neither a file nor a column of the readings. Columns: who, when, pulse",
    ),
    "labels without id": (
        [
            "fit",
            "readings.csv",
            "--labels",
            "labels.csv",
            "--out",
            "m.safetensors",
            "--time",
            "when",
        ],
        "labels.csv must hold the column 'unique_id'",
    ),
    "another kind of file": (
        ["fit", "notes.txt", "--labels", "a", "--out", "m.safetensors"],
        "notes.txt",
    ),
    "times that are none": (
        ["fit", "bad_times.csv", "--labels", "labels.csv", "--out", "m.safetensors", *COLUMNS],
        "yesterday",
    ),
    "labels without readings": (
        ["compare", "--labels", "labels.csv"],
        "go with a file of readings",
    ),
    "a column to ignore that is not there": (
        [*FIT, "--out", "m.safetensors", "--ignore", "puls"],
        "--ignore 'puls' is no column of the readings. Columns: who, when, pulse.",
    ),
    "columns to ignore without readings": (
        ["compare", "--ignore", "pulse"],
        "go with a file of readings",
    ),
    "readings without labels": (["compare", "--data", "readings.csv"], "Name the labels too"),
    "a budget without a unit": (
        ["compare", "--budget", "600"],
        "--budget 600 needs a unit: write 600s, 10m or 2h.",
    ),
    "a budget that is none": (["compare", "--budget", "nan apples"], "is no length of time such"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_call_ends_in_words_and_exit_code_2(run, case):
    words, message = WRONG[case]
    code, out, err = run(*words)
    assert code == 2
    assert message in out + err
    assert "Traceback" not in out + err

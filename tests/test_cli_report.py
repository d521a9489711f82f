"""ct-s5 report and ct-s5 export."""

import re

import numpy as np
import pandas as pd
import pytest

from ct_s5 import S5Classifier, encode, load_exported
from ct_s5.runtime import load as load_runtime


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Readings of twelve series, and a model whose time unit is far too short."""
    folder = tmp_path_factory.mktemp("ward")
    rng = np.random.default_rng(0)
    times = pd.Timestamp("2026-01-01") + pd.to_timedelta(
        rng.exponential(3600, (12, 10)).cumsum(axis=1).ravel(), unit="s"
    )
    frame = pd.DataFrame({"bed": np.repeat([f"b{k}" for k in range(12)], 10), "when": times})
    frame["pulse"] = rng.normal(70, 9, 120)
    frame["temp"] = np.where(rng.random(120) < 0.5, np.nan, 37.0)
    frame.to_csv(folder / "readings.csv", index=False)
    labels = pd.Series(np.arange(12) % 2, index=[f"b{k}" for k in range(12)])
    sizes = {"width": 8, "states": 8, "depth": 1, "max_epochs": 1, "random_state": 0}
    model = S5Classifier(**sizes, id_col="bed", time_col="when", time_unit="1s")
    model.fit(frame, labels).save(folder / "model.safetensors")
    return folder


@pytest.fixture
def run(ct_s5_command, monkeypatch, folder):
    monkeypatch.chdir(folder)
    return ct_s5_command


def test_a_report_tells_gaps_and_silences(run):
    code, out, err = run("report", "readings.csv", "--id", "bed", "--time", "when")
    assert (code, err) == (0, "")
    assert "120 rows of 12 series; none without a reading" in out
    assert re.search(r"pulse +120 +0.0%", out)
    assert "Longest silences" in out


def test_with_a_model_it_tells_how_long_that_remembers_in_the_columns_of_the_model(run):
    code, out, _ = run("report", "readings.csv", "--model", "model.safetensors")
    assert code == 0
    assert re.search(r"half-lives, block 0 +\d", out)
    assert re.search(r"gaps between readings +\d", out)
    assert "The model forgets before the next reading" in out
    assert "leave --time-unit out" in out


def test_the_page_has_every_picture_and_stands_alone(run, folder):
    words = ["report", "readings.csv", "--model", "model.safetensors", "--out", "page.html"]
    code, out, _ = run(*words)
    assert code == 0
    assert out.endswith("Page page.html\n")
    page = (folder / "page.html").read_text()
    for told in (
        "Gaps of readings.csv",
        "Typical gap between readings",
        "How long the model remembers",
        "The model forgets before the next reading",
        'aria-label="Half-lives of the states over the gaps"',
        'aria-label="Histogram of the gaps between readings"',
        'aria-label="Readings of series b',
        "The longest silences",
    ):
        assert told in page
    assert not re.findall(r'(?:src|href)="(?!#)', page)


def test_a_frame_without_any_gap_still_has_a_page(run, folder):
    one = pd.DataFrame({"unique_id": ["a", "b"], "ds": ["2026-01-01", "2026-01-02"], "x": [1, 2]})
    one.to_csv(folder / "one.csv", index=False)
    code, out, _ = run("report", "one.csv", "--out", "one.html")
    assert code == 0
    assert "none, name one" in out
    page = (folder / "one.html").read_text()
    assert "Histogram" not in page
    assert "2 with only one" in page


def test_the_channels_that_are_read_most_are_drawn(run, folder):
    frame = pd.read_csv(folder / "readings.csv")
    rare = {f"rare {k}": np.where(np.arange(120) < 5, 1.0, np.nan) for k in range(2)}
    frame = frame[["bed", "when"]].assign(**rare, pulse=frame["pulse"], temp=frame["temp"])
    frame.to_csv(folder / "rare.csv", index=False)
    words = ["report", "rare.csv", "--id", "bed", "--time", "when", "--out", "rare.html"]
    assert run(*words)[0] == 0
    examples = (folder / "rare.html").read_text().split("Some of the series")[1]
    assert "pulse" in examples
    assert "rare 0" in examples
    assert "rare 1" not in examples
    assert "1 channels that are read less often are not drawn" in examples


def test_a_compiled_model_answers_as_the_model_does(run, folder):
    code, out, _ = run("export", "model.safetensors", "--out", "compiled.safetensors")
    assert code == 0
    assert re.fullmatch(
        r"Wrote compiled.safetensors \(\d+ kB\): series and step, for cpu, cuda.\n", out
    )
    compiled = load_exported(folder / "compiled.safetensors")
    frame = pd.read_csv(folder / "readings.csv", parse_dates=["when"])
    scores = np.asarray(compiled(encode(frame, compiled.schema).series.batch()))
    stream = load_runtime(folder / "model.safetensors").begin()
    first = frame[frame["bed"] == "b0"]
    gaps = first["when"].diff().dt.total_seconds()
    for row, gap in zip(first.itertuples(), gaps, strict=True):
        chances = stream.read([row.pulse, row.temp], None if np.isnan(gap) else gap)
    shares = np.exp(scores[0]) / np.exp(scores[0]).sum()
    np.testing.assert_allclose(shares, chances, atol=1e-5)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["report", "readings.csv"], "unique_id"),
        (["report", "absent.csv"], "absent.csv"),
        (["report", "readings.csv", "--out", "page.txt"], "must end in .html"),
        (["report", "readings.csv", "--ignore", "q"], "--ignore 'q' is no column"),
        (["export", "absent.safetensors", "--out", "c.safetensors"], "absent.safetensors"),
        (["export", "model.safetensors", "--out", "c.bin"], "must end in .safetensors"),
        (["export", "model.safetensors", "--out", "model.safetensors"], "is the model itself"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(run, words, said):
    code, _, err = run(*words)
    assert code == 2
    assert said in err
    assert err.count("\n") == 1


def test_help_teaches(run):
    for command in ("report", "export"):
        code, out, _ = run(command, "--help")
        assert code == 0
        assert f"ct-s5 {command} " in out
        assert command in run("--help")[1]

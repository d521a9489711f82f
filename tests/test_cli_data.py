"""ct-s5 data, and data sets by name in ct-s5 compare."""

import dataclasses
import json
import pathlib
import re
import subprocess
import sys
import types

import numpy as np
import pandas as pd
import pytest

from ct_s5 import lab
from ct_s5_datasets import Dataset, check, describe


def made_up(labels=True):
    """A small set in the form of `ct_s5_datasets`: twelve series, one channel."""
    rng = np.random.default_rng(0)
    ids = np.repeat(np.arange(12), 10)
    times = pd.to_timedelta(rng.exponential(60, 120).cumsum(), unit="s")
    frame = pd.DataFrame({"unique_id": ids, "ds": times, "pulse": rng.normal(ids % 2, 1)})
    answers = pd.Series(np.arange(12) % 2, index=pd.Index(range(12), name="unique_id"))
    split = {"train": np.arange(9), "test": np.arange(8, 12)}
    return Dataset(frame, answers if labels else None, None, {}, {"ours@1": split}, "# Ours")


@pytest.fixture
def run(ct_s5_command, monkeypatch, tmp_path):
    """Run `ct-s5` in an empty folder, with one more provider; gives exit code, output, errors."""
    told = types.SimpleNamespace(
        title="made up", licence="none needed", size="none", simulated=True, arrays=False
    )
    module = types.SimpleNamespace(
        __name__="made_up",
        names=lambda: ["ours", "ours/ours@1", "bare"],
        describe=lambda: {"ours": told, "bare": told},
        card=lambda name: f"# {name}",
        check=check,
        fetch=lambda name, root: [f"{name}.txt"],
        load=lambda name, root=None, part=None: made_up(name != "bare").with_origin(name=name),
    )
    monkeypatch.setitem(sys.modules, "made_up", module)
    own = lab.providers()
    monkeypatch.setattr(
        "ct_s5.lab._data_sets.providers", lambda: own | dict.fromkeys(module.names(), module)
    )
    monkeypatch.setattr("ct_s5.lab.providers", lambda: own | dict.fromkeys(module.names(), module))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CT_S5_DATA", raising=False)
    monkeypatch.setenv("CT_S5_CACHE", str(tmp_path / "cache"))

    return ct_s5_command


def test_the_library_finds_its_own_sets_by_their_entry_point():
    assert lab.provider_of("physionet2012").__name__ == "ct_s5_datasets"


def test_the_list_shows_every_set_with_licence_size_and_whether_it_is_there(
    run, monkeypatch, tmp_path
):
    code, out, _ = run("data", "list")
    assert code == 0
    line = next(line for line in out.splitlines() if line.startswith("physionet2012"))
    assert " ".join(line.split()) == (
        "physionet2012 to fetch 20 MB (a, b, c) ODC-BY 1.0 48 hours of intensive care; death in "
        "hospital"
    )
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "physionet2012/mtan-classif@1 rebuilt, leaks" in lines
    assert "physionet2012/mtan-classif-leakfree@1 rebuilt" in lines
    assert (
        lines.index("lra/text-leakfree@s5 rebuilt") == lines.index("lra/text@s5 exact, leaks") + 1
    )
    assert "ours" in out
    (tmp_path / "physionet2012").mkdir()
    monkeypatch.setenv("CT_S5_DATA", str(tmp_path))
    assert re.search(r"physionet2012 +to fetch ", run("data", "list")[1])
    (tmp_path / "physionet2012" / "set-a.tar.gz").touch()
    assert re.search(r"physionet2012 +here ", run("data", "list")[1])


def test_a_card_is_shown_and_an_unknown_name_gets_the_nearest(run):
    assert run("data", "card", "ours") == (0, "# ours\n", "")
    code, _, err = run("data", "card", "physionet212")
    assert code == 2
    assert err == (
        "ct-s5: No data set 'physionet212'. Did you mean 'physionet2012'? `ct-s5 data list` shows "
        "all.\n"
    )


def test_fetched_files_are_named(run):
    assert run("data", "fetch", "ours") == (0, "ours.txt\n", "")
    code, _, err = run("data", "fetch", "lra/retrieval")
    assert code == 2
    assert "The files of lra/retrieval cannot be fetched" in err
    code, _, err = run("data", "fetch", "uea", "--part", "BasicMotions")
    assert code == 2
    assert "BasicMotions.zip has no published hash" in err
    assert "ct-s5 data fetch uea --part BasicMotions --pin" in err


def test_parts_and_pins_go_to_sets_that_know_of_them(run, monkeypatch):
    asked = []

    def fetch(name, root, **told):
        asked.append((name, root, told))
        return []

    monkeypatch.setattr(sys.modules["made_up"], "fetch", fetch)
    assert run("data", "fetch", "ours", "--part", "a,b", "--root", "here")[0] == 0
    assert run("data", "fetch", "ours", "--part", "a", "--pin")[0] == 0
    assert asked == [
        ("ours", pathlib.Path("here"), {"part": ("a", "b")}),
        ("ours", None, {"part": "a", "pin": True}),
    ]
    monkeypatch.setattr(sys.modules["made_up"], "fetch", lambda name, root: [])
    code, _, err = run("data", "fetch", "ours", "--pin")
    assert code == 2
    assert "ours takes no --pin: its package fetches it whole" in err


def test_a_leak_ends_in_exit_code_1(run):
    code, out, _ = run("data", "check", "ours")
    assert code == 1
    assert "- ours@1: 1 series are in train and in test, first 8.\n1 finding.\n" in out


def test_help_teaches(run):
    code, out, _ = run("data", "--help")
    assert code == 0
    for command in ("list", "card", "fetch", "check"):
        assert command in out
        assert run("data", command, "--help")[0] == 0
    assert "list, card, fetch, check" in run("--help")[1]


def test_compare_takes_a_data_set_by_name(run):
    small = ["--max-epochs", "1", "--width", "8", "--states", "8", "--depth", "1"]
    one = ["--treatments", "true", "--seeds", "1", "--out", "one"]
    code, out, _ = run("compare", "--data", "ours", *one, *small)
    assert code == 0
    assert "--data ours" in out
    told = json.loads(pathlib.Path("one/results.json").read_text())
    assert told["settings"]["data_set"] == made_up().with_origin(name="ours").cite()


def test_people_whom_a_data_set_knows_stay_on_one_side_of_a_split(run, monkeypatch):
    whole = made_up()
    people = pd.Series(whole.labels.index.astype(str).str[-1:], whole.labels.index, name="person")
    known = dataclasses.replace(whole, groups=people)
    monkeypatch.setattr(sys.modules["made_up"], "load", lambda name, **_: known)
    pathlib.Path("ours").mkdir()  # as --out may have made it
    one = ["--models", "constant", "--treatments", "true", "--seeds", "3", "--out", "ours"]
    code, _, err = run("compare", "--data", "ours", *one)
    assert code == 0, err
    told = json.loads(pathlib.Path("ours/results.json").read_text())
    assert told["settings"]["grouped"]
    assert all(len(r["units"]) < len(people) / 4 for r in told["runs"])
    # Of a series of nobody's nothing is known but that it is no one else's; two persons are enough
    # where the split is given.
    two = people.where(people == "0")
    monkeypatch.setattr(
        sys.modules["made_up"], "load", lambda name, **_: dataclasses.replace(known, groups=two)
    )
    code, _, err = run("compare", "--data", "ours", *one)
    assert code == 0, err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ours", "--labels", "x"], "--labels and --static: the data set ours brings its own"),
        (["bare"], "bare has no answer a series in a frame, which `compare` needs"),
        (["our", "--labels", "x"], "No data set 'our'. Did you mean 'ours'?"),
        (["physionet2012"], "physionet2012 is not a folder.* Give root=, .* CT_S5_DATA"),
    ],
)
def test_a_name_that_cannot_be_used_says_why(run, words, said):
    code, _, err = run("compare", "--data", *words)
    assert code == 2
    assert re.search(said.replace("?", r"\?"), err), err


@pytest.mark.parametrize("told", [["list"], ["card", "glucose"]])  # beyond a buffer, and within
def test_a_reader_that_leaves_is_no_mistake(told):
    words = [sys.executable, "-c", "from ct_s5.cli import main; main()", "data", *told]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(words, text=True, **pipes) as process:
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == ("", 2)


def test_a_set_is_here_when_one_of_its_files_is(run, monkeypatch, tmp_path):
    monkeypatch.setenv("CT_S5_DATA", str(tmp_path))
    for place in ("lra/retrieval/notes.txt", "hurdat2/hurdat2-nepac-1949-1999.txt"):
        (tmp_path / place).parent.mkdir(parents=True)
        (tmp_path / place).write_text("")
    listed = run("data", "list")[1].splitlines()
    where = {line.split()[0]: line.split()[1] for line in listed if not line.startswith(" ")}
    assert (where["lra/retrieval"], where["hurdat2"], where["ours"]) == ("-", "here", "made")


@pytest.mark.parametrize("name", [n for n, told in describe().items() if not told.simulated])
def test_every_set_says_what_its_files_are_called(name):
    assert describe()[name].files

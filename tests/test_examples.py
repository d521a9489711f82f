"""The examples, and the commands of the README, run as they stand."""

import pathlib
import shlex
import sys

import pytest
from pages import ROOT, blocks

from ct_s5.lab import demo_data

EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.name)
def test_an_example_runs(example, tmp_path, as_a_reader):
    draws = ["--out", "picture.svg"] if '"--out"' in example.read_text() else []
    as_a_reader([sys.executable, str(example), *draws], tmp_path)
    assert bool(draws) == (tmp_path / "picture.svg").exists()


@pytest.mark.slow
def test_the_commands_of_the_readme_run(tmp_path, as_a_reader):
    frame, labels = demo_data(n_series=40)
    frame.to_csv(tmp_path / "readings.csv", index=False)
    labels.rename("kind").rename_axis("unique_id").to_csv(tmp_path / "labels.csv")
    commands = [
        shlex.split(line)
        for block in blocks(ROOT / "README.md", "")
        for line in block.splitlines()
        if line.startswith("ct-s5") and "out/demo" not in line
    ]
    assert {command[1] for command in commands} == {"fit", "predict", "info", "compare"}
    for command in commands:
        if command[1] in ("fit", "compare"):
            # The reader's command, made small enough for a test.
            command += ["--max-epochs", "1", "--width", "8", "--states", "8", "--depth", "1"]
        if command[1] == "compare":
            command[command.index("--seeds") + 1] = "1"
        as_a_reader(
            [str(pathlib.Path(sys.executable).with_name(command[0])), *command[1:]], tmp_path
        )
    assert (tmp_path / "answers.csv").read_text().count("\n") == 41

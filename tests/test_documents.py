"""Every snippet and example that a reader may copy runs as it stands."""

import os
import pathlib
import re
import shlex
import subprocess
import sys

import pytest

from ct_s5.lab import demo_data

ROOT = pathlib.Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))


def _blocks(page: pathlib.Path, language: str) -> list[str]:
    # Every fence, opening or closing, so that the end of one block is not the start of the next.
    parts = re.split(r"^```(\w*)\n", page.read_text() + "\n", flags=re.MULTILINE)
    return [body for fence, body in zip(parts[1::4], parts[2::4], strict=True) if fence == language]


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in PAGES if _blocks(p, "python")], ids=lambda p: p.name)
def test_the_snippets_of_a_page_run(page, tmp_path):
    code = "\n".join(_blocks(page, "python"))
    _run([sys.executable, "-c", code], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.name)
def test_an_example_runs(example, tmp_path):
    draws = ["--out", "picture.svg"] if '"--out"' in example.read_text() else []
    _run([sys.executable, str(example), *draws], tmp_path)
    assert bool(draws) == (tmp_path / "picture.svg").exists()


@pytest.mark.slow
def test_the_commands_of_the_readme_run(tmp_path):
    frame, labels = demo_data(n_series=40)
    frame.to_csv(tmp_path / "readings.csv", index=False)
    labels.rename("kind").rename_axis("unique_id").to_csv(tmp_path / "labels.csv")
    commands = [
        shlex.split(line)
        for block in _blocks(ROOT / "README.md", "")
        for line in block.splitlines()
        if line.startswith("ct-s5") and "out/demo" not in line
    ]
    assert {command[1] for command in commands} == {"fit", "predict", "info", "compare"}
    for command in commands:
        if command[1] in ("fit", "compare"):
            # The reader's command, made small enough for a test.
            command += ["--max-epochs", "1", "--width", "8", "--states", "8"]
        if command[1] == "compare":
            command[command.index("--seeds") + 1] = "1"
        _run([str(pathlib.Path(sys.executable).with_name(command[0])), *command[1:]], tmp_path)
    assert (tmp_path / "answers.csv").read_text().count("\n") == 41


def test_links_between_pages_lead_somewhere():
    for page in [*PAGES, ROOT / "CONTRIBUTING.md", *ROOT.glob("experiments/*/README.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def _run(command, folder):
    # Small networks compile far longer than they run.
    quiet = os.environ | {"TQDM_DISABLE": "1", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    done = subprocess.run(command, cwd=folder, env=quiet, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]

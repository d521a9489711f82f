"""The commit that a result names, in a checkout made for the test."""

import importlib.util
import pathlib
import shutil
import subprocess

import pytest

import ct_s5.lab._surroundings as ours


def git(folder, *words):
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *words], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path):
    """A checkout with this module and one results file in it, and the module's `commit`."""
    module = tmp_path / "ct_s5" / "lab" / "_surroundings.py"
    results = tmp_path / "experiments" / "speed" / "results" / "scan.json"
    for path in (module, results):
        path.parent.mkdir(parents=True)
    shutil.copy(pathlib.Path(ours.__file__), module)
    results.write_text("{}")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "one")
    spec = importlib.util.spec_from_file_location("surroundings_elsewhere", module)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return tmp_path, results, module, loaded.commit


def test_a_run_that_writes_its_own_results_changes_no_code(checkout):
    folder, results, module, commit = checkout
    clean = git(folder, "rev-parse", "HEAD")
    assert commit() == clean
    results.write_text("[]")
    assert commit() == clean
    results.unlink()
    assert commit() == clean
    module.write_text(module.read_text() + "\n# changed\n")
    assert commit() == f"{clean}-dirty"


def test_below_another_project_there_is_no_commit(checkout):
    folder, _, _, commit = checkout
    shutil.rmtree(folder / ".git")
    git(folder.parent, "init", "--quiet")
    try:
        assert commit() is None
    finally:
        shutil.rmtree(folder.parent / ".git")

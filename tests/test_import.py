"""`import ct_s5` is light, and its names are where the stub says they are."""

import ast
import importlib.metadata
import pathlib
import subprocess
import sys

import pytest

import ct_s5

HEAVY = {"jax", "equinox", "optax", "diffrax", "pandas", "sklearn", "numpy", "matplotlib", "tyro"}


def _modules_after(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_loads_nothing_heavy():
    assert not HEAVY & _modules_after("import ct_s5; dir(ct_s5)")


def test_that_the_test_above_can_fail():
    assert {"jax", "equinox"} <= _modules_after("import ct_s5; ct_s5.S5Layer")


def test_a_room_loads_only_what_it_needs():
    loaded = _modules_after("from ct_s5 import S5Layer, S5Block")
    assert not {"pandas", "sklearn", "optax", "diffrax"} & loaded


def test_stub_and_module_offer_the_same_names():
    stub = pathlib.Path(ct_s5.__file__).with_suffix(".pyi")
    named = {
        alias.asname
        for node in ast.parse(stub.read_text()).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert named == set(ct_s5.__all__)


def test_every_name_resolves():
    for name in ct_s5.__all__:
        assert getattr(ct_s5, name) is not None


def test_an_unknown_name_says_so():
    with pytest.raises(AttributeError, match="S6Layer"):
        getattr(ct_s5, "S6Layer")  # noqa: B009


def test_the_version_is_that_of_the_distribution():
    assert ct_s5.__version__ == importlib.metadata.version("ct-s5")

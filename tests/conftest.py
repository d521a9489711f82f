"""Stricter rules than users meet, and the fixtures that several rooms share."""

import importlib.metadata
import inspect
import os
import pathlib
import subprocess

# All this before jax is imported. An accelerator would only change the rounding.
os.environ.setdefault("JAX_PLATFORMS", "cpu")
if os.environ.get("CT_S5_COMPILE") == "quickly":
    # Networks in tests are tiny: they compile far longer than they run. All this takes half the
    # time. jaxlib 0.12 has one way left to make fused loops, and refuses to be told another.
    flags = ["--xla_backend_optimization_level=0", "--xla_llvm_disable_expensive_passes=true"]
    if importlib.metadata.version("jaxlib").startswith("0.10."):
        flags.append("--xla_cpu_use_fusion_emitters=false")
    os.environ["XLA_FLAGS"] = " ".join([os.environ.get("XLA_FLAGS", ""), *flags])

import jax
import pytest

jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")

_MANY_MAPS = 0.38  # of those that the system grants: a module may take as many again


@pytest.fixture(params=["float32", "float64"])
def precision(request):
    """Run the test in both precisions; the value is the dtype's name."""
    with jax.enable_x64(request.param == "float64"):
        yield request.param


@pytest.fixture(scope="session", autouse=True)
def parsed_sets(tmp_path_factory):
    """Parsed data sets are kept for the session, never in the user's own cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CT_S5_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module", autouse=True)
def few_compiled_functions():
    """Give compiled functions back before a process holds more of them than the system allows.

    Each takes a few memory maps, of which Linux grants a process 65,530; a run of all tests ended
    there once, in a segmentation fault inside XLA.
    """
    yield
    from ct_s5.training._programs import give_back_programs

    give_back_programs(_MANY_MAPS)


@pytest.fixture(scope="session")
def shared_data() -> pathlib.Path:
    """The folder of real data sets, or a skip that says how to name it."""
    folder = os.environ.get("CT_S5_SHARED_DATA")
    if not folder or not pathlib.Path(folder).is_dir():
        pytest.skip("real data absent: point CT_S5_SHARED_DATA at the folder of data sets")
    return pathlib.Path(folder)


@pytest.fixture(scope="session")
def real(shared_data):
    """From the place of a real file or folder to its path, or to a skip that names it."""

    def place(*parts):
        path = shared_data.joinpath(*parts)
        if not path.exists():
            pytest.skip(f"{path} is absent")
        return path

    return place


@pytest.fixture
def ct_s5_command(monkeypatch, capsys):
    """Run `ct-s5` with some words; gives exit code, output and error text."""
    from ct_s5 import cli

    def run(*words):
        monkeypatch.setattr("sys.argv", ["ct-s5", *words])
        code = 0
        try:
            cli.main()
        except SystemExit as exit:
            code = exit.code or 0
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def pytest_collection_modifyitems(items):
    """Files with slow tests first, so that none of them is left for one process at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Under `make shapes` the checker refuses wrong input before our own words can.

    A test that expects a refusal then skips: its words are matched in the other run.
    """
    try:
        return (yield)
    except Exception as error:
        checked = type(error).__name__ in ("TypeCheckError", "BeartypeCallHintParamViolation")
        if checked and "pytest.raises" in inspect.getsource(item.function):
            pytest.skip("the shape checker spoke first")
        raise


@pytest.fixture
def as_a_reader():
    """Run a command in a folder of its own, and fail with what it said."""

    def run(command, folder):
        quiet = os.environ | {"TQDM_DISABLE": "1"}
        done = subprocess.run(command, cwd=folder, env=quiet, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]

    return run

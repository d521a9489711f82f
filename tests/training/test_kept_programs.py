"""JAX can keep what training and answering compile, and another process finds it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROCESS = """
import collections, jax
count = collections.Counter()
jax.monitoring.register_event_listener(lambda name, **_: count.update([name.split("/")[-1]]))
from tiny_training import SETTINGS, classes, tiny_model, tiny_series
from ct_s5.training import fit, predict_all
trained = fit(tiny_model(), tiny_series(), classes(), loss="class", settings=SETTINGS).model
print(count["cache_hits"], predict_all(trained, tiny_series()).tolist())
"""


def told(cache: Path) -> str:
    here = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    keeping = {"JAX_COMPILATION_CACHE_DIR": str(cache), "PYTHONPATH": here}
    keeping |= {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    run = [sys.executable, "-c", PROCESS]
    done = subprocess.run(run, env=os.environ | keeping, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.slow
def test_a_second_process_finds_what_the_first_has_compiled(tmp_path):
    found, answers = told(tmp_path).split(" ", 1)
    kept = {path.name.rsplit("-", 2)[0] for path in tmp_path.iterdir()}
    assert {"jit__train_step", "jit__answers"} <= kept
    again, same = told(tmp_path).split(" ", 1)
    assert int(again) >= int(found) + len(kept)
    assert same == answers

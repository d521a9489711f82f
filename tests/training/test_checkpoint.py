"""A training that was stopped goes on as if it had not been."""

import dataclasses
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from tiny_training import SETTINGS, arrays_of, classes, tiny_model, tiny_series

from ct_s5.training import ArchiveError, FitSettings, Targets, fit
from ct_s5.training._checkpoint import Checkpoint

HELD_OUT = tiny_series(5, seed=9), classes(5)
CLOCKS = ["seconds", "series_per_second"]


def train(path=None, **changes):
    told = {
        "model": tiny_model(),
        "series": tiny_series(),
        "targets": classes(),
        "loss": "class",
        "settings": SETTINGS,
        "validation": HELD_OUT,
    }
    return fit(**(told | changes), checkpoint=path)


# Another process, so that nothing that a process alone knows can pass for the state of a training.
KILLED = """
import os, signal
from test_checkpoint import train
from ct_s5.training._checkpoint import Checkpoint

write = Checkpoint.write

def write_and_die(self, now):
    write(self, now)
    if now.epoch == 2:
        os.kill(os.getpid(), signal.SIGKILL)

Checkpoint.write = write_and_die
train(os.environ["CHECKPOINT"])
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """The checkpoint of a process that was killed just after the second epoch."""
    path = tmp_path_factory.mktemp("killed") / "training.ckpt"
    here = pathlib.Path(__file__).parent
    told = os.environ | {"CHECKPOINT": str(path), "PYTHONPATH": str(here)}
    done = subprocess.run(
        [sys.executable, "-c", KILLED], env=told, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    return path


@pytest.fixture
def stopped(killed, tmp_path):
    return pathlib.Path(shutil.copy(killed, tmp_path))


def test_a_resumed_training_is_the_uninterrupted_one_to_the_bit(stopped):
    resumed, whole = train(stopped), train()
    assert resumed.history.index.tolist() == [1, 2, 3, 4]
    one, other = (r.history.drop(columns=CLOCKS) for r in (resumed, whole))
    assert one.equals(other)
    assert resumed.best_epoch == whole.best_epoch
    for a, b in zip(arrays_of(resumed.model), arrays_of(whole.model), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_training_that_is_over_is_read_and_not_trained_again(stopped, monkeypatch):
    over = train(stopped)
    monkeypatch.setattr("ct_s5.training._fit._train_step", None)
    again = train(stopped)
    assert again.history.equals(over.history)
    for a, b in zip(arrays_of(again.model), arrays_of(over.model), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_training_that_patience_ended_stays_ended(tmp_path):
    # Labels turned round, so that validation only becomes worse.
    turned = tiny_series(), Targets(1 - classes().values, np.ones(6))
    settings = dataclasses.replace(SETTINGS, max_epochs=60, patience=2, learning_rate=0.05)
    first = train(tmp_path / "c", settings=settings, validation=turned)
    assert len(first.history) < 60
    assert train(tmp_path / "c", settings=settings, validation=turned).history.equals(first.history)


OTHERS = {
    "settings": {"settings": dataclasses.replace(SETTINGS, learning_rate=0.02)},
    "more epochs": {"settings": dataclasses.replace(SETTINGS, max_epochs=5)},
    "seed": {"settings": dataclasses.replace(SETTINGS, seed=4)},
    "model": {"model": tiny_model(dropout=0.2)},
    "first weights": {"model": None},
    "series": {"series": tiny_series(seed=7)},
    "what was observed": {
        "series": dataclasses.replace(tiny_series(), observed=np.ones((24, 2), bool))
    },
    "targets": {"targets": Targets(1 - classes().values, np.ones(6))},
    "weights of targets": {"targets": Targets(classes().values, np.arange(1.0, 7.0))},
    "validation": {"validation": (tiny_series(5, seed=8), classes(5))},
    "no validation": {"validation": None},
}


@pytest.mark.parametrize("what", OTHERS)
def test_a_checkpoint_of_another_training_is_refused(stopped, what):
    changes = OTHERS[what]
    if what == "first weights":
        import jax

        changes = {"model": jax.tree.map(lambda w: w + 1, tiny_model())}
    with pytest.raises(
        ValueError, match="is the checkpoint of another training: settings, data or"
    ):
        train(stopped, **changes)


def test_numbers_of_numpy_are_the_settings_that_they_say():
    sizes = {"max_epochs": np.int64(4), "seed": np.uint8(3), "packing": np.bool_(False)}
    told = FitSettings(**sizes, learning_rate=np.float32(0.25))
    plain = FitSettings(max_epochs=4, seed=3, packing=False, learning_rate=0.25)
    one, two = (Checkpoint.of("c", some, "class", tiny_model()) for some in (told, plain))
    assert one == two


def test_a_damaged_checkpoint_is_refused(stopped):
    whole = stopped.read_bytes()
    stopped.write_bytes(whole[:-100])
    with pytest.raises(ArchiveError, match="is truncated or damaged"):
        train(stopped)
    spoilt = bytearray(whole)
    spoilt[-50] ^= 4
    stopped.write_bytes(spoilt)
    with pytest.raises(ArchiveError, match="was altered after it was saved"):
        train(stopped)


def test_a_model_file_is_no_checkpoint(tmp_path):
    from ct_s5.training import write_archive

    path = write_archive(tmp_path / "model", "estimator", {}, {})
    with pytest.raises(ArchiveError, match="of kind 'estimator', not 'checkpoint'"):
        train(path)

"""Every task of Long Range Arena, from files to a results file, at a tiny size."""

import dataclasses
import json

import numpy as np
import pytest
from lra_files import image_files, retrieval_files, text_files

from ct_s5.training import read_archive
from experiments.lra import examples, recipe, run, train

FILES = {"text": text_files, "retrieval": retrieval_files, "image": image_files}
# A network of another shape each, to be compiled: `make test-fast` leaves three of them out.
SLOW = ("text", "image", "pathx")
TASKS = [pytest.param(t, marks=pytest.mark.slow if t in SLOW else ()) for t in recipe.TASKS]


@pytest.mark.parametrize("task", TASKS)
def test_one_command_trains_and_leaves_results(task, tmp_path):
    words = [task, "--preset", "tiny", "--out", str(tmp_path / "out"), "--processes", "1"]
    words += ["--work", str(tmp_path / "work")]
    if task in FILES:
        (tmp_path / "files").mkdir()
        words += ["--root", str(FILES[task](tmp_path / "files"))]
    run.main(words)

    results = json.loads((tmp_path / "out" / f"{task}-tiny.json").read_text())
    assert {"settings", "protocol", "versions", "commit", "machine"} <= set(results)
    (seed,) = results["seeds"]
    settings = recipe.read(task, "tiny")
    n_train = seed["examples"]["train"]
    assert seed["steps"] == settings.training.epochs * (n_train // settings.training.batch_size)
    assert [row["epochs"] for row in seed["curve"]] == list(range(1, settings.training.epochs + 1))
    assert all(np.isfinite(row["validation_loss"]) for row in seed["curve"])
    n_test = seed["examples"]["test"]
    assert seed["test_accuracy"] * n_test == pytest.approx(round(seed["test_accuracy"] * n_test))


@pytest.fixture(scope="module")
def listops(tmp_path_factory):
    """Sixteen steps of six expressions, validated twice an epoch."""
    folder = tmp_path_factory.mktemp("listops")
    told = recipe.read("listops", "tiny")
    training = dataclasses.replace(told.training, batch_size=6, validations=2)
    told = dataclasses.replace(told, training=training)
    return told, examples.load(told.data, examples.generated(told.data, folder))


def test_a_batch_is_bytes_and_says_what_only_fills_it_up(listops):
    told, data = listops
    ids = data.parts["test"][:3]
    batch = data.batch(ids, 5)
    assert batch.codes.steps.dtype == np.uint8
    assert batch.codes.steps.shape == (5, told.data.length)
    assert batch.weights.tolist() == [1, 1, 1, 0, 0]
    assert batch.codes.lengths[3:].tolist() == [0, 0]
    assert batch.answers[:3].tolist() == [data.answers[id_] for id_ in ids]


def test_an_epoch_has_every_full_batch_once_and_another_order_than_the_last(listops):
    _, data = listops
    n_steps = data.n_steps(6)

    def seen(epoch, start=0):
        drawn = {"seed": 0, "epoch": epoch, "start": start, "stop": n_steps}
        return [batch.codes.steps.tobytes() for batch in data.training_batches(6, **drawn)]

    first = seen(1)
    assert len(set(first)) == n_steps
    assert seen(1, start=3) == first[3:]
    assert not set(first) & set(seen(2))


def without_times(outcome):
    curve = [{k: v for k, v in row.items() if k != "seconds"} for row in outcome["curve"]]
    times = ("training_seconds", "peak_memory_mb")
    return {k: v for k, v in outcome.items() if k not in times} | {"curve": curve}


@pytest.mark.parametrize("killed_at", [1, 4, 7, 13])
def test_a_killed_run_goes_on_to_the_very_numbers_of_one_that_was_not(
    listops, killed_at, tmp_path, monkeypatch
):
    told, data = listops
    whole = train.train(told, data, 3, tmp_path / "whole.safetensors")
    step, seen = train.step, []

    def kill(*args):
        if len(seen) == killed_at:
            raise KeyboardInterrupt
        seen.append(1)
        return step(*args)

    monkeypatch.setattr(train, "step", kill)
    path = tmp_path / "killed.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train.train(told, data, 3, path, seconds_between=0.0)
    monkeypatch.setattr(train, "step", lambda *args: (seen.append(1), step(*args))[1])
    resumed = train.train(told, data, 3, path)

    assert without_times(resumed) == without_times(whole)
    # Only a step right before a validation is not kept; that stretch has its last step once more.
    assert len(seen) - whole["steps"] in (0, 1)
    both = [
        read_archive(tmp_path / f"{name}.safetensors", "lra")[1] for name in ("whole", "killed")
    ]
    for name, array in both[0].items():
        np.testing.assert_array_equal(both[1][name], array, err_msg=name)


def test_a_run_out_of_time_is_scored_and_goes_on_when_given_more(listops, tmp_path):
    told, data = listops
    path = tmp_path / "c.safetensors"
    cut = train.train(told, data, 3, path, most_seconds=1e-9)
    assert cut["steps"] == 4
    assert cut["planned_steps"] == 16
    resumed = train.train(told, data, 3, path)
    whole = train.train(told, data, 3, tmp_path / "whole.safetensors")
    assert without_times(resumed) == without_times(whole)


def test_a_checkpoint_of_another_seed_is_refused(listops, tmp_path):
    told, data = listops
    short = dataclasses.replace(told, training=dataclasses.replace(told.training, epochs=1))
    train.train(short, data, 0, tmp_path / "c.safetensors")
    with pytest.raises(ValueError, match="checkpoint of another run"):
        train.train(short, data, 1, tmp_path / "c.safetensors")


def test_a_task_without_generator_says_where_its_files_are_to_be_had(tmp_path):
    with pytest.raises(ValueError, match="ct-s5 data card lra/text"):
        run.main(["text", "--work", str(tmp_path)])


def test_six_expressions_are_soon_known_by_heart(listops, tmp_path):
    told, data = listops
    training = dataclasses.replace(told.training, epochs=100, validations=1, state_rate=5e-3)
    told = dataclasses.replace(told, training=training)
    few = dataclasses.replace(data, parts=dict(data.parts) | {"train": data.parts["train"][:6]})
    curve = train.train(told, few, 0, tmp_path / "c.safetensors")["curve"]
    assert curve[0]["loss"] > 1.5
    assert curve[-1]["loss"] < 0.5

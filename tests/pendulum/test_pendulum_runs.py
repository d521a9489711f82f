"""Films, thinning, and a run that is killed and goes on, on a few made-up films."""

import dataclasses
import itertools

import numpy as np
import pytest

from ct_s5_datasets._pendulum_simulator import draw_pendulums
from experiments.pendulum import films, run, together, train
from experiments.pendulum.films import Films
from experiments.pendulum.recipe import ROWS, Recipe

TINY = Recipe(
    width=4, states=4, n_blocks=1, depth=1, readings=6, append=True, epochs=3, batch_size=4
)


def made_up(n, length=8, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.integers(256, size=(n, length, 24, 24)).astype(np.uint8)
    kept = rng.permuted(np.tile(np.arange(20), (n, 1)), axis=1)[:, :length]
    angles = rng.normal(size=(n, length))
    targets = np.stack([np.sin(angles), np.cos(angles)], axis=-1).astype(np.float32)
    return Films(images, np.sort(kept, axis=1), targets)


def test_readings_left_out_lengthen_the_gaps_between_those_that_stay():
    whole = made_up(5)
    some = films.thinned(whole, 5, np.random.default_rng(1))
    assert some.images.shape == (5, 5, 24, 24)
    at = np.cumsum(np.insert(np.diff(whole.times, axis=1), 0, whole.times[:, 0], axis=1), axis=1)
    gaps = films.gaps_of(some.times)
    for row in range(5):
        places = [int(np.flatnonzero(at[row] == t)[0]) for t in some.times[row]]
        assert len(set(places)) == 5
        np.testing.assert_array_equal(some.images[row], whole.images[row, places])
        np.testing.assert_array_equal(some.targets[row], whole.targets[row, places])
        steps = np.diff(whole.times[row])
        summed = [steps[a:b].sum() for a, b in itertools.pairwise(places)]
        np.testing.assert_array_equal(gaps[row], [1, *summed])


def test_an_epoch_takes_every_film_at_most_once_and_another_takes_other_readings():
    whole = made_up(10)
    first, again, other = (
        list(films.training_batches(whole, 4, 5, 3, epoch)) for epoch in (1, 1, 2)
    )
    assert [len(batch.gaps) for batch in first] == [4, 4]
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.images, two.images)
    assert not np.array_equal(first[0].targets, other[0].targets)
    told = np.concatenate([batch.targets[:, 0, 0] for batch in first])
    assert len(np.unique(told)) == 8


def test_a_mirrored_film_is_that_of_the_angles_with_their_signs_turned():
    angles = np.random.default_rng(0).uniform(-np.pi, np.pi, (40, 8))
    times = np.tile(np.arange(8), (40, 1))
    targets = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    whole = Films(draw_pendulums(angles), times, targets)
    half = films.mirrored(whole, np.random.default_rng(1))
    turned = half.targets[:, 0, 0] * np.sin(angles[:, 0]) < 0
    assert 10 < turned.sum() < 30
    signs = np.where(turned, -1, 1)[:, None]
    np.testing.assert_allclose(half.targets[..., 0], np.sin(signs * angles), atol=1e-12)
    np.testing.assert_array_equal(half.targets[..., 1], whole.targets[..., 1])
    np.testing.assert_array_equal(half.images[~turned], whole.images[~turned])
    # The drawer rounds to whole pixels of its canvas, one way for both sides: a tenth of ours.
    drawn = draw_pendulums(signs * angles).astype(float)
    off = np.abs(half.images - drawn).mean()
    assert off < 0.15 * np.abs(whole.images - drawn)[turned].mean()


def test_a_killed_run_goes_on_to_the_same_losses(tmp_path, monkeypatch):
    monkeypatch.setattr(train, "EPOCHS_BETWEEN_CHECKPOINTS", 1)
    parts = {name: made_up(8, seed=k) for k, name in enumerate(("train", "validation", "test"))}
    told = train.train(TINY, parts, 0, tmp_path / "whole.safetensors")

    one_epoch = train._epoch

    def killed(now, *rest):
        if now.epoch == 2:
            raise KeyboardInterrupt
        return one_epoch(now, *rest)

    path = tmp_path / "killed.safetensors"
    monkeypatch.setattr(train, "_epoch", killed)
    with pytest.raises(KeyboardInterrupt):
        train.train(TINY, parts, 0, path)
    monkeypatch.setattr(train, "_epoch", one_epoch)
    again = train.train(TINY, parts, 0, path)
    for name in set(told) - {"seconds_an_epoch", "training_seconds"}:
        assert again[name] == told[name], name
    assert again["epochs"] == 3
    assert told["validation_mse"] == pytest.approx(min(told["validation_by_epoch"]), abs=1e-6)
    with pytest.raises(ValueError, match="another run"):
        train.train(dataclasses.replace(TINY, beta=0.5), parts, 0, path)


def test_published_settings_are_those_of_the_paper():
    told = ROWS["s5_published"]
    assert (told.depth, told.width, told.states, told.n_blocks) == (4, 30, 16, 8)
    assert (told.state_rate, told.rate, told.batch_size, told.epochs) == (3e-3, 1.2e-2, 32, 100)
    assert (told.readings, told.gaps, told.bidirectional, told.prenorm) == (
        50,
        "true",
        False,
        False,
    )


def test_rows_come_in_turn_and_an_unknown_one_is_refused():
    told = list(run._in_turn(["s5_drop", "s5_append", "s5_both:7"], 2))
    assert told == [
        ("s5_drop", 0), ("s5_append", 0), ("s5_drop", 1), ("s5_append", 1), ("s5_both", 7)
    ]  # fmt: skip
    with pytest.raises(SystemExit, match="no row 's5'"):
        list(run._in_turn(["s5:0"], 1))


def test_seeds_trained_together_are_the_seeds_trained_one_by_one(tmp_path, monkeypatch):
    recipe = dataclasses.replace(TINY, mirror=True)
    parts = {name: made_up(8, seed=k) for k, name in enumerate(("train", "validation", "test"))}
    monkeypatch.setattr(together, "EPOCHS_BETWEEN_CHECKPOINTS", 1)
    path = tmp_path / "both.safetensors"
    one_epoch = together._epoch

    def killed(now, *rest):
        if now.epoch == 2:
            raise KeyboardInterrupt
        return one_epoch(now, *rest)

    monkeypatch.setattr(together, "_epoch", killed)
    with pytest.raises(KeyboardInterrupt):
        together.train_together(recipe, parts, [3, 5], path)
    monkeypatch.setattr(together, "_epoch", one_epoch)
    both = together.train_together(recipe, parts, [3, 5], path)
    assert both["epochs"] == 3
    for k, seed in enumerate([3, 5]):
        one = train.train(recipe, parts, seed, tmp_path / f"{seed}.safetensors")
        assert both["best_epochs"][k] == one["best_epoch"]
        for part in parts:
            assert both[f"{part}_mse"][k] == pytest.approx(one[f"{part}_mse"], rel=1e-4)

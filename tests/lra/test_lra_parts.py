"""What a run on Long Range Arena is put together from: settings, groups, network."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ct_s5.training import named_arrays
from experiments.lra import recipe
from experiments.lra.network import Codes, Network
from experiments.lra.optimiser import Optimiser, rate_at

TINY = recipe.read("listops", "tiny").network


answer = eqx.filter_jit(lambda network, codes: network(codes))


def network(**more):
    return Network(TINY, n_classes=3, key=jax.random.key(0), **more)


# Written out a second time, from the table of the paper's code, in its own words and units.
PUBLISHED = {
    # depth, H, P, J, dropout, ssm lr, lr, batch, epochs, decay
    "listops": (8, 128, 16, 8, 0.0, 1e-3, 3e-3, 50, 40, 0.04),
    "text": (6, 256, 192, 12, 0.1, 1e-3, 4e-3, 50, 35, 0.07),
    "retrieval": (6, 128, 256, 16, 0.0, 1e-3, 2e-3, 32, 20, 0.05),
    "image": (6, 512, 384, 3, 0.1, 1e-3, 4.5e-3, 50, 250, 0.07),
    "pathfinder": (6, 192, 256, 8, 0.05, 9e-4, 4.5e-3, 64, 200, 0.03),
    "pathx": (6, 128, 256, 16, 0.0, 6e-4, 1.8e-3, 32, 75, 0.06),
}


@pytest.mark.parametrize("task", recipe.TASKS)
def test_settings_are_the_published_ones(task):
    told = recipe.read(task)
    n, t = told.network, told.training
    found = (n.depth, n.width, n.states, n.n_blocks, n.dropout)
    found += (t.state_rate, t.state_rate * t.rate_factor, t.batch_size, t.epochs, t.weight_decay)
    assert found == pytest.approx(PUBLISHED[task])
    assert n.bidirectional


def test_a_preset_replaces_what_it_names_and_nothing_else():
    whole, small = recipe.read("pathfinder"), recipe.read("pathfinder", "small")
    assert small.network == dataclasses.replace(whole.network, depth=4, width=32, states=64)
    assert small.data.generator == {
        "side": 32, "n_images": 32_000, "seed": 0, "difficulty": "easy"
    }  # fmt: skip
    assert recipe.read("pathfinder", epochs=7).training.epochs == 7


@pytest.mark.parametrize(
    ("ask", "words"),
    [(("lisstops",), "there are listops"), (("text", "small"), "it has tiny")],
)
def test_an_unknown_name_is_refused_with_those_there_are(ask, words):
    with pytest.raises(ValueError, match=words):
        recipe.read(*ask)


# From each group: does B, C, D, log_step learn slowly (s) or fast (f), with decay (d) or without.
GROUPS = {
    "standard": ("s", "fd", "fd", "s"),
    "BandCdecay": ("sd", "fd", "fd", "s"),
    "BfastandCdecay": ("fd", "fd", "fd", "s"),
    "noBCdecay": ("s", "s", "s", "s"),
}


@pytest.mark.parametrize("groups", GROUPS)
@pytest.mark.parametrize("global_timescale", [False, True])
def test_each_parameter_moves_as_its_group_says(groups, global_timescale):
    before = network(n_tokens=5)
    optimiser = Optimiser(groups, global_timescale, slowness=4.0, weight_decay=0.1)
    ones = jax.tree.map(jnp.ones_like, before)
    updates, _ = optimiser.update(ones, optimiser.start(before), before)
    weights, moved = named_arrays(before), named_arrays(updates)
    names = ("input_weight", "output_weight", "feedthrough", "log_timescale")
    how = dict(zip(names, GROUPS[groups], strict=True)) | {"rate_real": "s", "rate_imag": "s"}
    if global_timescale:
        how["log_timescale"] = "fd"
    for name, weight in weights.items():
        last = name.rsplit(".", 1)[-1]
        if last in ("running_mean", "running_variance"):
            expected = np.zeros_like(weight)
        else:
            # Adam's first step is the sign of the gradient, here 1.
            rate, decay = how.get(last, "fd")[0], "d" in how.get(last, "fd")
            expected = -(0.25 if rate == "s" else 1.0) * (1 + (0.1 * weight if decay else 0))
        np.testing.assert_allclose(moved[name], expected, atol=3e-5, err_msg=name)


def test_the_rate_rises_to_its_peak_and_falls_along_half_a_cosine():
    rates = np.array([rate_at(k, 2.0, 14, 4) for k in range(15)])
    np.testing.assert_allclose(rates[:5], [0.4, 0.8, 1.2, 1.6, 2.0], rtol=1e-6)
    turned = np.arccos(rates[4:] - 1)  # equal steps of the angle, from 0 to pi
    np.testing.assert_allclose(turned, np.linspace(0, np.pi, 11), atol=1e-3)


def codes(rng, lengths, length, high=5):
    steps = rng.integers(1, high, size=(len(lengths), length)).astype(np.uint8)
    return Codes(steps, np.array(lengths, np.int32))


def test_padding_changes_no_score_and_no_statistic():
    rng, model = np.random.default_rng(0), network(n_tokens=5)
    short = codes(rng, [7, 4, 9], 9)
    long = Codes(np.pad(short.steps, [(0, 0), (0, 6)], constant_values=3), short.lengths)
    forward = jax.jit(lambda codes: (model(codes), model.forward(codes, jax.random.key(1))))
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), forward(short), forward(long)
    )


def test_a_pair_is_answered_from_both_its_texts_and_by_their_order():
    rng, model = np.random.default_rng(0), network(n_tokens=5, pairs=True)
    flat = codes(rng, [6, 9, 8, 5], 9)
    pairs = Codes(flat.steps.reshape(2, 2, 9), flat.lengths.reshape(2, 2))
    scores = answer(model, pairs)
    assert scores.shape == (2, 3)
    turned = answer(model, Codes(pairs.steps[:, ::-1], pairs.lengths[:, ::-1]))
    assert not np.allclose(scores, turned)
    swapped = answer(model, Codes(pairs.steps[::-1], pairs.lengths[::-1]))
    np.testing.assert_allclose(scores[::-1], swapped, atol=1e-6)


def test_pixels_are_told_by_how_many_deviations_they_are_from_the_mean():
    scaled = network(scale=(0.5, 0.25))
    weight = scaled.encoder.weight
    # A plain one whose encoder does the scaling itself.
    plain = eqx.tree_at(
        lambda n: (n.encoder.weight, n.encoder.bias),
        network(scale=(0.0, 1.0)),
        (weight / 0.25, -0.5 / 0.25 * weight[:, 0]),
    )
    grey = codes(np.random.default_rng(0), [10, 10], 10, high=256)
    np.testing.assert_allclose(answer(scaled, grey), answer(plain, grey), atol=1e-5)

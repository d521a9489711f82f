"""The registry of models, and networks of one size."""

import typing

import equinox as eqx
import jax
import pytest

from ct_s5 import S5Classifier
from ct_s5.cli import _compare as command
from ct_s5.lab import MODELS, TREATMENTS
from ct_s5.lab._models import keywords_of, matched_width, n_parameters
from ct_s5.nn import MIXERS, S5Model

SIZES = 5, 3, 2
NETWORKS = [name for name, model in MODELS.items() if model.keywords is not None]


def settings_of(model, **keywords):
    return S5Classifier(**keywords_of(model, keywords)).model_settings(*SIZES)


def test_the_command_line_offers_what_the_lab_has():
    assert typing.get_args(command.Model) == tuple(MODELS)
    assert typing.get_args(command.Treatment) == tuple(TREATMENTS)


def test_every_mixer_has_a_name_in_the_lab():
    used = {settings_of(model).mixer for model in NETWORKS if model != "depth-0"}
    assert used == set(MIXERS)


@pytest.mark.parametrize("model", ["s5", "gru-d", "depth-0", "s5-both"])
def test_parameters_are_counted_without_making_them(model):
    settings = settings_of(model, width=12, states=8)
    made = eqx.filter(S5Model(settings, key=jax.random.key(0)), eqx.is_array)
    assert n_parameters(settings) == sum(array.size for array in jax.tree.leaves(made))


@pytest.mark.parametrize("model", [name for name in NETWORKS if MODELS[name].matched])
def test_every_network_comes_within_a_tenth_of_the_first(model):
    wanted = n_parameters(settings_of("s5", depth=1))
    settings = settings_of(model, depth=1)
    found = settings_of(model, width=matched_width(settings, wanted), depth=1)
    assert n_parameters(found) == pytest.approx(wanted, rel=0.1)


def test_the_nearest_width_is_found():
    sizes = {w: n_parameters(settings_of("gru", width=w)) for w in range(8, 24)}
    settings = settings_of("gru", width=12)
    for wanted in (sizes[10] + 9, sizes[17] - 11, sizes[20]):
        best = min(sizes, key=lambda w: abs(sizes[w] - wanted))
        assert matched_width(settings, wanted, within=1.0) == best


def test_a_size_that_no_width_reaches_is_refused():
    with pytest.raises(ValueError, match="Make the network larger, or pass match=False"):
        matched_width(settings_of("transformer"), 100)


def test_gru_d_is_given_values_that_decay():
    assert "decayed" in keywords_of("gru-d", {"inputs": ("value", "last")})["inputs"]
    assert "decayed" in settings_of("gru-d").inputs
    assert set(settings_of("gru-d").inputs) == set(settings_of("s5").inputs) - {"last"}

"""Which parameter moves how."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tiny_training import tiny_model

from ct_s5.training import named_arrays, roles
from ct_s5.training._optimiser import OptimiserSettings, make_optimiser, make_schedule
from ct_s5.training._trees import _is_array, _name

# Written out, so that a renamed or new field breaks this test, and does not change its rate unseen.
S5 = {
    "rate_real": "state",
    "rate_imag": "state",
    "log_timescale": "state",
    "input_weight": "state",
    "output_weight": "decayed",
    "feedthrough": "decayed",
}
MIXERS = {
    "s4": S5 | {"low_rank": "state"},
    "s4d": {name: role for name, role in S5.items() if name != "input_weight"},
    "linoss": {
        "stiffness": "state",
        "log_timescale": "state",
        "input_weight": "state",
        "output_weight": "decayed",
        "feedthrough": "decayed",
    },
}
NORM = {
    "layer": {"norm.norm.weight": "undecayed", "norm.norm.bias": "undecayed"},
    "rms": {"norm.norm.weight": "undecayed", "norm.norm.bias": "undecayed"},
    "batch": {
        "norm.weight": "undecayed",
        "norm.bias": "undecayed",
        "norm.running_mean": "average",
        "norm.running_variance": "average",
    },
}
LINEAR = {"linear.weight": "decayed", "linear.bias": "undecayed"}


def _roles(**changes) -> dict[str, str]:
    shapes = eqx.filter(eqx.filter_eval_shape(tiny_model, **changes), _is_array)
    leaves, _ = jax.tree_util.tree_flatten_with_path(roles(shapes))
    return {_name(path): role for path, role in leaves}


@pytest.mark.parametrize("norm", NORM)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_every_parameter_has_the_role_written_here(norm, bidirectional):
    found = _roles(norm=norm, bidirectional=bidirectional)
    expected = {
        f"{part}.{name}": role for part in ("encoder", "head") for name, role in LINEAR.items()
    }
    expected |= {f"blocks.0.mixer.{name}": role for name, role in S5.items()}
    expected |= {f"blocks.0.{name}": role for name, role in NORM[norm].items()}
    gates = {
        n: "undecayed" if n.endswith("bias") else "decayed" for n in found if "activation" in n
    }
    assert found == expected | gates


@pytest.mark.parametrize("mixer", MIXERS)
def test_every_parameter_of_other_state_spaces_has_the_role_written_here(mixer):
    place = "blocks.0.mixer."
    found = {
        name.removeprefix(place): role
        for name, role in _roles(mixer=mixer).items()
        if name.startswith(place)
    }
    assert found == MIXERS[mixer]


@eqx.filter_jit
def _stepped(weights, gradient_of, settings):
    """The weights after one step at a learning rate of 0.1."""
    optimiser = make_optimiser(settings)
    gradients = jax.tree.map(gradient_of, weights)
    updates, _ = optimiser.update(gradients, optimiser.init(weights), weights)
    return eqx.apply_updates(weights, jax.tree.map(lambda u: jnp.float32(0.1) * u, updates))


@pytest.fixture(scope="module")
def weights():
    shapes = eqx.filter_eval_shape(tiny_model, norm="batch")
    draw = np.random.default_rng(0).normal
    return jax.tree.map(
        lambda s: jnp.asarray(draw(size=s.shape), jnp.float32), eqx.filter(shapes, _is_array)
    )


def test_without_a_gradient_only_decayed_parameters_shrink(weights):
    after = _stepped(weights, jnp.zeros_like, OptimiserSettings(weight_decay=0.5))
    before, after, role = named_arrays(weights), named_arrays(after), _roles(norm="batch")
    for name, array in before.items():
        factor = np.float32(1 - 0.1 * 0.5 if role[name] == "decayed" else 1)
        np.testing.assert_allclose(after[name], factor * array, rtol=1e-6, err_msg=name)


def test_a_first_step_moves_states_by_their_share_of_the_rate_and_averages_not_at_all(weights):
    settings = OptimiserSettings(weight_decay=0.0, state_rate=0.25)
    after = _stepped(weights, jnp.ones_like, settings)
    before, after, role = named_arrays(weights), named_arrays(after), _roles(norm="batch")
    # Adam's first step is the sign of the gradient.
    moves = {"state": 0.025, "decayed": 0.1, "undecayed": 0.1, "average": 0.0}
    for name, array in before.items():
        np.testing.assert_allclose(array - after[name], moves[role[name]], atol=1e-6, err_msg=name)


def test_the_length_of_a_gradient_is_cut_over_all_parameters_together():
    weights = {"a": jnp.zeros(3), "b": jnp.zeros(1)}
    short = {"a": jnp.array([0.1, -0.2, 0.3]), "b": jnp.array([0.4])}
    long = {"a": jnp.array([4.0, 0.0, 0.0]), "b": jnp.array([3.0])}  # of length 5
    cut = {"a": jnp.array([0.8, 0.0, 0.0]), "b": jnp.array([0.6])}

    def after(gradient, clip):
        optimiser = make_optimiser(OptimiserSettings(gradient_clip=clip))
        _, state = optimiser.update(short, optimiser.init(weights), weights)
        return jax.tree.leaves(optimiser.update(gradient, state, weights)[0])

    np.testing.assert_allclose(np.concatenate(after(long, 1.0)), np.concatenate(after(cut, None)))
    assert not np.allclose(np.concatenate(after(long, None)), np.concatenate(after(cut, None)))


@pytest.mark.parametrize(("n_steps", "n_warmup"), [(20, 5), (20, 0), (3, 3), (1, 1), (2, 1)])
def test_the_rate_rises_to_its_peak_and_falls_to_0(n_steps, n_warmup):
    schedule = make_schedule(0.1, n_steps, n_warmup)
    rates = np.array([schedule(k) for k in range(n_steps + 1)])
    top = min(n_warmup, n_steps - 1)
    assert rates.argmax() == top
    assert rates[top] == pytest.approx(0.1)
    np.testing.assert_allclose(np.diff(rates[: top + 1]), 0.1 / (top + 1), rtol=1e-4)
    assert (np.diff(rates[top:]) < 0).all()
    assert (rates[:-1] > 0).all()
    assert rates[-1] == pytest.approx(0, abs=1e-8)

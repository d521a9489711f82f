"""What callers of the layers try and no estimator does: other dtypes, donation, subclasses."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import ct_s5.ode  # which adds its mixers
from ct_s5 import S5Classifier, S5Layer, encode, load_exported
from ct_s5.export import export
from ct_s5.lab import demo_data
from ct_s5.nn import MIXERS, GRULayer, ModelSettings, S5Model, TransformerLayer

GAPS = np.array([0.9, 0.5, 0.7], np.float32)
ONE_HOT = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [1, 1, 0, 0]])
assert ct_s5.ode.ODERNNLayer
SETTINGS = ModelSettings(n_channels=2, n_outputs=2, width=4, states=4, depth=1)


def mixer_of(name):
    model = S5Model(dataclasses.replace(SETTINGS, mixer=name), key=jax.random.key(0))
    return model.blocks[0].mixer


@pytest.mark.parametrize("name", sorted(MIXERS))
def test_gaps_keep_their_digits_beside_whole_numbers(name):
    mixer = mixer_of(name)
    told = eqx.filter_jit(mixer)
    expected = told(jnp.asarray(ONE_HOT, jnp.float32), jnp.asarray(GAPS))
    np.testing.assert_array_equal(told(jnp.asarray(ONE_HOT), jnp.asarray(GAPS)), expected)
    half = told(jnp.asarray(ONE_HOT, jnp.bfloat16), jnp.asarray(GAPS))
    np.testing.assert_array_equal(half, expected)  # 0 and 1 are exact in any float


@pytest.mark.parametrize("name", sorted(MIXERS))
def test_a_float32_layer_answers_in_a_float64_process(name):
    mixer = mixer_of(name)
    expected = eqx.filter_jit(mixer)(jnp.asarray(ONE_HOT, jnp.float32), jnp.asarray(GAPS))
    with jax.enable_x64(True):
        told = eqx.filter_jit(mixer)(ONE_HOT.astype(np.float64), GAPS.astype(np.float64))
    assert told.dtype == np.float32
    np.testing.assert_allclose(told, expected, rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("layer", [GRULayer(4, gap=True, key=jax.random.key(0))])
def test_entries_that_are_not_one_per_step_are_refused(layer):
    inputs = jnp.ones((3, 4))
    with pytest.raises(ValueError, match=r"gaps has shape \(1,\), inputs has 3 steps"):
        layer(inputs, jnp.ones(1))
    with pytest.raises(ValueError, match=r"reading has shape \(1,\)"):
        layer(inputs, jnp.ones(3), reading=jnp.ones(1, bool))
    with pytest.raises(ValueError, match=r"got \(2, 3, 4\). Use jax.vmap"):
        layer(jnp.ones((2, 3, 4)), jnp.ones((2, 3)))


def test_a_transformer_refuses_another_width():
    layer = TransformerLayer(4, key=jax.random.key(0))
    with pytest.raises(ValueError, match=r"\(L, H\) = \(L, 4\) for one series; got \(3, 1\)"):
        layer(jnp.ones((3, 1)), jnp.ones(3))


@pytest.mark.parametrize("name", ["s5", "lstm", "neural-cde"])
def test_the_state_before_any_reading_can_be_donated(name):
    model = S5Model(dataclasses.replace(SETTINGS, mixer=name), key=jax.random.key(0))
    leaves = jax.tree.leaves(model.initial_state())
    assert len({leaf.unsafe_buffer_pointer() for leaf in leaves}) == len(leaves)


class Doubled(S5Layer):
    """A layer of somebody's own."""

    def __call__(self, *args, **flags):
        """Twice the outputs."""
        return 2 * super().__call__(*args, **flags)


def test_a_layer_derived_from_ours_stays_what_it_is_under_another_scan():
    layer = Doubled(4, 4, key=jax.random.key(0))
    other = layer.with_scan("sequential")
    assert type(other) is Doubled
    inputs, gaps = jnp.ones((3, 4)), jnp.asarray(GAPS)
    np.testing.assert_allclose(other(inputs, gaps), layer(inputs, gaps), rtol=1e-6)


@pytest.mark.parametrize("name", ["linoss", "linoss-imex"])
def test_oscillators_are_exported(name, tmp_path):
    frame, labels = demo_data(n_series=12)
    few = frame.groupby("unique_id").head(12)
    model = S5Classifier(mixer=name, width=4, states=4, depth=1, max_epochs=1, random_state=0)
    model.fit(few, labels).export(tmp_path / "compiled.safetensors")
    exported = load_exported(tmp_path / "compiled.safetensors")
    batch = encode(few, exported.schema).series.batch()
    chances = jax.nn.softmax(exported(batch))
    np.testing.assert_allclose(chances, model.predict_proba(few), atol=1e-5)


@pytest.mark.parametrize("name", ["s4", "s4d"])
def test_a_convolution_of_one_length_is_not_exported(name, tmp_path):
    model = S5Model(dataclasses.replace(SETTINGS, mixer=name), key=jax.random.key(0))
    with pytest.raises(ValueError, match="convolves rows of one length"):
        export(model, tmp_path / "compiled.safetensors")

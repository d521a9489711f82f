"""A wrong number stops a compiled function, or is NaN where the function must not raise."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from ct_s5.ssm import S5Layer, error_if, nan_for_errors


def checked(x):
    return error_if(x, x < 0, "below zero")


def test_an_error_or_nan():
    x = jnp.array([1.0, -1.0])
    with pytest.raises(eqx.EquinoxRuntimeError, match="below zero"):
        eqx.filter_jit(checked)(x)
    with nan_for_errors():
        np.testing.assert_array_equal(jax.jit(checked)(x), [1, np.nan])
    with pytest.raises(eqx.EquinoxRuntimeError):  # the context ends
        eqx.filter_jit(lambda x: checked(x))(x)


def test_only_without_errors_can_a_layer_be_exported():
    layer = S5Layer(2, 4, scan="sequential", key=jax.random.key(0))

    def exported(length):
        shapes = (length, 2), (length,)
        steps = [jax.ShapeDtypeStruct(shape, np.float32) for shape in shapes]
        return export.export(jax.jit(lambda *xs: layer(*xs)))(*steps)

    with pytest.raises(NotImplementedError, match="host_callbacks"):
        exported(3).serialize()
    with nan_for_errors():
        program = exported(export.symbolic_shape("l")[0])
    inputs, gaps = jnp.ones((3, 2)), jnp.ones(3)
    np.testing.assert_allclose(program.call(inputs, gaps), layer(inputs, gaps), rtol=1e-5)


def test_a_layer_with_another_scan_is_otherwise_the_same():
    layer = S5Layer(2, 4, key=jax.random.key(0))
    other = layer.with_scan("associative")
    assert (layer.scan, other.scan) == ("auto", "associative")
    assert eqx.tree_equal(layer, other.with_scan("auto"))
    with pytest.raises(ValueError, match="scan must be auto or one of"):
        layer.with_scan("fast")

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ct_s5.ssm import phi1, phi2
from ct_s5.ssm._phi import cross_held, cross_ramp, crossing
from oracles.decimals import phis

# Everywhere a stable rate times a gap can be; the corners are where a series takes over.
RADII = [1e-20, 1e-12, 1e-8, 1e-7, 1e-4, 1e-2, 0.1, 0.49, 0.51, 0.99, 1.01, 3, 10, 88, 1e3, 1e4]
ANGLES = np.pi * np.array([0.5, 0.5001, 0.6, 0.9, 1.0, 1.2, 1.5])


@pytest.mark.parametrize("order", [1, 2])
def test_values_and_slopes_are_right_at_every_size(order, precision):
    z = np.multiply.outer(RADII, np.exp(1j * ANGLES)).ravel()
    z = z.astype({"float32": "complex64", "float64": "complex128"}[precision])
    phi = {1: phi1, 2: phi2}[order]
    values = jax.jit(phi)(jnp.asarray(z))
    slopes = jax.jit(jax.vmap(jax.grad(phi, holomorphic=True)))(jnp.asarray(z))
    assert values.dtype == z.dtype

    exact = np.array([phis(complex(point)) for point in z])
    # phi1 and phi2 fall as 1 / |z|, and have zeros there: errors are relative to that size.
    size = 1 / np.maximum(1, np.abs(z))
    tolerance = {"float32": 1e-6, "float64": 1e-14}[precision]
    assert (np.abs(values - exact[:, 2 * order - 2]) / size).max() < tolerance
    assert (np.abs(slopes - exact[:, 2 * order - 1]) / size).max() < tolerance


@pytest.mark.parametrize(("phi", "value", "slope"), [(phi1, 1, 1 / 2), (phi2, 1 / 2, 1 / 6)])
def test_zero_is_no_special_case(phi, value, slope, precision):
    zero = jnp.zeros((), {"float32": "complex64", "float64": "complex128"}[precision])
    at_zero = jax.jit(jax.value_and_grad(phi, holomorphic=True))(zero)
    np.testing.assert_allclose(at_zero, (value, slope), rtol=1e-6)


@pytest.mark.parametrize("order", [1, 2])
def test_they_hold_where_the_exponential_grows_too(order, precision):
    kind = {"float32": "complex64", "float64": "complex128"}[precision]
    z = np.multiply.outer([1e-8, 1e-3, 0.49, 1.01, 3, 10, 50], np.exp(1j * np.array([0, 0.5, 1.5])))
    z = z.ravel().astype(kind)
    phi = {1: phi1, 2: phi2}[order]
    values = jax.jit(phi)(jnp.asarray(z))
    slopes = jax.jit(jax.vmap(jax.grad(phi, holomorphic=True)))(jnp.asarray(z))
    exact = np.array([phis(complex(point)) for point in z])
    tolerance = {"float32": 1e-5, "float64": 1e-13}[
        precision
    ]  # e^50 has that error in its argument
    np.testing.assert_allclose(values, exact[:, 2 * order - 2], rtol=tolerance)
    np.testing.assert_allclose(slopes, exact[:, 2 * order - 1], rtol=tolerance)


def test_at_a_gap_of_0_held_values_and_ramps_bend_as_they_should():
    re, im = jnp.asarray(-0.6), jnp.asarray(2.0)
    bends = {}
    for name, cross in (("held", cross_held), ("ramp", cross_ramp)):
        for part in (0, 1):

            def written(d, cross=cross, part=part):
                return cross(crossing(re, im, d))[-1][part]

            bends[name, part] = float(jax.grad(jax.grad(written))(jnp.zeros(())))
    # d phi1(rate d) = d + rate d^2 / 2 + ..., d phi2(rate d) = d / 2 + rate d^2 / 6 + ...
    expected = {("held", 0): -0.6, ("held", 1): 2.0, ("ramp", 0): -0.2, ("ramp", 1): 2 / 3}
    assert bends == pytest.approx(expected, rel=1e-6)

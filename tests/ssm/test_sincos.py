import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ct_s5.ssm._sincos import COSINE, SINE, sincos


def test_the_coefficients_are_least_squares_at_chebyshev_nodes():
    end = (math.pi / 4) ** 2  # the polynomials are in the square of the angle
    nodes = (np.cos((np.arange(4000) + 0.5) * np.pi / 4000) + 1) / 2 * end
    for coefficients, first in ((SINE, 3), (COSINE, 4)):
        sign = -1 if first == 3 else 1
        exact = sum(sign * (-1) ** k * nodes**k / math.factorial(2 * k + first) for k in range(12))
        fit = np.polynomial.chebyshev.Chebyshev.fit(nodes, exact, 2, domain=[0, end])
        found = fit.convert(kind=np.polynomial.Polynomial).coef
        np.testing.assert_allclose(coefficients, found, rtol=1e-7)


@pytest.mark.parametrize("reach", [1e-30, 1e-3, 1.0, 100.0, 1e4, 1e6])
def test_both_are_right_to_the_last_digit_of_the_angle(reach, precision):
    angle = np.random.default_rng(0).uniform(-reach, reach, 100_001).astype(precision)
    angle[:3] = 0, np.pi / 4, -np.pi / 2
    sine, cosine = map(np.asarray, jax.jit(sincos)(jnp.asarray(angle)))
    exact = angle.astype(np.longdouble)
    tolerance = {"float32": 2e-7 + 6e-8 * reach, "float64": 1e-15 * (1 + reach)}[precision]
    assert np.abs(sine - np.sin(exact)).max() < tolerance
    assert np.abs(cosine - np.cos(exact)).max() < tolerance
    # Near 0 the sine keeps its digits relative to itself: e^z - 1 is made of it.
    small = np.abs(exact) < 0.5
    relative = np.abs(sine - np.sin(exact))[small] <= 3e-7 * np.abs(np.sin(exact))[small]
    assert relative.all()


def test_the_slope_is_the_other_one():
    angle = jnp.linspace(-20, 20, 1001)
    sine, cosine = sincos(angle)
    slopes = jax.jvp(sincos, (angle,), (jnp.ones_like(angle),))[1]
    np.testing.assert_allclose(slopes[0], cosine, atol=1e-5)
    np.testing.assert_allclose(slopes[1], -sine, atol=1e-5)

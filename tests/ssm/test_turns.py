import math
from decimal import Decimal, localcontext
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ct_s5.ssm._turns import COSINE, SINE, circle, fraction, speeds_of, turn_of, turn_over
from ct_s5.ssm._twofold import head, two_exp, two_product, two_sum

PI = Fraction("3.14159265358979323846264338327950288419716939937510582097494459")


def test_the_coefficients_are_least_squares_at_chebyshev_nodes():
    end = 1 / 4  # the polynomials are in the square of half a turn at most
    nodes = (np.cos((np.arange(4000) + 0.5) * np.pi / 4000) + 1) / 2 * end
    for coefficients, first in ((SINE, 3), (COSINE, 2)):
        terms = (
            (-1) ** (k + 1) * np.pi ** (2 * k + first) * nodes**k / math.factorial(2 * k + first)
            for k in range(15)
        )
        fit = np.polynomial.chebyshev.Chebyshev.fit(
            nodes, sum(terms), len(coefficients) - 1, domain=[0, end]
        )
        found = fit.convert(kind=np.polynomial.Polynomial).coef
        np.testing.assert_allclose(coefficients, found, rtol=1e-7)


@pytest.mark.parametrize("reach", [1e-30, 1e-3, 0.1, 0.5])
def test_a_point_of_the_circle_keeps_its_digits_near_no_turn(reach, precision):
    p = np.random.default_rng(0).uniform(-reach, reach, 100_001).astype(precision)
    p[:3] = 0, reach, -reach
    versine, sine = map(np.asarray, jax.jit(circle)(jnp.asarray(p)))
    exact = p.astype(np.longdouble) * np.longdouble(np.pi)
    tolerance = {"float32": 4e-7, "float64": 2e-15}[precision]
    size = np.sin(2 * exact) if reach < 0.2 else 1
    assert (np.abs(sine - np.sin(2 * exact)) <= tolerance * np.abs(size)).all()
    # Of numbers below 1e-19 the square leaves float32.
    size = 2 * np.sin(exact) ** 2 if reach > 1e-20 else 1
    size = size if reach < 0.2 else 1
    assert (np.abs(versine - 2 * np.sin(exact) ** 2) <= tolerance * np.abs(size)).all()


@pytest.mark.parametrize("reach", [1e-6, 1.0, 100.0, 1e4])
def test_what_is_left_of_many_turns_is_right_to_a_ten_billionth_of_them(reach, precision):
    rng = np.random.default_rng(0)
    im = rng.uniform(-1300, 1300, 20).astype(precision)
    timescale = rng.uniform(1e-3, 1e-1, 20).astype(precision)
    gaps = rng.uniform(0, reach, 30).astype(precision)

    @jax.jit
    def left(im, timescale, gaps):
        return turn_over(speeds_of(im, (timescale, jnp.zeros_like(timescale))), gaps)

    turn = left(im, timescale, gaps)
    # Half as many digits again.
    tolerance = {"float32": 1e-10, "float64": 1e-22}[precision]
    for k, gap in enumerate(gaps):
        for q in range(len(im)):
            exact = Fraction(float(im[q])) * Fraction(float(timescale[q])) * Fraction(float(gap))
            exact /= 2 * PI
            found = Fraction(float(turn.first[k, q])) + Fraction(float(turn.rest[k, q]))
            off = found - exact
            off = abs(float(off - round(off)))
            assert off <= tolerance * abs(float(exact))


def test_an_angle_is_the_product_of_its_factors_without_whole_turns():
    im, d = jnp.asarray([3.0, -250.0, 1e-8]), jnp.asarray([1.0, 77.7, 0.5])
    exact = np.asarray(im, np.float64) * np.asarray(d, np.float64) / (2 * np.pi)
    found = fraction(turn_of(im, d))
    np.testing.assert_allclose(found, exact - np.round(exact), rtol=2e-7)


def test_sums_and_products_in_two_floats_lose_nothing():
    a, b = np.random.default_rng(0).normal(size=(2, 1000)).astype(np.float32)
    a = a * np.float32(10) ** np.arange(-5, 5).repeat(100).astype(np.float32)
    for pair, exact in (
        (jax.jit(two_sum)(a, b), a.astype(np.longdouble) + b),
        (jax.jit(two_product)(a, b), a.astype(np.longdouble) * b),
    ):
        first, second = (np.asarray(part, np.longdouble) for part in pair)
        np.testing.assert_array_equal(first + second, exact)


def test_the_product_of_two_heads_is_exact(precision):
    a, b = np.random.default_rng(0).normal(size=(2, 1000)).astype(precision)
    a, b = (np.asarray(head(jnp.asarray(part))) for part in (a, b))
    for x, y in zip(a, b, strict=True):
        assert Fraction(float(x * y)) == Fraction(float(x)) * Fraction(float(y))


def test_the_exponential_in_two_floats_has_nine_digits():
    x = np.random.default_rng(0).uniform(-25, 25, 300).astype(np.float32)
    first, second = jax.jit(two_exp)(x)
    with localcontext(prec=30):
        for value, high, low in zip(x, first, second, strict=True):
            exact = Decimal(float(value)).exp()
            assert abs((Decimal(float(high)) + Decimal(float(low))) / exact - 1) < Decimal("1e-9")

"""Sine and cosine together, several times faster than XLA's own on a CPU, and as accurate."""

import math

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

# sin r = r + r^3 S(r^2) and cos r = 1 - r^2/2 + r^4 C(r^2) for |r| <= pi/4: least squares at
# Chebyshev nodes, rounded to float32; the errors stay below 8e-8. `tests/ssm/test_sincos.py`
# makes them again.
SINE = (-0.166666641831398, 0.008332748897373676, -0.00019587950373534113)
COSINE = (0.0416666641831398, -0.001388830365613103, 2.4547991415602155e-05)

# pi/2 in two parts; the first has so few digits that its product with a whole number up to 2^15 is
# exact, so that taking it away loses nothing.
_HIGH = 1.5703125
_LOW = math.pi / 2 - _HIGH


def sincos(angle: Float[Array, "..."]) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Sine and cosine of an angle in radians.

    In float32 the angle is taken to within pi/4 of a multiple of pi/2, where two polynomials of its
    square are right to the last digit. The error is at most 2e-7 + 6e-8 |angle|: an angle has
    itself an uncertainty of 6e-8 |angle| in float32. Other precisions get XLA's functions.
    """
    if angle.dtype != jnp.float32:
        return jnp.sin(angle), jnp.cos(angle)
    quarter = jnp.round(angle * np.float32(2 / math.pi))
    r = (angle - quarter * np.float32(_HIGH)) - quarter * np.float32(_LOW)
    square = r * r
    sine = r + r * square * _polynomial(square, SINE)
    cosine = 1 - square * np.float32(0.5) + square * square * _polynomial(square, COSINE)
    turn = quarter.astype(jnp.int32)
    odd = (turn & 1) == 1
    sine, cosine = jnp.where(odd, cosine, sine), jnp.where(odd, sine, cosine)
    sine = jnp.where((turn & 2) == 2, -sine, sine)
    return sine, jnp.where(((turn + 1) & 2) == 2, -cosine, cosine)


def _polynomial(x, coefficients):
    total = jnp.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = total * x + np.float32(coefficient)
    return total

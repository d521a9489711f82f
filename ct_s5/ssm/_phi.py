"""The phi functions of exponential integrators, right in value and gradient from z = 0 on.

    phi1(z) = (e^z - 1) / z          phi1' = (e^z - phi1) / z
    phi2(z) = (e^z - 1 - z) / z^2    phi2' = (phi1 - 2 phi2) / z

Near 0 every quotient above loses digits, so a Taylor series takes over there. Each branch is given
an argument it can bear: `jnp.where` would otherwise let a NaN of the unused branch into gradients.

Reference: Hochbruck and Ostermann, Exponential integrators, Acta Numerica 2010, section 2.1.
"""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex


def _taylor(z: Array, coefficients: list[float]) -> Array:
    total = jnp.zeros_like(z)
    for coefficient in reversed(coefficients):
        total = total * z + coefficient
    return total


def _n_terms(z: Array) -> int:
    # At |z| = 1 the first term left out is below 1/14! = 1e-11, or 1/22! = 1e-21.
    return 20 if z.dtype == jnp.complex128 else 12


def _with_taylor(z, near, coefficients, closed_form):
    """The series where |z| < near, elsewhere `closed_form` of a z that is kept away from 0."""
    small = (z.real * z.real + z.imag * z.imag) < near * near
    away = jnp.where(small, jnp.ones_like(z), z)
    inside = jnp.where(small, z, jnp.zeros_like(z))
    return jnp.where(small, _taylor(inside, coefficients), closed_form(away))


@jax.custom_jvp
def phi1(z: Complex[Array, "..."]) -> Complex[Array, "..."]:
    """(e^z - 1) / z, and 1 at z = 0: the mean of e^(z s) over s from 0 to 1."""
    # expm1 is accurate on its own; the series is needed only where z itself underflows.
    near = float(jnp.finfo(z.dtype).eps)
    return _with_taylor(z, near, [1.0, 0.5], lambda w: jnp.expm1(w) / w)


@phi1.defjvp
def _phi1_jvp(primals, tangents):
    (z,), (tangent,) = primals, tangents
    value = phi1(z)
    series = [(k + 1) / math.factorial(k + 2) for k in range(_n_terms(z))]
    slope = _with_taylor(z, 0.5, series, lambda w: (jnp.exp(w) - phi1(w)) / w)
    return value, slope * tangent


@jax.custom_jvp
def phi2(z: Complex[Array, "..."]) -> Complex[Array, "..."]:
    """(e^z - 1 - z) / z^2, and 1/2 at z = 0: the weight of a ramp from 0 to 1."""
    series = [1 / math.factorial(k + 2) for k in range(_n_terms(z))]
    return _with_taylor(z, 1.0, series, lambda w: (phi1(w) - 1) / w)


@phi2.defjvp
def _phi2_jvp(primals, tangents):
    (z,), (tangent,) = primals, tangents
    value = phi2(z)
    series = [(k + 1) / math.factorial(k + 3) for k in range(_n_terms(z))]
    slope = _with_taylor(z, 1.0, series, lambda w: (phi1(w) - 2 * phi2(w)) / w)
    return value, slope * tangent

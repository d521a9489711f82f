"""Complex numbers as pairs of real arrays, which is how the inner loop keeps them.

A CPU's vector unit works on reals: a complex array interleaves them, and XLA then leaves the vector
unit unused and takes the exponential 5 to 10 times slower (measured: `docs/scan.md`).
"""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Complex, Float

Pair = tuple[Float[Array, "..."], Float[Array, "..."]]


def split(z: Complex[Array, "..."]) -> Pair:
    """The two parts of a complex array."""
    return z.real, z.imag


def join(z: Pair) -> Complex[Array, "..."]:
    """The complex array of two parts."""
    return lax.complex(*z)


def times(a: Pair, b: Pair) -> Pair:
    """The product of two complex numbers."""
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def scaled(real: Float[Array, "..."], z: Pair) -> Pair:
    """A real number times a complex one."""
    return real * z[0], real * z[1]


def plus(a: Pair, b: Pair) -> Pair:
    """The sum of two complex numbers."""
    return a[0] + b[0], a[1] + b[1]


def minus(a: Pair, b: Pair) -> Pair:
    """The difference of two complex numbers."""
    return a[0] - b[0], a[1] - b[1]


def conjugate(z: Pair) -> Pair:
    """The complex conjugate."""
    return z[0], -z[1]


def select(first: Bool[Array, "..."], a: Pair, b: Pair) -> Pair:
    """`a` where `first`, else `b`."""
    return jnp.where(first, a[0], b[0]), jnp.where(first, a[1], b[1])


def zeros_like(z: Pair) -> Pair:
    """Nothing, in the shape of a pair."""
    return jnp.zeros_like(z[0]), jnp.zeros_like(z[1])


@jax.custom_vjp
def halves(packed: Float[Array, "*steps P"]) -> Pair:
    """The two parts of numbers that lie side by side, real ones first."""
    half = packed.shape[-1] // 2
    return packed[..., :half], packed[..., half:]


def _halves_forward(packed):
    return halves(packed), packed


def _halves_backward(packed, gradient):
    # Written one after the other into an array that is there already.
    re, im = gradient
    half = re.shape[-1]
    packed = lax.dynamic_update_slice_in_dim(packed, re, 0, -1)
    return (lax.dynamic_update_slice_in_dim(packed, im, half, -1),)


halves.defvjp(_halves_forward, _halves_backward)

"""Numbers of twice the digits, as the unevaluated sum of two floats.

What is rounded once a layer and then used at every step goes wrong by the same amount every time:
errors that do not average out. So the few numbers a layer has of that kind, one a state, are worked
out here to about 14 digits in float32.

Reference: Dekker, A floating-point technique for extending the available precision, Numerische
Mathematik 18, 1971.
"""

import math

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

Two = tuple[Float[Array, "..."], Float[Array, "..."]]
"""The nearest float, and what is missing."""

# ln 2 / 32 in two parts; the first has so few digits that whole multiples up to 2^12 are exact.
_STEP = math.log(2) / 32
_STEP_HEAD = round(_STEP * 2**17) / 2**17
# 2^(j/32) for j from 0 to 31.
_POWERS = 2 ** (np.arange(32) / 32)


def two_of(number: float | np.ndarray, dtype) -> Two:
    """A double in two floats of this type."""
    first = np.asarray(number, dtype)
    return jnp.asarray(first), jnp.asarray((number - first.astype(np.float64)).astype(dtype))


def head(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """`x` cut to the first half of its digits: the product of two such numbers is exact."""
    # Cut by a mask, not by sums as Dekker does: a compiler may fuse a product into a sum.
    whole, mask = (jnp.uint32, 0xFFFFF000) if x.dtype == jnp.float32 else (jnp.uint64, -(2**27))
    bits = lax.bitcast_convert_type(x, whole)
    return lax.bitcast_convert_type(bits & np.asarray(mask).astype(whole), x.dtype)


def two_sum(a: Float[Array, "..."], b: Float[Array, "..."]) -> Two:
    """a + b, exactly."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def two_product(a: Float[Array, "..."], b: Float[Array, "..."]) -> Two:
    """a b, exactly."""
    a1, b1 = head(a), head(b)
    a2, b2 = a - a1, b - b1
    product = a * b
    return product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2


def two_times(a: Two, b: Two) -> Two:
    """The product, to about the square of a float's precision."""
    product, rest = two_product(a[0], b[0])
    return two_sum(product, rest + (a[0] * b[1] + a[1] * b[0]))


def two_exp(x: Float[Array, "..."]) -> Two:
    """e^x: to 9 digits in float32 for |x| up to 25, as XLA has it in other precisions."""
    if x.dtype != jnp.float32:
        return jnp.exp(x), jnp.zeros_like(x)
    # x = n ln 2 / 32 + r, so that e^x = 2^(n // 32) 2^(n % 32 / 32) e^r with |r| <= 0.011.
    n = jnp.round(x * np.float32(1 / _STEP))
    r, missing = two_sum(x - n * np.float32(_STEP_HEAD), -n * np.float32(_STEP - _STEP_HEAD))
    tail = r * r * (np.float32(1 / 2) + r * (np.float32(1 / 6) + r * np.float32(1 / 24)))
    n = n.astype(jnp.int32)
    first, second = (table[n & 31] for table in two_of(_POWERS, np.float32))
    product, rest = two_product(first, r)
    total, lost = two_sum(first, product)
    power = n >> 5
    low = lost + (rest + (second + first * (missing + tail)))
    return jnp.ldexp(total, power), jnp.ldexp(low, power)

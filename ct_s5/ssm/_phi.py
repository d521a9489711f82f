"""What a gap does to a state and to a held input, right in value and gradient from gap 0 on.

With `z = rate * d` and the phi functions of exponential integrators,

    phi1(z) = (e^z - 1) / z          phi1' = (e^z - phi1) / z
    phi2(z) = (e^z - 1 - z) / z^2    phi2' = (phi1 - 2 phi2) / z

a state decays by `e^z`, a value held over the gap writes `d phi1(z)`, a ramp from 0 to 1
`d phi2(z)`. Near 0 the quotients lose their digits, so Taylor series take over there; their
derivatives are given, since what JAX would make of the quotients is worse.

Everything here works on pairs of reals. `d phi1(z)` is `(e^z - 1) / rate`, one division a state
rather than one a step, and `e^z - 1` is put together from `expm1` and a point of the circle, both
of which keep every digit near 0.

Reference: Hochbruck and Ostermann, Exponential integrators, Acta Numerica 2010, section 2.1.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex, Float

from ct_s5.ssm._pairs import Pair, join, minus, plus, scaled, select, split, times
from ct_s5.ssm._turns import circle, fraction, turn_of

# e^x is 1.6e-38 here; a little further and it is no normal float32.
_NOTHING_LEFT = -87.0
# ln 2 with so few digits that its multiples up to 2^8 are exact.
_LN2_HEAD = round(math.log(2) * 2**15) / 2**15
# Within these distances of z = 0 a series stands in for a quotient.
_NEAR_SLOPE1, _NEAR_PHI2 = 0.5, 1.0


def phi1(z: Complex[Array, "..."]) -> Complex[Array, "..."]:
    """(e^z - 1) / z, and 1 at z = 0: the mean of e^(z s) over s from 0 to 1."""
    grows, shrinking, growth = _turned_round(z)
    phi = join(cross_held(crossing(*split(shrinking), jnp.ones_like(z.real)))[1])
    return jnp.where(grows, growth * phi, phi)


def phi2(z: Complex[Array, "..."]) -> Complex[Array, "..."]:
    """(e^z - 1 - z) / z^2, and 1/2 at z = 0: the weight of a ramp from 0 to 1."""
    grows, shrinking, growth = _turned_round(z)
    _, held, ramp = cross_ramp(crossing(*split(shrinking), jnp.ones_like(z.real)))
    return jnp.where(grows, growth * join(minus(held, ramp)), join(ramp))


def _turned_round(z):
    """Where `e^z` grows, z or else -z, and `e^z`: phi1(z) is `e^z phi1(-z)`, phi2(z) `e^z (phi1 -
    phi2)(-z)`, while all else here is for what shrinks."""
    grows = z.real > 0
    return grows, jnp.where(grows, -z, z), jnp.exp(jnp.where(grows, z, jnp.zeros_like(z)))


class Crossing(NamedTuple):
    """A rate `re + i im` and a gap that it is crossed over."""

    re: Float[Array, "..."]
    im: Float[Array, "..."]
    d: Float[Array, "..."]
    """Timescale times gap."""
    turn: Float[Array, "..."]
    """`im d / (2 pi)` without whole turns; whoever knows it better than the product of two floats
    gives it."""


def crossing(re: Float[Array, "..."], im: Float[Array, "..."], d: Float[Array, "..."]) -> Crossing:
    """A crossing whose turn is that of the product."""
    return Crossing(re, im, d, fraction(turn_of(im, d)))


@jax.custom_jvp
def decay_over(over: Crossing) -> Pair:
    """`e^z` alone, for a hold whose gain does not depend on the gap."""
    return _exponential(over.re * over.d, over.turn)[0]


@decay_over.defjvp
def _decay_over_jvp(primals, tangents):
    (over,), (moves,) = primals, tangents
    decay = decay_over(over)
    return decay, decay_tangent(over, moves, decay)


@jax.custom_jvp
def cross_held(over: Crossing) -> tuple[Pair, Pair]:
    """`e^z` and `d phi1(z)` of a crossing."""
    re, im, d, turn = over
    x, y = re * d, im * d
    decay, less_one = _exponential(x, turn)
    gain = times(less_one, _reciprocal(re, im))
    # Where the rate itself is next to nothing its reciprocal is no number; z is then nothing too.
    tiny = x * x + y * y < float(jnp.finfo(x.dtype).eps) ** 2
    return decay, select(tiny, (d + x * d / 2, y * d / 2), gain)


@cross_held.defjvp
def _cross_held_jvp(primals, tangents):
    (over,), (moves,) = primals, tangents
    re, im, d, _ = over
    decay, gain = cross_held(over)
    rate_tangent, d_tangent = moves[:2], moves.d
    # d gain / d rate = d^2 phi1'(z), and d gain / d d = e^z, whatever z is.
    slope = _slope1(re, im, d, decay, gain)
    gain_tangent = plus(scaled(d_tangent, decay), times(slope, rate_tangent))
    return (decay, gain), (decay_tangent(over, moves, decay), gain_tangent)


@jax.custom_jvp
def cross_ramp(over: Crossing) -> tuple[Pair, Pair, Pair]:
    """`e^z`, `d phi1(z)` and `d phi2(z)` of a crossing."""
    re, im, d, _ = over
    decay, gain = cross_held(over)
    near, inside = _near(re, im, d, _NEAR_PHI2)
    # d phi2 = (phi1 - 1) / rate; where z is not small, neither is d.
    mean = scaled(1 / jnp.where(near, jnp.ones_like(d), d), gain)
    quotient = times((mean[0] - 1, mean[1]), _reciprocal(re, im))
    series = scaled(d, _taylor(inside, lambda k: 1 / math.factorial(k + 2)))
    return decay, gain, select(near, series, quotient)


@cross_ramp.defjvp
def _cross_ramp_jvp(primals, tangents):
    (over,), (moves,) = primals, tangents
    re, im, d, _ = over
    decay, gain, ramp = cross_ramp(over)
    rate_tangent, d_tangent = moves[:2], moves.d
    (gain_slope, ramp_slope) = (
        _slope1(re, im, d, decay, gain),
        _slope2(re, im, d, gain, ramp),
    )
    # d ramp / d d = phi1 - phi2; at d = 0 that is 1/2, and moves as 1/2 + z/3.
    zero = d == 0
    per_d = scaled(1 / jnp.where(zero, jnp.ones_like(d), d), minus(gain, ramp))
    per_d = select(zero, (0.5 + re * d / 3, im * d / 3), per_d)
    return (decay, gain, ramp), (
        decay_tangent(over, moves, decay),
        plus(scaled(d_tangent, decay), times(gain_slope, rate_tangent)),
        plus(scaled(d_tangent, per_d), times(ramp_slope, rate_tangent)),
    )


def shrink(x: Float[Array, "..."]) -> Pair:
    """`e^x` and `e^x - 1` for x <= 0, each with all its digits."""
    if x.dtype != jnp.float32:
        # From the inverse: at x = -5 the sum of 1 and e^x - 1 has lost two digits.
        # By the limit nothing is left of a state, and the inverse is still in range.
        grown = jnp.expm1(jnp.minimum(-x, 0.9 * np.log(jnp.finfo(x.dtype).max)))
        size = 1 / (1 + grown)
        return size, -grown * size
    # x = n ln 2 + r, |r| <= 0.35, and e^r = (c + r) / (c - r) with c = r coth(r / 2), a series. Two
    # quotients, which XLA keeps; its own expm1 runs on one core (docs/scan.md).
    x = jnp.maximum(x, _NOTHING_LEFT)
    n = jnp.round(x * np.float32(1 / math.log(2)))
    r = (x - n * np.float32(_LN2_HEAD)) - n * np.float32(math.log(2) - _LN2_HEAD)
    power = lax.bitcast_convert_type((n.astype(jnp.int32) + 127) << 23, jnp.float32)
    square = r * r
    c = square * np.float32(1 / 15120) - np.float32(1 / 360)
    c = 2 + square * (np.float32(1 / 6) + square * c)
    less = c - r
    return power * (c + r) / less, ((power - 1) * less + 2 * power * r) / less


def _exponential(x, turn) -> tuple[Pair, Pair]:
    """`e^z` and `e^z - 1` of z = x + 2 pi i turn."""
    drop, im = circle(turn)
    size, less_one = shrink(x)
    im = size * im
    return (size - size * drop, im), (less_one - size * drop, im)


def decay_tangent(over: tuple, moves: tuple, decay: Pair) -> Pair:
    """How `decay`, e^(rate d), moves with the first three parts of a crossing."""
    re, im, d, _ = over
    re_tangent, im_tangent, d_tangent, _ = moves
    z_tangent = (re_tangent * d + re * d_tangent, im_tangent * d + im * d_tangent)
    return times(decay, z_tangent)


def _slope1(re, im, d, decay, gain) -> Pair:
    """d^2 phi1'(z)."""
    near, inside = _near(re, im, d, _NEAR_SLOPE1)
    quotient = times(minus(scaled(d, decay), gain), _reciprocal(re, im))
    series = scaled(d * d, _taylor(inside, lambda k: (k + 1) / math.factorial(k + 2), (8, 15)))
    return select(near, series, quotient)


def _slope2(re, im, d, gain, ramp) -> Pair:
    """d^2 phi2'(z)."""
    near, inside = _near(re, im, d, _NEAR_PHI2)
    difference = minus(gain, scaled(jnp.full_like(d, 2), ramp))
    series = scaled(d * d, _taylor(inside, lambda k: (k + 1) / math.factorial(k + 3)))
    return select(near, series, times(difference, _reciprocal(re, im)))


def _reciprocal(re, im) -> Pair:
    """1 / rate, and 0 for a rate that has none; the series stand in for it there."""
    square = re * re + im * im
    there = square > 1e-37
    inverse = jnp.where(there, 1 / jnp.where(there, square, jnp.ones_like(square)), 0 * square)
    return re * inverse, -im * inverse


def _near(re, im, d, distance):
    """Whether |z| is below a distance, and z where it is, 0 elsewhere."""
    x, y = re * d, im * d
    near = x * x + y * y < distance * distance
    return near, select(near, (x, y), (jnp.zeros_like(x), jnp.zeros_like(y)))


def _taylor(z: Pair, coefficient, terms: tuple[int, int] = (11, 19)) -> Pair:
    # At the distance where the series ends (1, or 1/2 with the fewer terms) the first term left out
    # is about 1e-8 of the sum in float32 and 1e-17 in float64.
    n_terms = terms[0] if z[0].dtype == jnp.float32 else terms[1]
    total = (jnp.full_like(z[0], coefficient(n_terms - 1)), jnp.zeros_like(z[1]))
    for k in reversed(range(n_terms - 1)):
        re, im = times(total, z)
        total = (re + np.asarray(coefficient(k), z[0].dtype), im)
    return total

"""How far a state has turned over a gap, however often it goes round, and what that angle is.

The angle `im(rate) timescale gap` may be many turns, and over what a state remembers the angles of
thousands of gaps add up. In one float it has lost 6e-8 of itself, at equal gaps the same way at
every step. Turns are counted instead: the part of a turn comes out of exact products, and whole
turns are dropped before anything is rounded.
"""

import math
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from ct_s5.ssm._over_steps import over_steps
from ct_s5.ssm._pairs import Pair
from ct_s5.ssm._twofold import Two, head, two_of, two_times

# sin(pi p) = p (pi + p^2 S(p^2)) and cos(pi p) = 1 + p^2 C(p^2) for |p| <= 1/2: least squares at
# Chebyshev nodes, rounded to float32; the errors stay below 1e-7. `tests/ssm/test_turns.py` makes
# them again.
SINE = (-5.167712688446045, 2.550136089324951, -0.598705530166626, 0.07854147255420685)
COSINE = (
    -4.934802055358887,
    4.058711528778076,
    -1.3352400064468384,
    0.23507456481456757,
    -0.024627506732940674,
)


class Speeds(NamedTuple):
    """Turns a unit of time, a number in three parts; the first two have half a float's digits."""

    high: Float[Array, "..."]
    middle: Float[Array, "..."]
    low: Float[Array, "..."]


class Turn(NamedTuple):
    """A part of a turn in two floats: the first exact, the second small."""

    first: Float[Array, "..."]
    rest: Float[Array, "..."]


# 1 / (2 pi), the nearest double and what is missing.
_PER_RADIAN = (0.15915494309189535, -9.839338337591243e-18)


def speeds_of(im: Float[Array, "..."], timescales: Two, factor: float = 1.0) -> Speeds:
    """`factor im timescale / (2 pi)`."""
    im, first, second = map(lax.stop_gradient, (im, *timescales))
    nearest, missing = two_of(_PER_RADIAN[0], im.dtype)
    per_radian = (nearest, missing + np.asarray(_PER_RADIAN[1], im.dtype))
    turning = two_times((im, jnp.zeros_like(im)), two_times(per_radian, two_of(factor, im.dtype)))
    speed, low = two_times(turning, (first, second))
    return Speeds(head(speed), speed - head(speed), low)


def turn_over(speeds: Speeds, gaps: Float[Array, "*steps"]) -> Turn:
    """What is left of `speed * gap` without whole turns, each state over each gap."""
    # Beyond 2^24 turns a gap says nothing of the angle; this only keeps products in range.
    fastest = jnp.max(jnp.abs(speeds.high), initial=1.0)
    gaps = jnp.minimum(lax.stop_gradient(gaps), np.asarray(1e36, gaps.dtype) / fastest)
    every = (over_steps(lax.stop_gradient(part), gaps.shape) for part in speeds)
    return _turned(Speeds(*every), gaps[..., None])


def turn_of(im: Float[Array, "..."], d: Float[Array, "..."]) -> Turn:
    """The same of an angle `im * d`, number by number."""
    im, d = map(lax.stop_gradient, jnp.broadcast_arrays(im, d))
    return _turned(speeds_of(im, (jnp.ones_like(im), jnp.zeros_like(im))), d)


def _turned(speeds: Speeds, gap) -> Turn:
    near = head(gap)
    far = gap - near
    # The products of halves are exact, so that whole turns go without a trace.
    large = speeds.high * near
    small = speeds.high * far + speeds.middle * near
    tiny = speeds.middle * far + speeds.low * gap
    return Turn(large - jnp.round(large), (small - jnp.round(small)) + tiny)


def fraction(turn: Turn) -> Float[Array, "..."]:
    """The turn in one float, from -1/2 to 1/2."""
    p = turn.first + turn.rest
    return p - jnp.round(p)


def circle(p: Float[Array, "..."]) -> Pair:
    """`1 - cos` and `sin` of p turns, |p| <= 1/2, each with all its digits near p = 0."""
    if p.dtype == jnp.float32:
        square = p * p
        s = p * (np.float32(math.pi) + square * _polynomial(square, SINE))
        c = 1 + square * _polynomial(square, COSINE)
    else:
        s, c = jnp.sin(math.pi * p), jnp.cos(math.pi * p)
    # From half the angle: 1 - cos 2a = 2 sin^2 a, sin 2a = 2 sin a cos a. Divided by the size that
    # rounding left to (c, s) the point lies on the circle; and XLA, which repeats sums and products
    # in every loop that needs them, keeps quotients (docs/scan.md).
    size = s * s + c * c
    return 2 * s * s / size, 2 * s * c / size


def _polynomial(x, coefficients):
    total = jnp.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = total * x + np.float32(coefficient)
    return total

"""The recurrence seen from a frame that turns along, in which only the forgetting is left.

A state may turn by thousands of radians while it is remembered. As a factor `e^z`, rounded to a
float, each step turns it by 1e-8 too much or too little: at equal gaps always the same way. So
angles are counted instead, in whole 2^-31sts of a turn, which add up without error. From the frame
that has turned by the sum, `y_k = e^{-i angle_k} x_k`, the recurrence is

    y_k = y_{k-1} + (less_one_k y_{k-1} + e^{-i angle_k} drive_k)

with `less_one_k = e^{re z_k + i r_k} - 1`, where `r_k` is what the count leaves over. It is small
where little is forgotten, and has all its digits there.
"""

import math

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from ct_s5.ssm._choice import Inner
from ct_s5.ssm._pairs import Pair, conjugate, times
from ct_s5.ssm._phi import decay_tangent, shrink
from ct_s5.ssm._scan import scan_pairs
from ct_s5.ssm._turns import Turn, circle, fraction

TURN = 2.0**31
"""What a whole turn counts."""


def counted(turn: Turn) -> tuple[Int[Array, "..."], Float[Array, "..."]]:
    """What a turn counts, as near as a float has it, and what that leaves over, in radians."""
    nearest = jnp.round(fraction(turn) * TURN)
    left = (turn.first - nearest / TURN) + turn.rest
    return nearest.astype(jnp.int32), (left - jnp.round(left)) * (2 * math.pi)


@jax.custom_jvp
def less_one_over(re, im, d, left) -> Pair:
    """`e^{re d + i left} - 1`, for a `left` whose square is nothing; it moves as `im d` does."""
    size, less_one = shrink(re * d)
    return less_one, size * left


@less_one_over.defjvp
def _less_one_over_jvp(primals, tangents):
    # The decay from its own size, not from less_one: little of it is left after a long gap.
    decay = _decay_over(*primals)
    return less_one_over(*primals), decay_tangent(primals, tangents, decay)


@jax.custom_jvp
def _decay_over(re, im, d, left) -> Pair:
    """The same, with the one."""
    size, _ = shrink(re * d)
    return size, size * left


@_decay_over.defjvp
def _decay_over_jvp(primals, tangents):
    # Of use to second derivatives alone; from `left`, which does not move, they would be wrong.
    decay = _decay_over(*primals)
    return decay, decay_tangent(primals, tangents, decay)


def scan_turning(
    inner: Inner,
    less_one: Pair,
    count: Int[Array, "L *N Q"],
    drive: Pair,
    initial: Pair,
    begins: Bool[Array, "L *N"] | None,
) -> Pair:
    """The states (L, *N, Q) after every step, all but the count as in `scan_pairs`."""
    tree = inner == "associative"
    total = lax.cumsum(count, axis=0) if tree else _running_sum(count)
    angle = _angle_of(total, drive[0].dtype)
    run = "exact tree" if tree else "sequential"
    y = scan_pairs(run, less_one, times(conjugate(angle), drive), initial, begins)
    return times(angle, y)


def _angle_of(count, dtype) -> Pair:
    # An int32 holds two turns and goes on from below past its end, which is right for an angle.
    # Shifted to and fro it loses a whole turn, if there is one.
    part = (count << 1) >> 1
    drop, sine = circle(part.astype(dtype) / TURN)
    return 1 - drop, sine


def _running_sum(count):
    def step(total, more):
        total = total + more
        return total, total

    return lax.scan(step, jnp.zeros_like(count, shape=count.shape[1:]), count)[1]

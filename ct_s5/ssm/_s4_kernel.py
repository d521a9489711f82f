"""A diagonal plus low rank state space, discretised by the bilinear rule, one a feature.

The state matrix is `A = diag(rate) - P P*` over conjugate pairs, of which one each is kept: with
`<P, x> = 2 Re(P* x)` the kept half obeys `x' = rate x - P <P, x> + B u`, `y = 2 Re(C x)`.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ct_s5.ssm._pairs import Pair, conjugate, minus, plus, scaled, times, zeros_like


class LowRank(NamedTuple):
    """The continuous system and its step sizes: Q numbers for each of H features."""

    rates: Pair
    low_rank: Pair
    input_map: Pair
    steps: Float[Array, "H 1"]


class Mover(NamedTuple):
    """What a step needs, computed once."""

    system: LowRank
    resolvent: Pair
    """`1 / (1 - step rate / 2)`."""
    correction: Pair
    """What `<P, resolvent v>` takes off."""


def mover(system: LowRank) -> Mover:
    """Woodbury's identity: `(1 - step A / 2)^-1` is diagonal plus low rank as well."""
    half = system.steps / 2
    # 1 - half rate has a real part of at least 1.
    x, y = 1 - half * system.rates[0], -half * system.rates[1]
    resolvent = scaled(1 / (x * x + y * y), (x, -y))
    turned = times(resolvent, system.low_rank)
    # At least 1 as well: the resolvent's real part is positive.
    share = 1 + half * _inner(system.low_rank, turned)
    return Mover(system, resolvent, scaled(half / share, turned))


def move(mover: Mover, x: Pair, u: Float[Array, " H"]) -> Pair:
    """The state one reading later, in O(N) a feature: `(1 - dA/2) x' = (1 + dA/2) x + d B u`."""
    (rates, low_rank, input_map, steps), resolvent, correction = mover
    slope = minus(times(rates, x), scaled(_inner(low_rank, x), low_rank))
    v = plus(plus(x, scaled(steps / 2, slope)), scaled(steps * u[:, None], input_map))
    v = times(resolvent, v)
    return minus(v, scaled(_inner(low_rank, v), correction))


def kernel(mover: Mover, output_map: Pair, n_steps: int) -> Float[Array, "H L"]:
    """What an input of 1 adds 0, 1, ..., L - 1 readings later: `C A^l B`, exactly.

    By doubling: from `B, .., A^(w-1) B` and `A^w` come twice as many columns by one product, and in
    the same way rows `C, C A^w, C A^2w, ..`; every row meets every column. That costs H N^3 log L
    for the powers. The Cauchy sums of the paper give the same numbers, but cut off at L they need
    the power `A^L` too, unless the weights are trained for one L; and they divide complex numbers
    H N L times, where this is real matrix products alone. Nothing grows on the way: A is a
    contraction whatever the parameters, since the real parts of the rates are negative.
    """
    n_features, n_half = output_map[0].shape
    none = jnp.zeros_like(mover.system.steps[:, 0])
    eye = jnp.eye(2 * n_half, dtype=output_map[0].dtype)

    def column(unit):
        re, im = jnp.split(jnp.broadcast_to(unit[None], (n_features, 2 * n_half)), 2, axis=1)
        return jnp.concatenate(move(mover, (re, im), none), axis=1)

    power = jax.vmap(column, out_axes=2)(eye)  # of real and imaginary parts: H matrices (N, N)
    first = move(mover, zeros_like(output_map), jnp.ones_like(none))
    columns = jnp.concatenate(first, axis=1)[:, :, None]
    rows = 2 * jnp.concatenate(conjugate(output_map), axis=1)[:, None, :]
    width = 1 << math.ceil(math.log2(n_steps) / 2)
    while columns.shape[2] < width:
        columns = jnp.concatenate([columns, _product(power, columns)], axis=2)
        power = _product(power, power)
    while rows.shape[1] * width < n_steps:
        rows = jnp.concatenate([rows, _product(rows, power)], axis=1)
        if rows.shape[1] * width < n_steps:
            power = _product(power, power)
    return _product(rows, columns).reshape(n_features, -1)[:, :n_steps]


def _product(a, b):
    # Devices that round factors to fewer digits would lose the powers.
    return jnp.matmul(a, b, precision=lax.Precision.HIGHEST)


def _inner(p: Pair, x: Pair) -> Float[Array, "H 1"]:
    """`2 Re(P* x)`."""
    return 2 * jnp.sum(p[0] * x[0] + p[1] * x[1], axis=-1, keepdims=True)

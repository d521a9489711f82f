"""What a reading means between readings: six ways to turn a gap into a decay and a drive.

With `v = B u`, `d = timescale * gap` and `z = rate * d`, the state at reading k is

    x_k = decay_k x_{k-1} + gain_k v_k + held_gain_k v_{k-1}

| hold         | decay                 | gain              | held gain         |
|--------------|-----------------------|-------------------|-------------------|
| zoh          | e^z                   | d phi1(z)         |                   |
| zoh_forward  | e^z                   |                   | d phi1(z)         |
| foh          | e^z                   | d phi2(z)         | d (phi1 - phi2)(z)|
| bilinear     | (1 + z/2) / (1 - z/2) | d / (1 - z/2)     |                   |
| impulse      | e^z                   | 1                 |                   |
| async        | e^z                   | as zoh with gap 1 |                   |
"""

from typing import Literal, NamedTuple, get_args

import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from ct_s5.ssm._over_steps import over_steps
from ct_s5.ssm._pairs import Pair, join, minus, scaled, split
from ct_s5.ssm._phi import cross_held, cross_ramp, decay_over

Hold = Literal["zoh", "zoh_forward", "foh", "bilinear", "impulse", "async"]
HOLDS: tuple[str, ...] = get_args(Hold)


class Discretised(NamedTuple):
    """One factor a step and state; a gain that a hold has no use for is None."""

    decay: Complex[Array, "L Q"]
    gain: Complex[Array, "#L Q"] | None
    held_gain: Complex[Array, "L Q"] | None


class Factors(NamedTuple):
    """`Discretised` as pairs of reals, which is what the scan works on."""

    decay: Pair
    gain: Pair | None
    held_gain: Pair | None


def discretise(
    hold: Hold,
    rates: Complex[Array, " Q"],
    timescales: Float[Array, " Q"],
    gaps: Float[Array, " L"],
) -> Discretised:
    """Solve `x' = timescale * (rate x + v(t))` over each gap, for the v(t) that the hold assumes.

    Never forms an (L, P, H) array: the gains multiply `B u`, not `B`.

    Args:
        hold: What the input does between readings; the table above.
        rates: Continuous-time eigenvalues, real parts below 0.
        timescales: Positive, one a state.
        gaps: Time since the last reading, in model units. At 0 the state is left as it is, and all
            but `impulse` and `async` then write nothing.

    References:
        `zoh` and `bilinear`: Smith, Warrington and Linderman, arXiv:2208.04933, with one gap a step
        where they have one step size. `impulse` ("dirac") and `async`: Schoene et al. 2024,
        arXiv:2404.18508.
    """
    factors = factors_of(hold, split(rates), timescales, gaps)
    decay, gain, held_gain = (None if x is None else join(x) for x in factors)
    assert decay is not None
    return Discretised(decay, gain, held_gain)


def factors_of(
    hold: Hold, rates: Pair, timescales: Float[Array, " Q"], gaps: Float[Array, " L"]
) -> Factors:
    """`discretise` on pairs of reals."""
    if hold not in HOLDS:
        raise ValueError(f"hold must be one of {', '.join(HOLDS)}; got {hold!r}.")
    re, im, timescale = (over_steps(part, gaps.shape[0]) for part in (*rates, timescales))
    d = timescale * gaps[:, None]
    match hold:
        case "zoh":
            return Factors(*cross_held(re, im, d), None)
        case "zoh_forward":
            decay, gain = cross_held(re, im, d)
            return Factors(decay, None, gain)
        case "foh":
            decay, gain, rise = cross_ramp(re, im, d)
            return Factors(decay, rise, minus(gain, rise))
        case "bilinear":
            return _bilinear(re, im, d)
        case "impulse":
            ones = jnp.ones_like(d[:1])
            return Factors(decay_over(re, im, d), (ones, jnp.zeros_like(ones)), None)
        case "async":
            unit = cross_held(*(part[None, :] for part in (*rates, timescales)))[1]
            return Factors(decay_over(re, im, d), unit, None)


def _bilinear(re, im, d) -> Factors:
    # 1 / (1 - z/2), scaled so that no square leaves the range, and (1 + z/2) / (1 - z/2) from it.
    x, y = 1 - re * d / 2, im * d / 2
    size = jnp.maximum(x, jnp.abs(y))
    a, b = x / size, y / size
    inverse = scaled(1 / (size * (a * a + b * b)), (a, b))
    return Factors((2 * inverse[0] - 1, 2 * inverse[1]), scaled(d, inverse), None)

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
from jaxtyping import Array, Complex, Float, Int

from ct_s5.ssm._frame import TURN, counted, less_one_over
from ct_s5.ssm._over_steps import each_by, over_steps
from ct_s5.ssm._pairs import Pair, join, minus, scaled, select, split, times
from ct_s5.ssm._phi import Crossing, cross_held, cross_ramp, crossing, decay_over
from ct_s5.ssm._turns import Speeds, fraction, speeds_of, turn_over

Hold = Literal["zoh", "zoh_forward", "foh", "bilinear", "impulse", "async"]
HOLDS: tuple[str, ...] = get_args(Hold)


class Discretised(NamedTuple):
    """One factor a step and state; a gain that a hold has no use for is None."""

    decay: Complex[Array, "L Q"]
    gain: Complex[Array, "#L Q"] | None
    held_gain: Complex[Array, "L Q"] | None


class Move(NamedTuple):
    """What a step makes of the state: `Discretised.decay` in the form that the scan works on."""

    less_one: Pair
    """The decay less one, seen from a frame that turns with the state."""
    turn: Int[Array, "*steps Q"]
    """By how much it turns; a whole turn is `TURN`."""


class Factors(NamedTuple):
    """`Discretised` as pairs of reals, and the same decay as a move."""

    decay: Pair
    gain: Pair | None
    held_gain: Pair | None
    move: Move


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
    decay, gain, held_gain = (None if x is None else join(x) for x in factors[:3])
    assert decay is not None
    return Discretised(decay, gain, held_gain)


def factors_of(
    hold: Hold,
    rates: Pair,
    timescales: Float[Array, " Q"],
    gaps: Float[Array, "*steps"],
    speeds: Speeds | None = None,
) -> Factors:
    """`discretise` on pairs of reals, for steps along one axis or more.

    Args:
        hold: As of `discretise`.
        rates: As of `discretise`.
        timescales: As of `discretise`.
        gaps: As of `discretise`.
        speeds: `im(rate) timescale / (2 pi)` from someone who knows it better than the product of
            two floats.
    """
    if hold not in HOLDS:
        raise ValueError(f"hold must be one of {', '.join(HOLDS)}; got {hold!r}.")
    re, im = (over_steps(part, gaps.shape) for part in rates)
    d = each_by(gaps, timescales)
    if hold == "bilinear":
        return _bilinear(re, im, d)
    if speeds is None:
        speeds = speeds_of(rates[1], (timescales, jnp.zeros_like(timescales)))
    turn = turn_over(speeds, gaps)
    count, left = counted(turn)
    move = Move(less_one_over(re, im, d, left), count)
    over = Crossing(re, im, d, fraction(turn))
    match hold:
        case "zoh":
            return Factors(*cross_held(over), None, move)
        case "zoh_forward":
            decay, gain = cross_held(over)
            return Factors(decay, None, gain, move)
        case "foh":
            decay, gain, rise = cross_ramp(over)
            return Factors(decay, rise, minus(gain, rise), move)
        case "impulse":
            ones = jnp.ones_like(d[:1])
            return Factors(decay_over(over), (ones, jnp.zeros_like(ones)), None, move)
        case "async":
            one_step = (1,) * gaps.ndim
            unit = (part.reshape(*one_step, -1) for part in (*rates, timescales))
            unit = cross_held(crossing(*unit))[1]
            return Factors(decay_over(over), unit, None, move)


def _bilinear(re, im, d) -> Factors:
    # 1 / (1 - z/2), scaled so that no square leaves the range, and (1 + z/2) / (1 - z/2) from it.
    x, y = 1 - re * d / 2, im * d / 2
    size = jnp.maximum(x, jnp.abs(y))
    a, b = x / size, y / size
    inverse = scaled(1 / (size * (a * a + b * b)), (a, b))
    # With all digits: decay - 1 = z / (1 - z/2). Where z is large the decay tends to -1, and from a
    # frame that turns by half it is -decay - 1 = -2 / (1 - z/2).
    large = jnp.abs(im * d) - re * d > 2
    turned = scaled(jnp.full_like(d, -2), inverse)
    less_one = select(large, turned, times((re * d, im * d), inverse))
    move = Move(less_one, jnp.where(large, TURN / 2, 0).astype(jnp.int32))
    return Factors((2 * inverse[0] - 1, 2 * inverse[1]), scaled(d, inverse), None, move)

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
from jax import lax
from jaxtyping import Array, Complex, Float

from ct_s5.ssm._phi import phi1, phi2

Hold = Literal["zoh", "zoh_forward", "foh", "bilinear", "impulse", "async"]
HOLDS: tuple[str, ...] = get_args(Hold)


class Discretised(NamedTuple):
    """One factor a step and state; a gain that a hold has no use for is None."""

    decay: Complex[Array, "L Q"]
    gain: Complex[Array, "#L Q"] | None
    held_gain: Complex[Array, "L Q"] | None


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
    if hold not in HOLDS:
        raise ValueError(f"hold must be one of {', '.join(HOLDS)}; got {hold!r}.")
    d = timescales[None, :] * gaps[:, None]
    z = _times(d, rates[None, :])
    if hold == "bilinear":
        half = 1 / (1 - z / 2)
        return Discretised((1 + z / 2) * half, _times(d, half), None)
    decay = jnp.exp(z)
    match hold:
        case "zoh":
            return Discretised(decay, _times(d, phi1(z)), None)
        case "zoh_forward":
            return Discretised(decay, None, _times(d, phi1(z)))
        case "foh":
            rise = phi2(z)
            return Discretised(decay, _times(d, rise), _times(d, phi1(z) - rise))
        case "impulse":
            return Discretised(decay, jnp.ones_like(z[:1]), None)
        case "async":
            unit = _times(timescales, phi1(_times(timescales, rates)))
            return Discretised(decay, unit[None, :], None)


def _times(real, z):
    """Real times complex as two real products: a complex one would add terms that are 0."""
    return lax.complex(real * z.real, real * z.imag)

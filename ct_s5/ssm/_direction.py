"""One direction of the layer: from inputs over states to outputs, for some steps of some series."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ct_s5.ssm._blocks import Step
from ct_s5.ssm._choice import Inner
from ct_s5.ssm._frame import scan_turning
from ct_s5.ssm._holds import Hold, factors_of
from ct_s5.ssm._over_steps import over_steps, product
from ct_s5.ssm._pairs import Pair, halves, plus, select, times, zeros_like
from ct_s5.ssm._scan import scan_pairs
from ct_s5.ssm._steps import last_reading
from ct_s5.ssm._turns import Speeds


class Maps(NamedTuple):
    """The parameters of one direction, its complex matrices packed into real ones."""

    rates: Pair
    timescales: Float[Array, " Q"]
    speeds: Speeds
    into: Float[Array, "P H"]
    """Real parts of the input map, then imaginary ones."""
    out_of: Float[Array, "P H"]
    """Such that 2 Re(C x) is one real product."""
    feedthrough: Float[Array, " H"] | None


class Rows(NamedTuple):
    """What the steps bring along: of one series (L, ...), or of several, steps first."""

    inputs: Float[Array, "*steps H"]
    gaps: Float[Array, "*steps"]


class Flags(NamedTuple):
    """What kind the steps are; None where all are alike."""

    reading: Bool[Array, "*steps"] | None
    """False on a query."""
    real: Bool[Array, "*steps"] | None
    """False on padding."""
    begins: Bool[Array, "*steps"] | None
    """True where another series begins, in this direction."""


class Carried(NamedTuple):
    """What one step leaves to the next."""

    x: Pair
    held: Pair | None
    """`B u` of the last reading, where the hold needs it."""


# A tree takes half more time for a gradient when it counts turns (docs/scan.md). Under the other
# holds a state that remembers long is written to slowly, and its error is none of the output's.
_COUNTED_IN_A_TREE = ("bilinear", "impulse", "async")


@functools.cache
def going_over(hold: Hold, inner: Inner) -> Step:
    """`go_over` with its first two arguments; the same function for the same two."""
    return functools.partial(go_over, hold, inner)


def go_over(
    hold: Hold,
    inner: Inner,
    maps: Maps,
    rows: Rows,
    flags: Flags,
    fresh: Bool[Array, " L"] | None,
    state: Carried,
) -> tuple[Float[Array, "*steps H"], Carried]:
    """The outputs of this direction at some steps of a series or several, and what they leave."""
    fresh = None if fresh is None else jnp.broadcast_to(fresh[:, None], rows.gaps.shape)
    real = _both(flags.real, fresh)
    # Padding is blanked before anything else touches it: NaN * 0 is NaN.
    inputs = rows.inputs if real is None else _kept(real, rows.inputs)
    # Only a padded or asked step is no reading; None keeps the common case free of masks.
    reading = _both(flags.reading, real)
    begins = flags.begins if flags.begins is None else _both(flags.begins, fresh)

    v = halves(product(inputs, maps.into, 1))
    factors = factors_of(hold, maps.rates, maps.timescales, rows.gaps, maps.speeds)
    decay, gain, held_gain, (less_one, turn) = factors
    if rows.gaps.shape[0] == 1 or (inner == "associative" and hold not in _COUNTED_IN_A_TREE):
        # One step has no sum of turns to keep exact.
        less_one, turn = (decay[0] - 1, decay[1]), None
    drive = zeros_like(v) if gain is None else times(gain, v)
    held, last = zeros_like(v), state.held
    if held_gain is not None and state.held is not None:
        one_series = rows.gaps.ndim == 1
        look = last_reading if one_series else jax.vmap(last_reading, (1, 1, 1, 0), (1, 0))
        before, last = look(v, reading, begins, state.held)
        held = times(held_gain, before)
        drive = plus(drive, held)
    drives = drive
    if reading is not None:
        # Whatever is no reading leaves the state alone ...
        less_one = select(reading[..., None], less_one, zeros_like(less_one))
        turn = None if turn is None else jnp.where(reading[..., None], turn, 0)
        drives = select(reading[..., None], drive, zeros_like(drive))
    if turn is None:
        x = scan_pairs(inner, less_one, drives, state.x, begins)
    else:
        x = scan_turning(inner, less_one, turn, drives, state.x, begins)
    end = Carried((x[0][-1], x[1][-1]), last)
    if reading is not None and flags.reading is not None:
        # ... and a query sees it as it is by then; only zoh_forward knows what drove it meanwhile.
        asked = times(decay, x)
        asked = plus(asked, held) if hold == "zoh_forward" else asked
        x = select(reading[..., None], x, asked)
    outputs = product(jnp.concatenate(x, axis=-1), maps.out_of, 0)
    if maps.feedthrough is not None:
        outputs = outputs + over_steps(maps.feedthrough, inputs.shape[:-1]) * inputs
    return (outputs if real is None else _kept(real, outputs)), end


def _both(a, b):
    return b if a is None else a if b is None else a & b


def _kept(rows, values):
    return jnp.where(rows[..., None], values, jnp.zeros_like(values))

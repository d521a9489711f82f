"""Self-attention with an encoding of the true times, under the mixer contract."""

import functools
import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ct_s5.nn._linear import linear_steps
from ct_s5.ssm import checked_flags, checked_gaps

_BLOCK = 512
_LATEST = 1e9
_SLOWEST, _FASTEST = 1e-3, 1.0  # radians a model unit, of the waves at the start


class TimeEncoding(eqx.Module):
    """A time as F features: one that grows with it, and F - 1 learned waves.

    Reference: the time embedding of mTAN, Shukla and Marlin 2021, arXiv:2101.10318, equation 1.
    """

    log_timescale: Float[Array, " W"]
    """Logarithm of each wave's pace."""
    weight: Float[Array, ""]
    bias: Float[Array, " F"]

    def __init__(self, n_features: int):
        """Args: F. The waves begin at paces from a radian a model unit to a thousandth of it."""
        dtype = jnp.result_type(float)
        paces = np.geomspace(_SLOWEST, _FASTEST, n_features - 1)
        self.log_timescale = jnp.asarray(np.log(paces), dtype)
        self.weight = jnp.asarray(_SLOWEST, dtype)
        # Neighbours stand a quarter turn apart, as sine and cosine.
        self.bias = jnp.asarray(np.pi / 2 * (np.arange(n_features) % 2), dtype)

    def __call__(self, time: Float[Array, ""]) -> Float[Array, " F"]:
        """The features of a time, in model units; later than 1e9, a float has no digits for it."""
        time = jnp.clip(time, -_LATEST, _LATEST)
        waves = jnp.sin(jnp.exp(self.log_timescale) * time + self.bias[1:])
        return jnp.append(self.weight * time + self.bias[0], waves)


class TransformerLayer(eqx.Module):
    """One multi-head self-attention over the readings of a series.

    A step attends to the readings up to itself, or in both directions to all of its series; a
    query attends and is never attended to. Times reach it as an encoding that is added to the
    features: times since the series began, summed up from its gaps, so that no clock matters. A
    step that has nothing to attend to gets zeros. Norm, skip and nonlinearity are the block's.

    All pairs of steps are compared, 512 steps at a time with all others: 512 L numbers a head in
    memory and L^2 in work, and no state of fixed size to stream with. S5 and the recurrent layers
    need L.

    Reference: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2; times as in mTAN,
    arXiv:2101.10318.
    """

    time: TimeEncoding
    into: eqx.nn.Linear
    out_of: eqx.nn.Linear
    n_heads: int = eqx.field(static=True)
    bidirectional: bool = eqx.field(static=True)

    def __init__(
        self,
        n_features: int,
        *,
        n_heads: int = 4,
        bidirectional: bool = False,
        key: PRNGKeyArray,
    ):
        """Make a layer.

        Args:
            n_features: H, features in and out.
            n_heads: Attentions side by side, each over H / n_heads features.
            bidirectional: Attend to the readings that come later too.
            key: Seeds the weights.

        Raises:
            ValueError: H does not split over the heads.
        """
        if n_heads < 1 or n_features % n_heads:
            raise ValueError(
                f"n_features={n_features} does not split over n_heads={n_heads}: choose a width "
                f"that is a multiple of {max(n_heads, 1)}."
            )
        into_key, out_of_key = jax.random.split(key)
        self.time = TimeEncoding(n_features)
        self.into = eqx.nn.Linear(n_features, 3 * n_features, key=into_key)
        self.out_of = eqx.nn.Linear(n_features, n_features, use_bias=False, key=out_of_key)
        self.n_heads = n_heads
        self.bidirectional = bidirectional

    def __call__(
        self,
        inputs: Float[Array, "L H"],
        gaps: Float[Array, " L"],
        *,
        gaps_after: Float[Array, " L"] | None = None,
        reading: Bool[Array, " L"] | None = None,
        real: Bool[Array, " L"] | None = None,
        reset: Bool[Array, " L"] | None = None,
    ) -> Float[Array, "L H"]:
        """What each step finds in the readings; padded outputs are 0.

        Args:
            inputs: Features of each step; a query asks with its own.
            gaps: Time since the last reading before each step, in model units.
            gaps_after: Time to the next reading after each step. In both directions it places the
                queries that come before the first reading.
            reading: False on queries.
            real: False on padding.
            reset: True where another series begins.

        Raises:
            ValueError: Both directions, with queries, and no `gaps_after`; shapes that do not fit.
            RuntimeError: A gap of a real step that is negative, NaN or too long.
        """
        if self.bidirectional and reading is not None and gaps_after is None:
            raise ValueError("With queries, a bidirectional layer needs gaps_after.")
        inputs = jnp.asarray(inputs, self.into.weight.dtype)
        flags = {"reading": reading, "real": real, "reset": reset}
        reading, real, reset = checked_flags(
            self.into.weight.shape[1], inputs, **flags, gaps=gaps, gaps_after=gaps_after
        )
        real = jnp.ones(inputs.shape[0], bool) if real is None else real
        reading = real if reading is None else reading & real
        inputs = jnp.where(real[:, None], inputs, jnp.zeros_like(inputs))
        gaps = checked_gaps(gaps, real, "gaps", inputs.dtype)
        times, early = _times(gaps, reading, reset)
        if self.bidirectional and gaps_after is not None:
            gaps_after = checked_gaps(gaps_after, real, "gaps_after", inputs.dtype)
            # The gap of such a step is that of the first reading, whose time is known by it.
            times = jnp.where(early, gaps - gaps_after, times)
        place = jnp.arange(reading.size)
        series = None if reset is None else jnp.cumsum(reset)
        x = inputs + jax.vmap(self.time)(times)
        parts = linear_steps(self.into, x).reshape(
            x.shape[0], 3, self.n_heads, x.shape[1] // self.n_heads
        )
        asked, keys, values = (parts[:, k] for k in range(3))

        def attend(some):
            place_of, series_of, asked_of = some
            seen = jnp.broadcast_to(reading[None, :], (place_of.size, place.size))
            if not self.bidirectional:
                seen = seen & (place[None, :] <= place_of[:, None])
            if series is not None:
                seen = seen & (series[None, :] == series_of[:, None])
            heads = jax.vmap(functools.partial(_attend, seen), in_axes=1, out_axes=1)
            return heads(asked_of, keys, values)

        found = _in_blocks(attend, (place, series, asked))
        outputs = linear_steps(self.out_of, found.reshape(x.shape))
        return jnp.where(real[:, None], outputs, jnp.zeros_like(outputs))


def _in_blocks(attend: Callable[[Any], Float[Array, "B N F"]], steps: Any) -> Float[Array, "L N F"]:
    """`attend` on some steps at a time, each block computed again for the gradient.

    So a long row needs memory for a block of its pairs, and not for all of them several times.
    """
    n_steps = steps[0].shape[0]
    if not isinstance(n_steps, int) or n_steps <= _BLOCK:  # a length left open is one block
        return attend(steps)
    n_blocks = -(-n_steps // _BLOCK)
    length = -(-n_steps // n_blocks)

    def cut(part):
        spare = [(0, n_blocks * length - n_steps)] + [(0, 0)] * (part.ndim - 1)
        return jnp.pad(part, spare).reshape(n_blocks, length, *part.shape[1:])

    found = lax.map(jax.checkpoint(attend), jax.tree.map(cut, steps))
    return found.reshape(n_blocks * length, *found.shape[2:])[:n_steps]


def _attend(
    seen: Bool[Array, "B L"],
    asked: Float[Array, "B F"],
    keys: Float[Array, "L F"],
    values: Float[Array, "L F"],
) -> Float[Array, "B F"]:
    """The mean of the values, weighed by how well keys fit; 0 for who sees none."""
    fit = asked @ keys.T / math.sqrt(keys.shape[-1])
    # The least number, not -inf: the slopes of a step that sees nothing stay finite.
    fit = jnp.where(seen, fit, jnp.full_like(fit, jnp.finfo(fit.dtype).min))
    weights = jax.nn.softmax(fit, axis=-1)
    return jnp.where(seen, weights, jnp.zeros_like(weights)) @ values


def _times(
    gaps: Float[Array, " L"], reading: Bool[Array, " L"], reset: Bool[Array, " L"] | None
) -> tuple[Float[Array, " L"], Bool[Array, " L"]]:
    """Time since its series began, of each step, and whether it comes before all readings."""

    def step(before, row):
        clock, begun = before
        gap, is_reading, begins = row
        if begins is not None:
            clock = jnp.where(begins, jnp.zeros_like(clock), clock)
            begun = begun & ~begins
        now = clock + gap
        after = jnp.where(is_reading, now, clock), begun | is_reading
        return after, (now, ~(begun | is_reading))

    start = jnp.zeros_like(gaps, shape=()), jnp.zeros((), bool)
    return lax.scan(step, start, (gaps, reading, reset))[1]

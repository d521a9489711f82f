"""What each channel last said, how long ago, and how often it has spoken."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float


class ChannelHistory(eqx.Module):
    """Per channel, at the end of a step. Arrays are (C,), or (L, C) for every step of a series."""

    last: Float[Array, "*L C"]
    """The last observed value, 0 (the channel's mean, once standardised) before the first."""
    age: Float[Array, "*L C"]
    """Time since it was observed, in model units; since the series began before the first."""
    count: Float[Array, "*L C"]
    """How often it has been observed."""

    @classmethod
    def empty(cls, n_channels: int, dtype) -> "ChannelHistory":
        """Before any reading; an array each, so that a caller can donate the state."""
        return cls(*(jnp.zeros(n_channels, dtype) for _ in range(3)))


def channel_history(
    values: Float[Array, "L C"],
    observed: Bool[Array, "L C"],
    gaps: Float[Array, " L"],
    reading: Bool[Array, " L"],
    initial: ChannelHistory | None = None,
    reset: Bool[Array, " L"] | None = None,
) -> tuple[ChannelHistory, ChannelHistory]:
    """The history at every step, and the one to carry on with.

    Only readings write; a query is told the age at its own time and changes nothing. A query may
    carry observed cells of its own, what is known of its time beforehand: they count for its own
    step. Ages are sums of gaps, so they hold wherever the series' clock started.

    Args:
        values: Readings; unobserved cells are never looked at.
        observed: True where a channel was measured.
        gaps: Time since the last reading before each step, in model units.
        reading: False on queries and padding.
        initial: Where to go on from; the empty history when left out.
        reset: True where another series begins, whose history is empty.
    """
    empty = ChannelHistory.empty(values.shape[1], values.dtype)
    initial = empty if initial is None else initial

    def step(before, inputs):
        value, seen, gap, is_reading, begins = inputs
        if begins is not None:
            before = jax.tree.map(functools.partial(jnp.where, begins), empty, before)
        age = before.age + gap
        now = ChannelHistory(
            last=jnp.where(seen, value, before.last),
            age=jnp.where(seen, jnp.zeros_like(age), age),
            count=before.count + seen.astype(age.dtype),
        )
        carried = jax.tree.map(functools.partial(jnp.where, is_reading), now, before)
        return carried, now

    end, every = lax.scan(step, initial, (values, observed, gaps, reading, reset))
    return every, end

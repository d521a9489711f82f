"""What each channel would be if it merely drifted from its nearest values."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ct_s5.nn._history import ChannelHistory

# In spreads of a channel. A glitch of a hundred spreads would otherwise persist as one, and
# outweigh all else in a squared error: on PhysioNet 2012 training lost its way after three epochs.
FARTHEST = 10.0


class Anchor(eqx.Module):
    """The best guess from a channel's own nearest values, were it an Ornstein-Uhlenbeck process.

    With rate r and the last value a ago that is e^(-r a) last: the value persists and is forgotten.
    With the next value b ahead as well it is the bridge between both,
    `(sinh(r b) last + sinh(r a) next) / sinh(r (a + b))`: a straight line for r = 0. A channel with
    neither is 0, its mean once standardised; a value beyond `FARTHEST` counts as that. The rates
    are learned, one a channel, so that a model need only learn by how much the truth departs from
    this.

    Source: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), appendix B.2.1,
    for the covariance; the weights are its conditional mean on two neighbours.
    """

    log_rate: Float[Array, " K"]
    """Of r, in 1 / model unit."""
    channels: tuple[int, ...] = eqx.field(static=True)

    def __init__(self, channels: tuple[int, ...], rate: float = 0.02):
        """Anchor K answers at K channels, by their places; all rates begin as `rate`.

        Slow ones: a value that is forgotten too soon is hard to learn back. From 0.1 on, ten epochs
        on PhysioNet 2012 moved no rate by more than a fifth.
        """
        self.channels = channels
        # A dtype of its own: a weak one would change with the first update, and compile it twice.
        self.log_rate = jnp.full(len(channels), math.log(rate), jnp.result_type(float))

    def __call__(self, past: ChannelHistory, ahead: ChannelHistory | None) -> Float[Array, "L K"]:
        """The guess at every step.

        Args:
            past: The `channel_history` at each step.
            ahead: The same from the end backwards; None for a causal model.
        """
        rate = jnp.exp(self.log_rate)[None, :]
        last, age, seen = self._of(past)
        kept = jnp.exp(-rate * age)
        if ahead is None:
            return jnp.where(seen, kept * last, jnp.zeros_like(last))
        following, until, coming = self._of(ahead)
        back = jnp.exp(-rate * until)
        both = seen & coming
        # 1 - e^(-2 r t) is about 2 r t: expm1 keeps the digits of short times.
        apart = jnp.where(both, age + until, jnp.ones_like(age))
        apart = jnp.where(apart > 0, apart, jnp.ones_like(apart))
        whole = -jnp.expm1(-2 * rate * apart)
        to_last = kept * -jnp.expm1(-2 * rate * until) / whole
        to_next = back * -jnp.expm1(-2 * rate * age) / whole
        # At the reading itself both times are 0.
        to_last = jnp.where(age + until > 0, to_last, jnp.ones_like(to_last))
        nothing = jnp.zeros_like(last)
        to_last = jnp.where(both, to_last, jnp.where(seen, kept, nothing))
        to_next = jnp.where(both, to_next, jnp.where(coming, back, nothing))
        return to_last * last + to_next * following

    def _of(self, history: ChannelHistory):
        places = jnp.asarray(self.channels)
        parts = jax.tree.map(lambda part: part[:, places], history)
        # An unseen channel's age may be anything; it must not overflow where it is not used.
        seen = parts.count > 0
        return (
            jnp.clip(parts.last, -FARTHEST, FARTHEST),
            jnp.where(seen, parts.age, jnp.zeros_like(parts.age)),
            seen,
        )

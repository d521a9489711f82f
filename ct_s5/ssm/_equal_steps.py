"""What layers that take readings as equally spaced make of the four kinds of step.

Their state stands still between readings. A query is told what the state at the last reading
gives, with `D u` of its own; it leaves no trace.
"""

import abc
from collections.abc import Callable
from typing import TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Complex, Float

from ct_s5.ssm._convolve import causal_convolution
from ct_s5.ssm._pairs import Pair, join, split
from ct_s5.ssm._rows import Kinds, checked_rows

Move: TypeAlias = Callable[[Pair, Float[Array, " H"]], Pair]
"""From a state, (H, Q), and one reading to the state after it."""


class EqualStepsLayer(eqx.Module):
    """What S4 and S4D share: a row by one convolution, or step by step, with the same numbers."""

    rate_imag: eqx.AbstractVar[Float[Array, "H Q"]]
    log_timescale: eqx.AbstractVar[Float[Array, " H"]]
    output_weight: eqx.AbstractVar[Float[Array, "2 H Q"]]
    feedthrough: eqx.AbstractVar[Float[Array, " H"]]
    n_features: eqx.AbstractVar[int]
    rescale: eqx.AbstractVar[float]

    @abc.abstractmethod
    def _kernel(self, n_steps: int) -> Float[Array, "H L"]:
        """What an input of 1 adds to the output 0, 1, .. readings later, feedthrough apart."""

    @abc.abstractmethod
    def _move(self) -> Move:
        """What one reading makes of the state."""

    @property
    def timescales(self) -> Float[Array, " H"]:
        """The step of each feature, `rescale` included."""
        return jnp.exp(self.log_timescale) * self.rescale

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
        """The outputs at every step, by one convolution; padded outputs are 0."""
        dtype = self.feedthrough.dtype
        inputs, kinds = checked_rows(self.n_features, inputs, gaps, reading, real, reset, dtype)
        if inputs.shape[0] == 0:
            return inputs
        return _convolved(self._kernel(inputs.shape[0]), self.feedthrough, inputs, kinds)

    def run(
        self,
        inputs: Float[Array, "L H"],
        gaps: Float[Array, " L"],
        state: Complex[Array, "H Q"] | None = None,
        *,
        reading: Bool[Array, " L"] | None = None,
        real: Bool[Array, " L"] | None = None,
        reset: Bool[Array, " L"] | None = None,
    ) -> tuple[Float[Array, "L H"], Complex[Array, "H Q"]]:
        """Some steps of a series one by one, going on from a state, and the state after them."""
        dtype = self.feedthrough.dtype
        inputs, kinds = checked_rows(self.n_features, inputs, gaps, reading, real, reset, dtype)
        state = self.initial_state() if state is None else state
        seen, x = _stepped(self._move(), self.output_weight, inputs, kinds, split(state))
        return _finished(seen, self.feedthrough, inputs, kinds), join(x)

    def initial_state(self) -> Complex[Array, "H Q"]:
        """The empty state, before any reading."""
        return lax.complex(jnp.zeros_like(self.rate_imag), jnp.zeros_like(self.rate_imag))


def _convolved(
    kernel: Float[Array, "H L"],
    feedthrough: Float[Array, " H"],
    inputs: Float[Array, "L H"],
    kinds: Kinds,
) -> Float[Array, "L H"]:
    """All outputs at once: the readings moved together, convolved, and moved apart again."""
    reading, _, reset = kinds
    if reading is None and reset is None:
        return _finished(causal_convolution(inputs.T, kernel).T, feedthrough, inputs, kinds)
    n_steps = inputs.shape[0]
    reading = jnp.ones(n_steps, bool) if reading is None else reading
    # The place of the last reading up to each step, among readings alone; -1 where there is none.
    place = jnp.cumsum(reading) - 1
    target = jnp.where(reading, place, n_steps)  # out of bounds: dropped

    def moved_together(part):
        return jnp.zeros_like(part).at[target].set(part, mode="drop")

    begins, known = None, place >= 0
    place = jnp.maximum(place, 0)
    if reset is not None:
        owner = jnp.cumsum(reset)
        owners = moved_together(owner)
        begins = jnp.concatenate([jnp.ones_like(reset[:1]), owners[1:] != owners[:-1]])
        known = known & (owners[place] == owner)
    together = causal_convolution(moved_together(inputs).T, kernel, begins).T
    seen = jnp.where(known[:, None], together[place], jnp.zeros_like(together))
    return _finished(seen, feedthrough, inputs, kinds)


def _stepped(
    move: Move,
    output_weight: Float[Array, "2 H Q"],
    inputs: Float[Array, "L H"],
    kinds: Kinds,
    state: Pair,
) -> tuple[Float[Array, "L H"], Pair]:
    """One step after the other, going on from a state: what each looks at, and the state after."""
    re, im = output_weight

    def choose(first, a, b):
        return jax.tree.map(lambda one, other: jnp.where(first, one, other), a, b)

    def step(x, row):
        value, is_reading, begins = row
        if begins is not None:
            x = choose(begins, jax.tree.map(jnp.zeros_like, x), x)
        moved = move(x, value)
        x = moved if is_reading is None else choose(is_reading, moved, x)
        return x, 2 * jnp.sum(re * x[0] - im * x[1], axis=1)

    state, seen = lax.scan(step, state, (inputs, kinds.reading, kinds.reset))
    return seen, state


def _finished(seen, feedthrough, inputs, kinds: Kinds):
    outputs = seen + feedthrough[None, :] * inputs
    if kinds.real is None:
        return outputs
    return jnp.where(kinds.real[:, None], outputs, jnp.zeros_like(outputs))

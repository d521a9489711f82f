"""One loop for every layer whose state moves between readings and jumps at them."""

import abc
import functools
from typing import Generic, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float

from ct_s5.ssm._rows import checked_flags
from ct_s5.ssm._steps import checked_gaps

State = TypeVar("State")


class RecurrentLayer(eqx.Module, Generic[State]):
    """A layer that goes through the steps one by one, by whatever its state does.

    A layer says how its state crosses a gap, how it takes up a reading, and what is told of it;
    what queries, padding and resets mean is the same for all and said here. A query is told the
    state that has crossed its gap, and the series goes on from the state before.
    """

    @abc.abstractmethod
    def initial_state(self) -> State:
        """The state before any reading, arrays of any shapes."""

    @abc.abstractmethod
    def cross(self, state: State, gap: Float[Array, ""]) -> State:
        """The state after a gap without a reading."""

    @abc.abstractmethod
    def absorb(self, state: State, value: Float[Array, " H"], gap: Float[Array, ""]) -> State:
        """The state after a reading, from the one that has crossed the gap before it."""

    @abc.abstractmethod
    def told(self, state: State) -> Float[Array, " H"]:
        """What the layer says of a state."""

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
        """What is told at every step of a series, or of several that begin at resets.

        Args:
            inputs: Features of each step; those of queries and padding are never looked at.
            gaps: Time since the last reading before each step, in model units.
            gaps_after: Of no use to a layer that reads forwards.
            reading: False on queries.
            real: False on padding, whose outputs are 0.
            reset: True where another series begins.

        Raises:
            ValueError: Shapes that do not fit.
            RuntimeError: A layer that makes use of gaps meets one at a real step that is negative,
                NaN or too long.
        """
        return self.run(inputs, gaps, None, reading=reading, real=real, reset=reset)[0]

    def run(
        self,
        inputs: Float[Array, "L H"],
        gaps: Float[Array, " L"],
        state: State | None = None,
        *,
        reading: Bool[Array, " L"] | None = None,
        real: Bool[Array, " L"] | None = None,
        reset: Bool[Array, " L"] | None = None,
    ) -> tuple[Float[Array, "L H"], State]:
        """Some steps of a series, going on from a state, and the state after the last reading."""
        inputs = jnp.asarray(inputs, _dtype_of(self))
        flags = {"reading": reading, "real": real, "reset": reset}
        width = inputs.shape[-1] if inputs.ndim else 1
        reading, real, reset = checked_flags(width, inputs, **flags, gaps=gaps)
        empty = self.initial_state()
        real = jnp.ones(inputs.shape[0], bool) if real is None else real
        reading = real if reading is None else reading & real
        # What is looked away from may hold anything, and 0 times its slope would be NaN.
        inputs = jnp.where(reading[:, None], inputs, jnp.zeros_like(inputs))
        gaps = checked_gaps(gaps, real, "gaps", inputs.dtype)

        def step(state, row):
            value, gap, is_reading, begins = row
            if begins is not None:
                state = _choose(begins, empty, state)
            crossed = self.cross(state, gap)
            absorbed = self.absorb(crossed, value, gap)
            outputs = self.told(_choose(is_reading, absorbed, crossed))
            return _choose(is_reading, absorbed, state), outputs

        start = empty if state is None else state
        end, outputs = lax.scan(step, start, (inputs, gaps, reading, reset))
        return jnp.where(real[:, None], outputs, jnp.zeros_like(outputs)), end


def _dtype_of(layer: RecurrentLayer):
    """That of the parameters: a gap in that of the inputs, ones and zeros say, would be lost."""
    parameters = jax.tree.leaves(eqx.filter(layer, eqx.is_inexact_array))
    return parameters[0].dtype if parameters else jnp.result_type(float)


def _choose(which, yes, no):
    return jax.tree.map(functools.partial(jnp.where, which), yes, no)

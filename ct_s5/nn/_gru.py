"""A gated recurrent unit under the mixer contract: the baseline that is not told of gaps."""

import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, PRNGKeyArray


class GRULayer(eqx.Module):
    """A GRU over the readings of one series. It takes the gaps and makes no use of them.

    Its state stands still between readings, so a query is told the state at the last reading.
    """

    cell: eqx.nn.GRUCell

    def __init__(self, n_features: int, *, key: PRNGKeyArray):
        """Args: H, features in, out and of the state; the seed of the weights."""
        self.cell = eqx.nn.GRUCell(n_features, n_features, key=key)

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
        """The state after every step; padded outputs are 0."""
        return self.run(inputs, gaps, None, reading=reading, real=real, reset=reset)[0]

    def run(
        self,
        inputs: Float[Array, "L H"],
        gaps: Float[Array, " L"],
        state: Float[Array, " H"] | None = None,
        *,
        reading: Bool[Array, " L"] | None = None,
        real: Bool[Array, " L"] | None = None,
        reset: Bool[Array, " L"] | None = None,
    ) -> tuple[Float[Array, "L H"], Float[Array, " H"]]:
        """Some steps of a series, going on from a state, and the state after them."""
        real = jnp.ones(inputs.shape[0], bool) if real is None else real
        reading = real if reading is None else reading & real
        inputs = jnp.where(real[:, None], inputs, jnp.zeros_like(inputs))

        def step(state, row):
            value, is_reading, begins = row
            if begins is not None:
                state = jnp.where(begins, self.initial_state(), state)
            state = jnp.where(is_reading, self.cell(value, state), state)
            return state, state

        state = self.initial_state() if state is None else state
        state, states = lax.scan(step, state, (inputs, reading, reset))
        return jnp.where(real[:, None], states, jnp.zeros_like(states)), state

    def initial_state(self) -> Float[Array, " H"]:
        """The state before any reading."""
        return jnp.zeros_like(self.cell.weight_hh, shape=(self.cell.hidden_size,))

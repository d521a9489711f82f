"""A long short-term memory under the mixer contract: a baseline that is not told of gaps."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ct_s5.ssm import RecurrentLayer

LSTMState = tuple[Float[Array, " H"], Float[Array, " H"]]
"""What is told, and what stays inside."""


class LSTMLayer(RecurrentLayer[LSTMState]):
    """An LSTM over the readings of one series. It takes the gaps and makes no use of them.

    Its state stands still between readings, so a query is told what was told at the last reading.

    Reference: Hochreiter and Schmidhuber 1997, with the forget gate of Gers, Schmidhuber and
    Cummins 2000.
    """

    cell: eqx.nn.LSTMCell

    def __init__(self, n_features: int, *, key: PRNGKeyArray):
        """Args: H, features in, out and of both halves of the state; the seed of the weights."""
        self.cell = eqx.nn.LSTMCell(n_features, n_features, key=key)

    def initial_state(self) -> LSTMState:
        """The state before any reading."""
        like, shape = self.cell.weight_hh, (self.cell.hidden_size,)
        return jnp.zeros_like(like, shape=shape), jnp.zeros_like(like, shape=shape)

    def cross(self, state: LSTMState, gap: Float[Array, ""]) -> LSTMState:
        """It stands still."""
        return state

    def absorb(
        self, state: LSTMState, value: Float[Array, " H"], gap: Float[Array, ""]
    ) -> LSTMState:
        """One update of the cell."""
        return self.cell(value, state)

    def told(self, state: LSTMState) -> Float[Array, " H"]:
        """The half that the cell puts out."""
        return state[0]

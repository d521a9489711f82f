"""A gated recurrent unit under the mixer contract: not told of gaps, or told as of an input."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ct_s5.ssm import RecurrentLayer


class GRULayer(RecurrentLayer[Float[Array, " H"]]):
    """A GRU over the readings of one series.

    Its state stands still between readings, so a query is told the state at the last reading.
    Unless built with `gap` it takes the gaps and makes no use of them.

    Reference: Cho et al. 2014, arXiv:1406.1078. With the gap as an input it is what papers on
    irregular series call GRU-Δt.
    """

    cell: eqx.nn.GRUCell
    gap: bool = eqx.field(static=True)

    def __init__(self, n_features: int, *, gap: bool = False, key: PRNGKeyArray):
        """Make a layer.

        Args:
            n_features: H, features in, out and of the state.
            gap: Tell the cell of each reading's gap, as log(1 + gap): one input more.
            key: Seeds the weights.
        """
        self.cell = eqx.nn.GRUCell(n_features + int(gap), n_features, key=key)
        self.gap = gap

    def initial_state(self) -> Float[Array, " H"]:
        """The state before any reading."""
        return jnp.zeros_like(self.cell.weight_hh, shape=(self.cell.hidden_size,))

    def cross(self, state: Float[Array, " H"], gap: Float[Array, ""]) -> Float[Array, " H"]:
        """It stands still."""
        return state

    def absorb(
        self, state: Float[Array, " H"], value: Float[Array, " H"], gap: Float[Array, ""]
    ) -> Float[Array, " H"]:
        """One update of the cell."""
        return self.cell(jnp.append(value, jnp.log1p(gap)) if self.gap else value, state)

    def told(self, state: Float[Array, " H"]) -> Float[Array, " H"]:
        """All of it."""
        return state

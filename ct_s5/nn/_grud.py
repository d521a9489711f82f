"""GRU-D's sequence layer: a GRU whose state fades between readings."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ct_s5.nn._decay import Decay
from ct_s5.ssm import RecurrentLayer

_SLOWEST, _FASTEST = 1e-2, 1.0  # what fades at the start in a model unit, the typical gap


class GRUDLayer(RecurrentLayer[Float[Array, " H"]]):
    """A GRU before whose every update the state fades by exp(-max(0, w * gap + b)).

    The other half of GRU-D, last values that fade towards the channel's mean, belongs to the
    encoder: put "decayed" among its inputs, and "observed" for the mask. A query is told the faded
    state.

    Here each unit fades with the row's gap, by a w and b of its own. In the paper a full matrix
    maps the times since each channel was seen to the units' decays, and such a time goes on growing
    over rows in which its channel is missing: a layer under the mixer contract knows no channels.
    Nor does the mask enter the cell by itself, as it does there, but through the encoder.

    Reference: Che et al. 2018, arXiv:1606.01865, section 2.3.2, equations 10 and 14 to 18.
    """

    cell: eqx.nn.GRUCell
    decay: Decay

    def __init__(self, n_features: int, *, key: PRNGKeyArray):
        """Args: H, features in, out and of the state; the seed of the weights."""
        self.cell = eqx.nn.GRUCell(n_features, n_features, key=key)
        self.decay = Decay(np.geomspace(_SLOWEST, _FASTEST, n_features))

    def initial_state(self) -> Float[Array, " H"]:
        """The state before any reading."""
        return jnp.zeros_like(self.decay.weight)

    def cross(self, state: Float[Array, " H"], gap: Float[Array, ""]) -> Float[Array, " H"]:
        """It fades."""
        return self.decay(jnp.broadcast_to(gap, state.shape)) * state

    def absorb(
        self, state: Float[Array, " H"], value: Float[Array, " H"], gap: Float[Array, ""]
    ) -> Float[Array, " H"]:
        """One update of the cell."""
        return self.cell(value, state)

    def told(self, state: Float[Array, " H"]) -> Float[Array, " H"]:
        """All of it."""
        return state

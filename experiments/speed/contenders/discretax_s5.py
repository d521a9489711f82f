"""The S5 layer of the PyPI package discretax, which has one step size for all steps."""

import equinox as eqx
import jax
from discretax.sequence_mixers import S5SequenceMixer


def constant_step(n_features, n_states, key):
    """Parameters, and a function of (parameters, inputs, gaps) that is not told of the gaps."""
    layer = S5SequenceMixer(n_features, key, state_dim=n_states)
    moving, fixed = eqx.partition(layer, eqx.is_inexact_array)

    def run(moving, inputs, gaps):
        return eqx.combine(moving, fixed)(inputs, jax.random.key(0))

    return moving, run

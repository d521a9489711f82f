"""The parameter groups and the learning rate of S5's published code."""

import dataclasses
from typing import Any, Literal

import equinox as eqx
import jax
import numpy as np
import optax
from jaxtyping import PyTree

Groups = Literal["standard", "BandCdecay", "BfastandCdecay", "noBCdecay"]

# What belongs to a layer's states under each name, beside rates and timescales: B, C and D, in the
# order (slow, decays). All else is fast and decays, norms and biases too: the published code means
# to spare norms, but looks for them under a name that they do not have.
_LAYER: dict[Groups, dict[str, str]] = {
    "standard": {"input_weight": "slow"},
    "BandCdecay": {"input_weight": "slow decayed"},
    "BfastandCdecay": {},
    "noBCdecay": {"input_weight": "slow", "output_weight": "slow", "feedthrough": "slow"},
}
_AVERAGES = ("running_mean", "running_variance")


@dataclasses.dataclass(frozen=True)
class Optimiser:
    """AdamW in groups, for a learning rate of 1: updates are multiplied by the rate of the step."""

    groups: Groups
    global_timescale: bool
    """Whether timescales are fast and decay."""
    slowness: float
    """How many times slower the slow groups learn."""
    weight_decay: float

    def roles(self, network: PyTree) -> PyTree[str]:
        """The group of every array: "slow", "slow decayed", "fast decayed", or "average"."""
        own = {"rate_real": "slow", "rate_imag": "slow", **_LAYER[self.groups]}
        if not self.global_timescale:
            own["log_timescale"] = "slow"

        def role(path: tuple[Any, ...], _) -> str:
            name = getattr(path[-1], "name", "")
            return "average" if name in _AVERAGES else own.get(name, "fast decayed")

        return jax.tree_util.tree_map_with_path(role, network)

    def start(self, network: PyTree) -> PyTree:
        """The state before the first step."""
        with jax.numpy_dtype_promotion("standard"):
            return self._rule().init(eqx.filter(network, eqx.is_array))

    def update(self, gradients: PyTree, state: PyTree, network: PyTree) -> tuple[PyTree, PyTree]:
        """What to add to the parameters at a learning rate of 1, and the new state."""
        # Optax mixes integers and floats, which a strict dtype promotion would refuse.
        with jax.numpy_dtype_promotion("standard"):
            return self._rule().update(gradients, state, eqx.filter(network, eqx.is_array))

    def _rule(self) -> optax.GradientTransformation:
        adam, decay = optax.scale_by_adam, optax.add_decayed_weights(self.weight_decay)
        slow, fast = optax.scale(-1 / self.slowness), optax.scale(-1.0)
        return optax.partition(
            {
                "slow": optax.chain(adam(), slow),
                "slow decayed": optax.chain(adam(), decay, slow),
                "fast decayed": optax.chain(adam(), decay, fast),
                "average": optax.set_to_zero(),
            },
            self.roles,
        )


def rate_at(step: int, peak: float, n_steps: int, n_warmup: int) -> np.ndarray:
    """The learning rate of a step: a straight rise to the peak, then a cosine down to 0.

    The published code sets each rate a step late, so that its first step has the full rate, and
    lets the cosine run out a warm-up early, so that its last steps have none; not so here.
    """
    n_warmup = min(n_warmup, n_steps - 1)
    if step < n_warmup:
        share = (step + 1) / (n_warmup + 1)
    else:
        share = (1 + np.cos(np.pi * (step - n_warmup) / (n_steps - n_warmup))) / 2
    return np.asarray(peak * share, np.float32)

"""What training minimises: one number a target, from the targets that are there."""

import dataclasses
from typing import Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Shaped

from ct_s5.nn import Gaussian

Loss = Literal["class", "value", "gaussian"]
LOSSES: tuple[str, ...] = get_args(Loss)


@dataclasses.dataclass(frozen=True)
class Targets:
    """What the answers shall be, for each series (M = N) or each row of a `SeriesSet` (M = R).

    Classes come as whole numbers (M,), values as (M, K). A weight of 0 says that there is no
    target; what stands there then never matters.
    """

    values: Int[np.ndarray, " M"] | Float[np.ndarray, "M K"]
    weights: Float[np.ndarray, " M"]

    def look_up(
        self, entries: Int[np.ndarray, "*B"]
    ) -> tuple[Shaped[np.ndarray, "..."], Float[np.ndarray, "*B"]]:
        """Targets and weights at some entries; -1 asks for none and gets weight 0."""
        weights = np.where(entries >= 0, self.weights[entries], 0).astype(np.float32)
        blank = np.zeros((), self.values.dtype)
        there = (weights > 0).reshape(*weights.shape, *(1,) * (self.values.ndim - 1))
        return np.where(there, self.values[entries], blank), weights


def loss_of_each(
    kind: Loss,
    answers: Float[Array, "N *L K"] | Gaussian,
    targets: Shaped[Array, "N ..."],
    weights: Float[Array, "N *L"],
) -> Float[Array, "N *L"]:
    """The weighted loss of each target.

    `class` is cross-entropy in nats, `value` the squared error (mean over the K targets),
    `gaussian` the negative log-likelihood (sum over the K targets). Where the weight is 0, the
    answer touches neither the loss nor its gradient, whatever it is.
    """
    # Targets are stored in single precision, and told in that of the model.
    precise = jax.tree.leaves(answers)[0].dtype
    weights = weights.astype(precise)
    targets = targets if kind == "class" else targets.astype(precise)
    # Blanked before anything is computed: a padded step may answer NaN, and masking the loss alone
    # would leave 0 * NaN in the gradient.
    known = weights > 0
    answers = jax.tree.map(lambda a: jnp.where(known[..., None], a, jnp.ones_like(a)), answers)
    match kind, answers:
        case "gaussian", Gaussian(mean, variance):
            error = (mean - targets) ** 2 / variance
            losses = 0.5 * jnp.sum(error + jnp.log(2 * jnp.pi * variance), axis=-1)
        case "class", Array():
            scores = jax.nn.log_softmax(answers)
            losses = -jnp.take_along_axis(scores, targets[..., None], axis=-1)[..., 0]
        case "value", Array():
            losses = jnp.mean((answers - targets) ** 2, axis=-1)
        case _:
            raise ValueError(f"loss must be one of {', '.join(LOSSES)}; got {kind!r}.")
    return jnp.where(known, losses * weights, jnp.zeros_like(losses))

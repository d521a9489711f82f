"""What training minimises: one number a target, from the targets that are there."""

import dataclasses
from typing import Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Shaped

from ct_s5.nn import Gaussian

Loss = Literal["class", "value", "gaussian", "faithful"]
LOSSES: tuple[str, ...] = get_args(Loss)


@dataclasses.dataclass(frozen=True)
class Targets:
    """What the answers shall be, for each series (M = N) or each row of a `SeriesSet` (M = R).

    Classes come as whole numbers (M,), values as (M, K). A weight of 0 says that there is no
    target; what stands there then never matters. Values may have a weight each: an entry then can
    have some of its K targets.
    """

    values: Int[np.ndarray, " M"] | Float[np.ndarray, "M K"]
    weights: Float[np.ndarray, " M"] | Float[np.ndarray, "M K"]

    def look_up(
        self, entries: Int[np.ndarray, "*B"]
    ) -> tuple[Shaped[np.ndarray, "..."], Float[np.ndarray, "..."]]:
        """Targets and weights at some entries; -1 asks for none and gets weight 0."""

        def like(flags, array):
            return flags.reshape(*flags.shape, *(1,) * (entries.ndim + array.ndim - 1 - flags.ndim))

        weights = np.where(like(entries >= 0, self.weights), self.weights[entries], 0)
        weights = weights.astype(np.float32)
        blank = np.zeros((), self.values.dtype)
        there = like(weights > 0, self.values)
        return np.where(there, self.values[entries], blank), weights


def loss_of_each(
    kind: Loss,
    answers: Float[Array, "N *L K"] | Gaussian,
    targets: Shaped[Array, "N ..."],
    weights: Float[Array, "N ..."],
) -> Float[Array, "N *L"]:
    """The weighted loss of each entry.

    `class` is cross-entropy in nats, `value` the squared error (mean over the K targets),
    `gaussian` the negative log-likelihood (sum over the K targets). `faithful` is half the squared
    error of the mean plus that likelihood, in which the mean is held fixed: the means are those
    that squared errors alone would lead to, where a likelihood lets go of what it calls uncertain
    (Stirn et al. 2023, "Faithful heteroscedastic regression with neural networks").

    Where the weight is 0, the answer touches neither the loss nor its gradient, whatever it is.
    With a weight for each of the K targets, losses are sums over those.
    """
    # Targets are stored in single precision, and told in that of the model.
    precise = jax.tree.leaves(answers)[0].dtype
    weights = weights.astype(precise)
    targets = targets if kind == "class" else targets.astype(precise)
    each = weights.ndim == jax.tree.leaves(answers)[0].ndim
    # Blanked before anything is computed: a padded step may answer NaN, and masking the loss alone
    # would leave 0 * NaN in the gradient.
    known = weights > 0
    there = known if each else known[..., None]
    answers = jax.tree.map(lambda a: jnp.where(there, a, jnp.ones_like(a)), answers)

    def over_targets(losses, join):
        if each:
            return jnp.sum(jnp.where(known, losses * weights, jnp.zeros_like(losses)), axis=-1)
        losses = join(losses, axis=-1)
        return jnp.where(known, losses * weights, jnp.zeros_like(losses))

    match kind, answers:
        case "gaussian", Gaussian(mean, variance):
            return over_targets(_surprise(mean, variance, targets), jnp.sum)
        case "faithful", Gaussian(mean, variance):
            surprise = _surprise(jax.lax.stop_gradient(mean), variance, targets)
            return over_targets(0.5 * (mean - targets) ** 2 + surprise, jnp.sum)
        case "class", Array():
            scores = jax.nn.log_softmax(answers)
            losses = -jnp.take_along_axis(scores, targets[..., None], axis=-1)[..., 0]
            return jnp.where(known, losses * weights, jnp.zeros_like(losses))
        case "value", Array():
            return over_targets((answers - targets) ** 2, jnp.mean)
        case _ if kind in LOSSES:
            heads = "head='gaussian'" if isinstance(answers, Array) else "another head"
            raise ValueError(f"loss={kind!r} needs a model with {heads}.")
        case _:
            raise ValueError(f"loss must be one of {', '.join(LOSSES)}; got {kind!r}.")


def _surprise(mean, variance, targets):
    return 0.5 * ((mean - targets) ** 2 / variance + jnp.log(2 * jnp.pi * variance))

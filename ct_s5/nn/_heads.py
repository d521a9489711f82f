"""From features to answers."""

from typing import Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


class Gaussian(NamedTuple):
    """A mean and a variance for every target."""

    mean: Float[Array, "*N K"]
    variance: Float[Array, "*N K"]


class Head(eqx.Module):
    """A linear map to K answers: class scores, values, or means and variances.

    Features and static inputs come in side by side, so that even a series without a reading is
    answered from its static inputs.
    """

    linear: eqx.nn.Linear
    kind: Literal["class", "value", "gaussian"] = eqx.field(static=True)

    def __init__(
        self,
        n_features: int,
        n_outputs: int,
        *,
        kind: Literal["class", "value", "gaussian"],
        key: PRNGKeyArray,
    ):
        """Args: features plus static inputs, K, what the answers are, and the seed."""
        if kind not in ("class", "value", "gaussian"):
            raise ValueError(f"head must be class, value or gaussian; got {kind!r}.")
        n_out = 2 * n_outputs if kind == "gaussian" else n_outputs
        self.linear = eqx.nn.Linear(n_features, n_out, key=key)
        self.kind = kind

    def __call__(self, features: Float[Array, " F"]) -> Float[Array, " K"] | Gaussian:
        """Answer from one vector of features."""
        out = self.linear(features)
        if self.kind != "gaussian":
            return out
        mean, raw = jnp.split(out, 2)
        # A floor: one target that fits perfectly would drive the likelihood to infinity.
        return Gaussian(mean, jax.nn.softplus(raw) + 1e-6)


class PairHead(eqx.Module):
    """Answers about two series that one encoder has read: do they belong together?

    A small network on both vectors, their difference and their product, feature by feature.

    Reference: the retrieval task of Long Range Arena, arXiv:2011.04006.
    """

    hidden: eqx.nn.Linear
    linear: eqx.nn.Linear

    def __init__(self, n_features: int, n_outputs: int, *, key: PRNGKeyArray):
        """Args: features of each of the two, K, and the seed."""
        hidden_key, key = jax.random.split(key)
        self.hidden = eqx.nn.Linear(4 * n_features, n_features, key=hidden_key)
        self.linear = eqx.nn.Linear(n_features, n_outputs, key=key)

    def __call__(self, first: Float[Array, " F"], second: Float[Array, " F"]) -> Float[Array, " K"]:
        """Answer from the vectors of the two; which comes first matters."""
        both = jnp.concatenate([first, second, first - second, first * second])
        return self.linear(jax.nn.gelu(self.hidden(both)))

"""Normalisation of features: of each step by itself, or of a batch without its padding."""

from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float


class Moments(eqx.Module):
    """What one training batch said of each feature; `BatchNorm.absorb` remembers it."""

    mean: Float[Array, " H"]
    variance: Float[Array, " H"]
    count: Float[Array, ""]
    """Of readings; of none there is nothing to remember."""


class StepNorm(eqx.Module):
    """LayerNorm or RMSNorm of every step by itself: nothing to carry between batches."""

    norm: eqx.nn.LayerNorm | eqx.nn.RMSNorm

    def __init__(self, n_features: int, *, kind: Literal["layer", "rms"]):
        """Args: H, and which of the two."""
        self.norm = (eqx.nn.LayerNorm if kind == "layer" else eqx.nn.RMSNorm)(n_features)

    def __call__(
        self, inputs: Float[Array, "L H"], reading: Bool[Array, " L"], *, training: bool
    ) -> tuple[Float[Array, "L H"], None]:
        """Normalise each step."""
        return jax.vmap(self.norm)(inputs), None

    def absorb(self, moments: Moments | None) -> "StepNorm":
        """Nothing to remember."""
        return self


class BatchNorm(eqx.Module):
    """Batch normalisation whose statistics see readings only, never padding or queries.

    In training the statistics are those of all readings of the batch, gathered over the vmapped
    axis `axis_name`; `absorb` keeps their moving average, which is used everywhere else.
    """

    weight: Float[Array, " H"]
    bias: Float[Array, " H"]
    running_mean: Float[Array, " H"]
    running_variance: Float[Array, " H"]
    momentum: float = eqx.field(static=True)
    axis_name: str = eqx.field(static=True)

    def __init__(self, n_features: int, *, momentum: float = 0.95, axis_name: str = "batch"):
        """Args: H; the share of the old average that stays; the name given to `jax.vmap`."""
        self.weight = jnp.ones(n_features)
        self.bias = jnp.zeros(n_features)
        self.running_mean = jnp.zeros(n_features)
        self.running_variance = jnp.ones(n_features)
        self.momentum = momentum
        self.axis_name = axis_name

    def __call__(
        self, inputs: Float[Array, "L H"], reading: Bool[Array, " L"], *, training: bool
    ) -> tuple[Float[Array, "L H"], Moments | None]:
        """Normalise each feature, by the batch in training and by the moving average otherwise."""
        mean, variance, moments = self.running_mean, self.running_variance, None
        # The averages are no parameters: no gradient may move them.
        mean, variance = lax.stop_gradient((mean, variance))
        if training:
            counted = reading[:, None]
            n = lax.psum(jnp.sum(counted, dtype=inputs.dtype), self.axis_name)
            count, n = n, jnp.maximum(n, jnp.ones_like(n))
            zeros = jnp.zeros_like(inputs)
            mean = lax.psum(jnp.sum(jnp.where(counted, inputs, zeros), axis=0), self.axis_name) / n
            centred = jnp.where(counted, inputs - mean[None, :], zeros)
            variance = lax.psum(jnp.sum(centred**2, axis=0), self.axis_name) / n
            moments = Moments(*lax.stop_gradient((mean, variance, count)))
        scale = self.weight * lax.rsqrt(variance + 1e-5)
        return (inputs - mean[None, :]) * scale[None, :] + self.bias[None, :], moments

    def absorb(self, moments: Moments | None) -> "BatchNorm":
        """A copy whose moving average has taken in one more batch."""
        if moments is None:
            return self
        keep = jnp.where(moments.count > 0, self.momentum, 1.0).astype(moments.mean.dtype)
        averages = (
            keep * self.running_mean + (1 - keep) * moments.mean,
            keep * self.running_variance + (1 - keep) * moments.variance,
        )
        return eqx.tree_at(lambda n: (n.running_mean, n.running_variance), self, averages)


def make_norm(
    kind: Literal["layer", "rms", "batch"], n_features: int, *, momentum: float = 0.95
) -> StepNorm | BatchNorm:
    """The norm of that name; `momentum` is that of a BatchNorm."""
    if kind == "batch":
        return BatchNorm(n_features, momentum=momentum)
    if kind in ("layer", "rms"):
        return StepNorm(n_features, kind=kind)
    raise ValueError(f"norm must be layer, rms or batch; got {kind!r}.")

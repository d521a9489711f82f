"""S5's network for filmed pendulums, put together from this library's parts."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, UInt8

from ct_s5 import S5Block, S5Layer
from experiments.pendulum.encoder import Encoder
from experiments.pendulum.recipe import Recipe

N_HIDDEN = 30
_LEAST_VARIANCE = 1e-6


class Answer(NamedTuple):
    """What a network says of sine and cosine at each reading."""

    mean: Float[Array, "*N L 2"]
    variance: Float[Array, "*N L 2"]


class Network(eqx.Module):
    """Frames to features, S5 blocks over the gaps, and a head each for mean and variance."""

    encoder: Encoder
    into: eqx.nn.Linear
    blocks: tuple[S5Block, ...]
    mean: tuple[eqx.nn.Linear, eqx.nn.Linear]
    variance: tuple[eqx.nn.Linear, eqx.nn.Linear]
    told: Recipe = eqx.field(static=True)

    def __init__(self, told: Recipe, *, key: PRNGKeyArray):
        """Dense layers begin as Flax draws them: variance 1 / inputs, biases 0."""
        keys = iter(jax.random.split(key, 7 + 2 * told.depth))
        width = told.width
        self.encoder = Encoder(N_HIDDEN, key=next(keys))
        self.into = eqx.nn.Linear(N_HIDDEN + told.append, width, key=next(keys))

        def block():
            layer = S5Layer(
                width,
                told.states,
                n_blocks=told.n_blocks,
                hold=told.hold,
                bidirectional=told.bidirectional,
                timescale=told.timescale,
                key=next(keys),
            )
            return S5Block(
                layer,
                width,
                norm="layer",
                prenorm=told.prenorm,
                activation="half_glu2",
                dropout=told.dropout,
                key=next(keys),
            )

        def head():
            hidden = eqx.nn.Linear(width, N_HIDDEN, key=next(keys))
            return hidden, eqx.nn.Linear(N_HIDDEN, 2, key=next(keys))

        self.blocks = tuple(block() for _ in range(told.depth))
        self.mean, self.variance = head(), head()
        self.told = told
        parts = (self.encoder.dense, self.into, self.mean, self.variance)
        parts += tuple(block.activation for block in self.blocks)
        parts = _as_flax_starts(parts, next(keys))
        self.encoder = eqx.tree_at(lambda encoder: encoder.dense, self.encoder, parts[0])
        self.into, self.mean, self.variance = parts[1:4]
        self.blocks = tuple(
            eqx.tree_at(lambda block: block.activation, block, activation)
            for block, activation in zip(self.blocks, parts[4:], strict=True)
        )

    def __call__(
        self,
        images: UInt8[Array, "N L 24 24"],
        gaps: Float[Array, "N L"],
        key: PRNGKeyArray | None = None,
    ) -> Answer:
        """Answers for a batch of films; a key switches dropout on."""
        n, length = gaps.shape
        features = self.encoder(jnp.reshape(images, (n * length, *images.shape[2:])))
        features = jnp.reshape(features, (n, length, -1))
        if self.told.append:
            features = jnp.concatenate([features, gaps[..., None]], axis=-1)
        if self.told.gaps == "ones":
            gaps = jnp.ones_like(gaps)
        if key is None:
            return jax.vmap(lambda x, g: self._one(x, g, None))(features, gaps)
        return jax.vmap(self._one)(features, gaps, jax.random.split(key, n))

    def _one(self, features: Float[Array, "L F"], gaps: Float[Array, " L"], key) -> Answer:
        x = jax.vmap(self.into)(features)
        keys = [None] * len(self.blocks) if key is None else jax.random.split(key, len(self.blocks))
        for block, block_key in zip(self.blocks, keys, strict=True):
            x, _ = block.forward(x, gaps, key=block_key)

        def through(head):
            return jax.vmap(lambda row: head[1](jnp.tanh(head[0](row))))(x)

        variance = jax.nn.elu(through(self.variance)) + 1
        return Answer(through(self.mean), jnp.maximum(variance, _LEAST_VARIANCE))


def negative_log_likelihood(
    answer: Answer, targets: Float[Array, "N L 2"], beta: float = 0.0
) -> Float[Array, "N L 2"]:
    """Of independent Gaussians, each weighed by its variance to the power of `beta`.

    References:
        Seitzer et al., On the Pitfalls of Heteroscedastic Uncertainty Estimation, 2022, for beta.
    """
    error = targets - answer.mean
    loss = (jnp.log(2 * jnp.pi * answer.variance) + error**2 / answer.variance) / 2
    return loss * jax.lax.stop_gradient(answer.variance) ** beta if beta else loss


def _as_flax_starts(tree, key: PRNGKeyArray):
    def is_dense(node):
        return isinstance(node, eqx.nn.Linear)

    def redrawn(node):
        if not is_dense(node):
            return node
        nonlocal key
        key, own = jax.random.split(key)
        weight = jax.nn.initializers.lecun_normal(-1, -2)(own, node.weight.shape)
        return eqx.tree_at(
            lambda dense: (dense.weight, dense.bias), node, (weight, jnp.zeros_like(node.bias))
        )

    return jax.tree.map(redrawn, tree, is_leaf=is_dense)

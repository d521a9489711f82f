"""The network of S5's published code, put together from this library's parts.

`S5Model` is not it: that one sees readings through asinh, drops encoder outputs, and has no head
for pairs. Steps come as bytes and become numbers on the device.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray, UInt

from ct_s5 import S5Block, S5Layer
from ct_s5.nn import Moments, PairHead, pool
from experiments.lra.recipe import NetworkSettings


class Codes(NamedTuple):
    """N examples of L steps; or N pairs of such, with a second axis of 2."""

    steps: UInt[Array | np.ndarray, "N *two L"]
    """Token numbers, or pixels from 0 to 255."""
    lengths: Int[Array | np.ndarray, "N *two"]
    """Steps that count; those behind them are padding."""


class Network(eqx.Module):
    """Encoder, S5 blocks over both directions, mean over the steps, head."""

    encoder: eqx.nn.Embedding | eqx.nn.Linear
    blocks: tuple[S5Block, ...]
    head: eqx.nn.Linear | PairHead
    scale: tuple[float, float] | None = eqx.field(static=True)

    def __init__(
        self,
        settings: NetworkSettings,
        *,
        n_classes: int,
        n_tokens: int | None = None,
        scale: tuple[float, float] | None = None,
        pairs: bool = False,
        key: PRNGKeyArray,
    ):
        """Build it.

        Args:
            settings: The shape.
            n_classes: K.
            n_tokens: Size of the vocabulary; None for pixels.
            scale: Mean and deviation of pixels, these taken from 0 to 1.
            pairs: Whether each question is about two series.
            key: Seeds all parameters.
        """
        width = settings.width
        encoder_key, head_key, start_key, *keys = jax.random.split(key, 3 + 2 * settings.depth)
        if n_tokens is None:
            self.encoder = eqx.nn.Linear(1, width, key=encoder_key)
        else:
            # Published as a dense layer on one-hot vectors: the same but for its bias, which every
            # row of the table can take up.
            self.encoder = eqx.nn.Embedding(n_tokens, width, key=encoder_key)
        blocks = []
        for layer_key, block_key in zip(keys[::2], keys[1::2], strict=True):
            layer = S5Layer(
                width,
                settings.states,
                n_blocks=settings.n_blocks,
                bidirectional=settings.bidirectional,
                timescale=settings.timescale,
                output_init=settings.output_init,
                key=layer_key,
            )
            block = S5Block(
                layer,
                width,
                norm="batch",
                momentum=settings.momentum,
                activation=settings.activation,
                dropout=settings.dropout,
                key=block_key,
            )
            blocks.append(block)
        self.blocks = tuple(blocks)
        if pairs:
            self.head = PairHead(width, n_classes, key=head_key)
        else:
            self.head = eqx.nn.Linear(width, n_classes, key=head_key)
        self.scale = scale
        parts = ("encoder", "blocks", "head")
        redrawn = _as_flax_starts([getattr(self, part) for part in parts], start_key)
        for part, new in zip(parts, redrawn, strict=True):
            setattr(self, part, new)

    def __call__(self, codes: Codes) -> Float[Array, "N K"]:
        """Class scores."""
        return self._all(codes, None)[0]

    def forward(
        self, codes: Codes, key: PRNGKeyArray
    ) -> tuple[Float[Array, "N K"], tuple[Moments | None, ...]]:
        """Class scores in training, with dropout and batch statistics, and what the norms saw."""
        return self._all(codes, key)

    def absorb(self, moments: tuple[Moments | None, ...]) -> "Network":
        """A copy whose norms remember one more training batch."""
        blocks = tuple(b.absorb(m) for b, m in zip(self.blocks, moments, strict=True))
        return eqx.tree_at(lambda network: network.blocks, self, blocks)

    def _all(self, codes: Codes, key: PRNGKeyArray | None):
        # Both texts of all pairs make one batch, for the norms too.
        steps = jnp.reshape(codes.steps, (-1, codes.steps.shape[-1]))
        lengths = jnp.reshape(codes.lengths, -1)
        if key is None:
            row, keys = jax.vmap(lambda s, n: self._pooled(s, n, None), **_OUT), ()
        else:
            row, keys = jax.vmap(self._pooled, **_OUT), (jax.random.split(key, len(steps)),)
        pooled, moments = row(steps, lengths, *keys)
        if isinstance(self.head, PairHead):
            return jax.vmap(self.head)(pooled[::2], pooled[1::2]), moments
        return jax.vmap(self.head)(pooled), moments

    def _pooled(self, steps: UInt[Array, " L"], length: Int[Array, ""], key: PRNGKeyArray | None):
        """The mean of one series' features, and what the norms saw of the whole batch."""
        if isinstance(self.encoder, eqx.nn.Embedding):
            x = jax.vmap(self.encoder)(steps.astype(int))
        else:
            assert self.scale is not None
            mean, deviation = self.scale
            x = jax.vmap(self.encoder)((steps[:, None].astype(float) / 255 - mean) / deviation)
        real = jnp.arange(len(steps)) < length
        gaps = real.astype(x.dtype)
        keys = [None] * len(self.blocks)
        if key is not None:
            keys = list(jax.random.split(key, len(self.blocks)))
        moments = []
        for block, block_key in zip(self.blocks, keys, strict=True):
            x, seen = block.forward(x, gaps, real=real, key=block_key)
            moments.append(seen)
        one = jnp.zeros(len(steps), int)
        return pool("mean", x, x, gaps, real, one, 1)[0], tuple(moments)


# The moments are sums over the whole batch, the same for every series.
_OUT = {"axis_name": "batch", "out_axes": (0, None)}


def _as_flax_starts(tree, key: PRNGKeyArray):
    """All dense layers and tables as Flax draws them: variance 1 / inputs, biases 0."""
    kinds = (eqx.nn.Linear, eqx.nn.Embedding)

    def is_dense(node):
        return isinstance(node, kinds)

    def redrawn(node):
        if not is_dense(node):
            return node
        nonlocal key
        key, own = jax.random.split(key)
        # A dense layer is (out, in) here, a table (in, out).
        axes = (-1, -2) if isinstance(node, eqx.nn.Linear) else (-2, -1)
        draw = jax.nn.initializers.lecun_normal(*axes)
        node = eqx.tree_at(lambda n: n.weight, node, draw(own, node.weight.shape))
        if isinstance(node, eqx.nn.Embedding) or node.bias is None:
            return node
        return eqx.tree_at(lambda n: n.bias, node, jnp.zeros_like(node.bias))

    return jax.tree.map(redrawn, tree, is_leaf=is_dense)

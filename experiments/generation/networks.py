"""Networks that write a series on: each output, squeezed by tanh, is the next input.

Three ways to do it: a state that goes along (`recurrent`), everything so far read again at each
step (`window`), and, for attention, keys and values that are kept (`recurrent` as well).
"""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Int

from ct_s5.nn import MIXERS, ModelSettings, S5Block, TransformerLayer

DEPTH, WIDTH, STATES = 4, 128, 64


class Network(eqx.Module):
    """Blocks alone: features in, features out."""

    blocks: tuple[S5Block, ...]

    def __call__(self, inputs, real):
        """All outputs of one series."""
        gaps = jnp.ones_like(inputs[:, 0])
        for block in self.blocks:
            inputs = block(inputs, gaps, reading=real, real=real)
        return jnp.tanh(inputs)

    def step(self, value, states):
        """The output at one more reading, and the states after it."""
        one, after = jnp.ones(1, bool), []
        x = value[None]
        for block, state in zip(self.blocks, states, strict=True):
            x, state = block.run(x, jnp.ones_like(x[:, 0]), state, reading=one, real=one)
            after.append(state)
        return jnp.tanh(x[0]), tuple(after)

    def initial_state(self):
        """Before the first reading."""
        mixers: list[Any] = [block.mixer for block in self.blocks]
        return tuple(mixer.initial_state() for mixer in mixers)


class CachedAttention(eqx.Module):
    """A `TransformerLayer` one reading at a time: keys and values of all before are kept."""

    layer: TransformerLayer
    n_steps: int = eqx.field(static=True)
    """How many readings there is room for."""

    def __call__(self, inputs, gaps, **steps):
        """The layer itself."""
        return self.layer(inputs, gaps, **steps)

    def run(self, inputs, gaps, state, *, reading, real):
        """One reading, which must be one."""
        layer, (keys, values, count, clock) = self.layer, state
        clock = clock + gaps[0]
        parts = layer.into(inputs[0] + layer.time(clock)).reshape(3, layer.n_heads, -1)
        keys, values = keys.at[:, count].set(parts[1]), values.at[:, count].set(parts[2])
        # Heads in front: three times as fast as time in front.
        fit = jnp.matmul(keys, parts[0][:, :, None])[:, :, 0] / math.sqrt(parts.shape[-1])
        seen = jnp.arange(self.n_steps)[None] <= count
        weights = jax.nn.softmax(jnp.where(seen, fit, -jnp.inf), axis=-1)
        found = jnp.matmul(weights[:, None], values).reshape(-1)
        return layer.out_of(found)[None], (keys, values, count + 1, clock)

    def initial_state(self):
        """Room for every key and value."""
        heads, width = self.layer.n_heads, self.layer.time.bias.size
        room = jnp.zeros((heads, self.n_steps, width // heads))
        return room, room, jnp.zeros((), int), jnp.zeros(())


def network(mixer: str, width: int) -> Network:
    """One of the library's mixers in its block, four times."""
    settings = ModelSettings(
        n_channels=1, n_outputs=1, width=width, states=STATES, depth=DEPTH, mixer=mixer
    )
    blocks = []
    for seed in range(DEPTH):
        mixer_key, block_key = jax.random.split(jax.random.key(seed))
        blocks.append(S5Block(MIXERS[mixer](settings, mixer_key), width, key=block_key))
    return Network(tuple(blocks))


def size(network: Network) -> int:
    """How many numbers training would adjust."""
    return sum(leaf.size for leaf in jax.tree.leaves(network) if hasattr(leaf, "size"))


def cached(network: Network, n_steps: int) -> Network:
    """The same, attention with its keys and values kept."""
    mixers: list[Any] = [block.mixer for block in network.blocks]
    layers = [CachedAttention(mixer, n_steps) for mixer in mixers]
    return eqx.tree_at(lambda net: [block.mixer for block in net.blocks], network, layers)


@eqx.filter_jit
def recurrent(network: Network, first, n_steps: Int[Array, ""]):
    """Write `n_steps` on, with a state that goes along; the last output."""

    def step(_, carried):
        value, states = carried
        return network.step(value, states)

    return lax.fori_loop(0, n_steps, step, (first, network.initial_state()))[0]


@eqx.filter_jit
def written(network: Network, first, n_steps: int):
    """The same, all outputs."""

    def step(carried, _):
        value, states = network.step(*carried)
        return (value, states), value

    return lax.scan(step, (first, network.initial_state()), length=n_steps)[1]


@eqx.filter_jit
def window(network: Network, room, begin: Int[Array, ""], n_steps: Int[Array, ""]):
    """Write `n_steps` on, each time reading all rows before again; `room` is padded behind.

    Both counts are arrays: a number would be compiled in.
    """

    def step(k, room):
        real = jnp.arange(room.shape[0]) <= k
        return room.at[k + 1].set(network(room, real)[k], mode="drop")

    return lax.fori_loop(begin, begin + n_steps, step, room)


@eqx.filter_jit
def read(network: Network, inputs):
    """All outputs for given inputs, at once."""
    return network(inputs, jnp.ones(len(inputs), bool))

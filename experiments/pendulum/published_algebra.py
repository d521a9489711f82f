"""The published network computed as the published code does, from the parameters of ours.

Gaps are discretised one a step into input maps of shape (L, Q, H), states are complex numbers in
one associative scan, and the encoder is the convolutions and pools of `lax`. Here to be timed, and
to check the quick forms by.
"""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, UInt8

from ct_s5 import S5Block, S5Layer
from experiments.pendulum.encoder import Encoder
from experiments.pendulum.network import Answer, Network


def answer(
    network: Network, images: UInt8[Array, "N L 24 24"], gaps: Float[Array, "N L"]
) -> Answer:
    """What a network without dropout, gap inputs, or a second direction says of films."""
    told = network.told
    if told.append or told.bidirectional or told.prenorm or told.hold != "zoh":
        raise ValueError(f"These are not the published settings: {told}.")
    n, length = gaps.shape
    features = encoded(network.encoder, jnp.reshape(images, (n * length, *images.shape[2:])))
    features = jnp.reshape(features, (n, length, -1))

    def one(features, gaps):
        x = jax.vmap(network.into)(features)
        for block in network.blocks:
            x = _block(block, x, gaps)

        def through(head):
            return jax.vmap(lambda row: head[1](jnp.tanh(head[0](row))))(x)

        variance = jax.nn.elu(through(network.variance)) + 1
        return Answer(through(network.mean), jnp.maximum(variance, 1e-6))

    return jax.vmap(one)(features, gaps)


def encoded(encoder: Encoder, images: UInt8[Array, "N 24 24"]) -> Float[Array, "N F"]:
    """Features of frames, by convolutions and pools."""

    def conv(x, weight, bias, stride, pad):
        form = ("NHWC", "HWIO", "NHWC")
        x = lax.conv_general_dilated(
            x, weight, (stride, stride), (pad, pad), dimension_numbers=form
        )
        x = jax.nn.relu(x + jnp.reshape(bias, (1, 1, 1, -1)))
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    x = images[..., None].astype(encoder.bias_1.dtype) / 255
    x = conv(x, encoder.weight_1, encoder.bias_1, 1, (2, 2))
    x = conv(x, encoder.weight_2, encoder.bias_2, 2, (1, 1))
    return jax.nn.relu(jax.vmap(encoder.dense)(jnp.reshape(x, (len(x), -1))))


def _block(block: S5Block, inputs: Float[Array, "L H"], gaps: Float[Array, " L"]):
    """S5, its gate, the skip, and the norm after all."""
    assert isinstance(block.mixer, S5Layer)
    x = _layer(block.mixer, inputs, gaps)
    x, _ = block.norm(inputs + block.activation(x, key=None), gaps > 0, training=False)
    return x


def _layer(layer: S5Layer, inputs: Float[Array, "L H"], gaps: Float[Array, " L"]):
    def discretised(gap):
        decay = jnp.exp(layer.rates * (layer.timescales * gap).astype(layer.rates.dtype))
        return decay, jnp.expand_dims((decay - 1) / layer.rates, 1) * layer.input_map

    decays, maps = jax.vmap(discretised)(gaps)
    driven = jax.vmap(lambda m, u: m @ u.astype(m.dtype))(maps, inputs)

    def join(earlier, later):
        return later[0] * earlier[0], later[0] * earlier[1] + later[1]

    _, states = lax.associative_scan(join, (decays, driven))
    return 2 * (states @ layer.output_map.T).real + inputs * jnp.expand_dims(layer.feedthrough, 0)

"""Sequence layers in JAX: ours, and others' algebra written again from its description.

Each function takes (H, P, key) and returns parameters and a function of (parameters, inputs, gaps)
of one series.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax

from ct_s5 import S5Layer


def ours(n_features, n_states, key, **how):
    """The layer of this library; `scan` names the way through it."""
    layer = S5Layer(n_features, n_states, key=key, **how)
    moving, fixed = eqx.partition(layer, eqx.is_array)
    return moving, lambda moving, inputs, gaps: eqx.combine(moving, fixed)(inputs, gaps)


def both_directions(n_features, n_states, key):
    """The same in both directions."""
    return ours(n_features, n_states, key, bidirectional=True)


def associative(n_features, n_states, key):
    """Ours as a GPU or TPU gets it."""
    return ours(n_features, n_states, key, scan="associative")


def sequential(n_features, n_states, key):
    """Ours as one plain loop that keeps its states."""
    return ours(n_features, n_states, key, scan="sequential")


def _complex_parts(n_features, n_states, key):
    layer = S5Layer(n_features, n_states, key=key)
    return {
        "rates": (layer.rates.real, layer.rates.imag),
        "timescales": layer.timescales,
        "into": (layer.input_map.real, layer.input_map.imag),
        "out_of": (layer.output_map.real, layer.output_map.imag),
        "feedthrough": layer.feedthrough,
    }


def _scan_and_read(parts, decay, drive, inputs):
    def combine(earlier, later):
        return later[0] * earlier[0], later[0] * earlier[1] + later[1]

    _, states = lax.associative_scan(combine, (decay, drive))
    out_of = lax.complex(*parts["out_of"])
    return 2 * (states @ out_of.T).real + parts["feedthrough"] * inputs


def published(n_features, n_states, key):
    """S5 with a gap a step, as its pendulum experiment has it: one B-bar of (P, H) for every step.

    Complex numbers throughout, `(e^z - 1) / rate`, `associative_scan` (arXiv:2208.04933, G.3).
    """

    def run(parts, inputs, gaps):
        rates, into = lax.complex(*parts["rates"]), lax.complex(*parts["into"])

        def discretise(gap):
            decay = jnp.exp(rates * (parts["timescales"] * gap))
            return decay, ((1 / rates) * (decay - 1))[:, None] * into

        decay, every_into = jax.vmap(discretise)(gaps)
        drive = jax.vmap(jnp.matmul)(every_into, inputs.astype(into.dtype))
        return _scan_and_read(parts, decay, drive, inputs)

    return _complex_parts(n_features, n_states, key), run


def factored(n_features, n_states, key):
    """The same with `gain * (B u)`: no (L, P, H) array."""

    def run(parts, inputs, gaps):
        rates, into = lax.complex(*parts["rates"]), lax.complex(*parts["into"])
        decay = jnp.exp(rates * (parts["timescales"] * gaps[:, None]))
        drive = (1 / rates) * (decay - 1) * (inputs.astype(into.dtype) @ into.T)
        return _scan_and_read(parts, decay, drive, inputs)

    return _complex_parts(n_features, n_states, key), run


def mamba_style(n_features, n_states, key):
    """A selective state space layer: step sizes, B and C made of the input, 16 real states each.

    Exponential-Euler with a plain loop over time (arXiv:2312.00752, algorithm 2), without the
    convolution and gating around it. The gap multiplies the step size.
    """
    size = 16
    keys = jax.random.split(key, 3)
    scale = n_features**-0.5
    parts = {
        "log_rates": jnp.log(jnp.arange(1.0, size + 1)) + jnp.zeros((n_features, size)),
        "into": scale * jax.random.normal(keys[0], (n_features, size)),
        "out_of": scale * jax.random.normal(keys[1], (n_features, size)),
        "step": scale * jax.random.normal(keys[2], (n_features, n_features)),
    }

    def run(parts, inputs, gaps):
        steps = jax.nn.softplus(inputs @ parts["step"]) * gaps[:, None]
        into, out_of = inputs @ parts["into"], inputs @ parts["out_of"]
        rates = -jnp.exp(parts["log_rates"])

        def step(state, now):
            u, d, b, c = now
            state = jnp.exp(d[:, None] * rates) * state + (d * u)[:, None] * b[None, :]
            return state, state @ c

        start = jnp.zeros((inputs.shape[1], size))
        return lax.scan(step, start, (inputs, steps, into, out_of))[1] + inputs

    return parts, run


def _cell(cell, start, read):
    moving, fixed = eqx.partition(cell, eqx.is_array)

    def run(moving, inputs, gaps):
        cell = eqx.combine(moving, fixed)

        def step(state, value):
            state = cell(value, state)
            return state, read(state)

        return lax.scan(step, start, inputs)[1]

    return moving, run


def gru(n_features, n_states, key):
    """Equinox's GRU cell in a loop; it is not told of gaps."""
    cell = eqx.nn.GRUCell(n_features, n_features, key=key)
    return _cell(cell, jnp.zeros(n_features), lambda state: state)


def lstm(n_features, n_states, key):
    """Equinox's LSTM cell in a loop; it is not told of gaps."""
    cell = eqx.nn.LSTMCell(n_features, n_features, key=key)
    return _cell(cell, (jnp.zeros(n_features), jnp.zeros(n_features)), lambda state: state[0])

"""Small models of every kind, and batches of one shape, so that each compiles once."""

import functools
import warnings

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ct_s5.batch import IrregularBatch
from ct_s5.nn import INPUTS, ModelSettings, S5Model
from oracles.gaps_loop import gaps_loop

N, L, C, S, K = 4, 14, 2, 1, 3

# Every hold causal and in both directions; every norm, activation, pooling and head in one of them.
MODELS = {
    "zoh": {"pooling": "last"},
    "zoh_forward": {"hold": "zoh_forward", "inputs": INPUTS, "norm": "rms", "pooling": "mean"},
    "foh": {"hold": "foh", "per": "reading", "activation": "full_glu", "anchors": (0, 1, 1)},
    "async": {"hold": "async", "norm": "batch", "pooling": "gap_mean", "activation": "half_glu2"},
    "bilinear": {"hold": "bilinear", "per": "reading", "prenorm": False, "norm": "batch"},
    "impulse": {"hold": "impulse", "activation": "gelu", "head": "gaussian"},
}
MODELS |= {f"{kind}, both": told | {"bidirectional": True} for kind, told in MODELS.items()}
# Two blocks where a query or padding could leak from one into the other, in either direction.
for kind in ("zoh", "foh, both"):
    MODELS[kind] |= {"depth": 2}
MODELS |= {
    "gru": {"mixer": "gru", "per": "reading", "inputs": ("value", "age")},
    "depth-0": {"depth": 0, "pooling": "mean"},
}

EXACT = {"float32": 1e-6, "float64": 1e-12}


def build(kind, **keywords):
    """A model of that kind in the precision that is switched on."""
    defaults = {"n_channels": C, "n_outputs": K, "n_static": S, "width": 4, "states": 4, "depth": 1}
    # Slow and fast states, so that the gaps matter.
    chosen = defaults | {"timescale": (0.05, 1.0)} | MODELS[kind] | keywords
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="hold='bilinear'")
        return S5Model(ModelSettings(**chosen), key=jax.random.key(0))


def draw_steps(rng, n_readings, n_queries=0):
    """Steps of one series as (time, is a reading, values, observed), in order."""
    steps = [
        (rng.uniform(0, 10), k < n_readings, rng.normal(size=C), rng.random(C) < 0.7)
        for k in range(n_readings + n_queries)
    ]
    return in_order(steps)


def assemble(series, static, n_steps=L):
    """The padded batch of several series of steps."""
    n = len(series)
    batch = {
        "values": np.zeros((n, n_steps, C)),
        "observed": np.zeros((n, n_steps, C), bool),
        "gaps": np.zeros((n, n_steps)),
        "gaps_after": np.zeros((n, n_steps)),
        "reading": np.zeros((n, n_steps), bool),
        "real": np.zeros((n, n_steps), bool),
        "static": np.asarray(static),
    }
    for row, steps in enumerate(series):
        here = row, slice(len(steps))
        batch["real"][here] = True
        if not steps:
            continue
        times, reading, values, observed = map(np.array, zip(*steps, strict=True))
        batch["observed"][here] = observed & reading[:, None]
        batch["values"][here] = np.where(batch["observed"][here], values, 0)
        batch["reading"][here] = reading
        batch["gaps"][here], batch["gaps_after"][here] = gaps_loop(times, reading)
    return IrregularBatch(**batch)


def in_order(steps):
    """Sorted by time; a query at the time of a reading comes after it."""
    return sorted(steps, key=lambda step: (step[0], not step[1]))


def draw_series(seed=0, n_readings=(8, 1, 0, 6)):
    """Series of steps, and their static features."""
    rng = np.random.default_rng(seed)
    return [draw_steps(rng, n) for n in n_readings], rng.normal(size=(len(n_readings), S))


def numbers(answers):
    """The answers as one NumPy array; a Gaussian's mean and variance side by side."""
    return np.concatenate([np.asarray(x) for x in jax.tree.leaves(answers)], axis=-1)


def answer(model, batch):
    """What the model says in use."""
    return numbers(_told(model, batch)[0][1])


def loss_and_gradient(model, batch):
    """A number out of all answers that count, and its gradient by the parameters."""
    (loss, _), gradient = _told(model, batch)
    return loss, gradient


# Compiled in half the time, to slower code.
quick_jit = functools.partial(
    eqx.filter_jit, compiler_options={"xla_backend_optimization_level": 0}
)


@quick_jit
def train(model, batch):
    """What the model says in training, and what its norms saw."""
    return model.forward(batch, jax.random.key(0))


@quick_jit
def use(model, batch):
    """What the model says in use, without gradient: for a shape that nothing else asks about."""
    return model(batch)


# One compiled call for answers and gradients: compiling costs more than anything else here.
@quick_jit
@functools.partial(eqx.filter_value_and_grad, has_aux=True)
def _told(model, batch):
    answers = model(batch)
    counted = jnp.concatenate(jax.tree.leaves(answers), axis=-1)
    if model.settings.per == "reading":
        counted = jnp.where(batch.real[..., None], counted, 0)
    return jnp.sum(jnp.sin(counted)), answers

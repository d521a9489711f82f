"""How fast does a whole model train, and is the scan the largest part of it?

Measured   a training step of 6 blocks, H = 128, P = 64, batch 16, 2048 steps, float32: as it is in
           `fit`, which keeps memory, and with whole S5 layers left out; and, by themselves, the
           recurrences that such a step goes through: of each layer one forwards, one again for the
           gradient, one backwards. (To leave the recurrence out of the whole is no measure: XLA
           then fuses the rest in another way, which takes longer.)
Run        python -m experiments.speed.model    (three minutes)
Result     results/model.json; the table in README.md.
"""

import pathlib
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ct_s5.batch import IrregularBatch
from ct_s5.nn import ModelSettings, S5Model
from ct_s5.ssm import _scan
from ct_s5.ssm._choice import choose
from ct_s5.training import kept_memory
from experiments.record import record

RESULTS = pathlib.Path(__file__).parent / "results" / "model.json"
N_SERIES, N_STEPS, N_CHANNELS = 16, 2048, 4
SIZES = {"width": 128, "states": 64, "depth": 6}
ROUNDS = 7


class NoMixer(eqx.Module):
    """Hands its inputs on."""

    def __call__(self, inputs, gaps, *, gaps_after=None, reading=None, real=None, reset=None):
        """The inputs."""
        return inputs


def random_batch(rng, n_series: int, n_steps: int) -> IrregularBatch:
    """Series of `N_CHANNELS` channels, a fifth of whose values are missing."""
    shape = (n_series, n_steps)
    return IrregularBatch(
        values=rng.normal(size=(*shape, N_CHANNELS)).astype(np.float32),
        observed=rng.random((*shape, N_CHANNELS)) < 0.8,
        gaps=rng.exponential(size=shape).astype(np.float32),
        gaps_after=rng.exponential(size=shape).astype(np.float32),
        reading=np.ones(shape, bool),
        real=np.ones(shape, bool),
        static=np.zeros((n_series, 0), np.float32),
    )


def compiled_step(model, batch):
    """A training step's loss and gradient, compiled, and the weights it takes."""
    loss, moving = loss_of(model, batch)
    return jax.jit(jax.value_and_grad(loss)).lower(moving).compile(), moving


def loss_of(model, batch):
    """A training step's loss as a function of the weights, and those."""
    moving, fixed = eqx.partition(model, eqx.is_inexact_array)

    def loss(moving):
        answers, _ = eqx.combine(moving, fixed).forward(batch, jax.random.key(0))
        return jnp.mean(answers**2)

    return loss, moving


def measure(seed: int) -> dict[str, float]:
    """Medians of alternating rounds, in seconds."""
    rng = np.random.default_rng(seed)
    batch = jax.tree.map(jnp.asarray, random_batch(rng, N_SERIES, N_STEPS))
    settings = ModelSettings(
        n_channels=N_CHANNELS, n_outputs=2, inputs=("value", "observed"), **SIZES
    )
    model = S5Model(settings, key=jax.random.key(seed))
    no_layers = eqx.tree_at(
        lambda m: [block.mixer for block in m.blocks], model, [NoMixer()] * settings.depth
    )
    forms = {"whole": compiled_step(model, batch), "no layers": compiled_step(no_layers, batch)}
    forms["recurrences"] = _recurrences(rng, settings.depth)
    seconds = {name: [] for name in forms}
    with kept_memory():
        for _ in range(ROUNDS):
            for name, (run, moving) in forms.items():
                started = time.perf_counter()
                jax.block_until_ready(run(moving))
                seconds[name].append(time.perf_counter() - started)
    whole, recurrences, rest = (
        float(np.median(seconds[n])) for n in ("whole", "recurrences", "no layers")
    )
    return {
        "training_step_seconds": whole,
        "steps_a_second": N_SERIES * N_STEPS / whole,
        "share_scan": recurrences / whole,
        "share_rest_of_layers": (whole - rest - recurrences) / whole,
        "share_rest_of_model": rest / whole,
    }


def _recurrences(rng, depth: int):
    """The loops over steps of one training step, in blocks as the layer has them."""
    way = choose("auto")
    length = N_STEPS if way.block is None else way.block // N_SERIES
    shape = (N_SERIES, length, SIZES["states"] // 2)
    less_one, drive = (
        tuple(jnp.asarray(rng.normal(size=shape).astype(np.float32)) * size for _ in range(2))
        for size in (-0.5, 1.0)
    )
    run = jax.vmap(lambda *of_series: _scan._RUN[way.inner](*of_series, None))
    adjoint = jax.vmap(lambda *of_series: _scan._adjoint(way.inner, *of_series, None))

    def block(states, _):
        # Each follows from the one before, so that none can be left out.
        states = run(less_one, drive, tuple(part[:, -1] for part in states))
        states = run(less_one, drive, tuple(part[:, -1] for part in states))
        return adjoint(less_one, states)[0], None

    def loops(states):
        return jax.lax.scan(block, states, None, length=depth * N_STEPS // length)[0]

    return jax.jit(loops).lower(drive).compile(), drive


if __name__ == "__main__":
    settings = SIZES | {"series": N_SERIES, "steps": N_STEPS, "rounds": ROUNDS}
    protocol = {"name": "medians of alternating rounds", "hash": "none"}
    record(measure, settings, protocol, range(3), RESULTS)

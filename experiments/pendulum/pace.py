"""How much faster is an epoch than with the algebra of the published code, on this machine?

Compared   the published network by this library, and by the published code's own algebra:
           an input map for every step, complex numbers, convolutions and pools of `lax`.
Same       parameters, batches, loss, optimiser; steps of the two alternate.
Run        python -m experiments.pendulum.pace    (a minute)
Result     a table in README.md here, made by `python -m experiments.pendulum.table`.
"""

import argparse
import dataclasses
import pathlib
import time
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from experiments.lra.optimiser import Optimiser
from experiments.pendulum import published_algebra
from experiments.pendulum.films import Films, batch_of, load
from experiments.pendulum.network import Network, negative_log_likelihood
from experiments.pendulum.recipe import PUBLISHED
from experiments.pendulum.run import RESULTS
from experiments.record import record

N_STEPS = 9
_STEPS_AN_EPOCH = 62


def main(words: list[str] | None = None) -> None:
    told = argparse.ArgumentParser(prog="python -m experiments.pendulum.pace")
    told.add_argument("--out", type=pathlib.Path, default=RESULTS)
    out = told.parse_args(words).out
    out.mkdir(parents=True, exist_ok=True)
    parts, protocol = load()
    films = Films(*(array[: PUBLISHED.batch_size] for array in parts["train"]))
    settings = dataclasses.asdict(PUBLISHED) | {"timed_steps": N_STEPS}
    record(lambda seed: _time(films, seed), settings, protocol, [0], out / "pace.json")


def _time(films: Films, seed: int) -> dict[str, Any]:
    batch, rate = batch_of(films), np.float32(1e-3)
    network = Network(PUBLISHED, key=jax.random.key(seed))
    optimiser = Optimiser("standard", False, 4.0, weight_decay=0.0)
    state = optimiser.start(network)
    forms = {"here": Network.__call__, "published": published_algebra.answer}
    steps = {name: _step_of(form) for name, form in forms.items()}
    seconds: dict[str, list[float]] = {name: [] for name in forms}
    for k in range(1 + N_STEPS):
        for name, step in steps.items():
            started = time.perf_counter()
            jax.block_until_ready(step(network, state, batch, rate, optimiser))
            if k:  # the first compiles
                seconds[name].append(time.perf_counter() - started)
    least = {name: min(taken) for name, taken in seconds.items()}
    return {
        "seconds_a_step": {name: round(value, 4) for name, value in least.items()},
        "seconds_an_epoch": {n: round(_STEPS_AN_EPOCH * v, 2) for n, v in least.items()},
        "ratio": round(least["published"] / least["here"], 2),
    }


def _step_of(form):
    @eqx.filter_jit
    def step(network, state, batch, rate, optimiser):
        def mean_loss(network):
            answer = form(network, batch.images, batch.gaps)
            return jnp.mean(negative_log_likelihood(answer, batch.targets))

        loss, gradients = eqx.filter_value_and_grad(mean_loss)(network)
        updates, state = optimiser.update(gradients, state, network)
        updates = jax.tree.map(lambda update: rate * update, updates)
        return eqx.apply_updates(network, updates), state, loss

    return step


if __name__ == "__main__":
    main()

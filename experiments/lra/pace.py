"""How long does a step of each published network take on this machine?

Compared   the six tasks at published size, on random bytes of full length.
Same       one example a step (two texts of retrieval): longer batches take as much longer on a CPU.
           On a GPU, the published batch.
Run        python -m experiments.lra.pace    (two minutes)
Result     the second table in README.md here, made by `python -m experiments.lra.table`.
"""

import pathlib
import time
from typing import Any

import equinox as eqx
import jax
import numpy as np

from experiments.lra import recipe
from experiments.lra.examples import Batch
from experiments.lra.network import Codes, Network
from experiments.lra.train import n_parameters, optimiser_of, step
from experiments.record import record
from experiments.words import asked_names

RESULTS = pathlib.Path(__file__).parent / "results"
N_STEPS = 3
# Vocabularies of text and retrieval are their files' own; S5's loaders count about as many.
N_TOKENS = {"listops": 18, "text": 135, "retrieval": 98}


def main(tasks: list[str]) -> None:
    on_cpu = jax.default_backend() == "cpu"
    for task in tasks or recipe.TASKS:
        settings = recipe.read(task)
        examples = 1 if on_cpu else settings.training.batch_size

        def run(seed: int, task=task, settings=settings, examples=examples) -> dict[str, Any]:
            return _time(task, settings, examples, seed)

        told = {"task": task, "examples": examples, "steps": N_STEPS}
        protocol = {"name": "the least of some steps after the first", "hash": "none"}
        name = f"pace-{task}" if on_cpu else f"pace-{jax.default_backend()}-{task}"
        record(run, told, protocol, [0], RESULTS / f"{name}.json")


def _time(task: str, settings: recipe.Recipe, n_examples: int, seed: int) -> dict[str, Any]:
    pixels, pairs = settings.data.scale is not None, task == "retrieval"
    network = Network(
        settings.network,
        n_classes=10,
        n_tokens=None if pixels else N_TOKENS[task],
        scale=settings.data.scale,
        pairs=pairs,
        key=jax.random.key(seed),
    )
    optimiser = optimiser_of(settings.training)
    state = optimiser.start(network)
    shape = (n_examples, *(2,) * pairs, settings.data.length)
    drawn = np.random.default_rng(seed).integers(18, size=shape).astype(np.uint8)
    codes = Codes(drawn, np.full(shape[:-1], settings.data.length, np.int32))
    batch = Batch(codes, np.zeros(n_examples, np.int32), np.ones(n_examples, np.float32))
    key, rate = jax.random.key(seed), np.float32(1e-3)
    seconds = []
    for _ in range(1 + N_STEPS):
        started = time.perf_counter()
        network, state, loss = step(network, state, batch, key, rate, optimiser)
        jax.block_until_ready((eqx.filter(network, eqx.is_array), loss))
        seconds.append(time.perf_counter() - started)
    return {
        "seconds_an_example": float(f"{min(seconds[1:]) / n_examples:.4g}"),
        "first_step_seconds": round(seconds[0], 1),
        "parameters": n_parameters(network),
    }


if __name__ == "__main__":
    main(asked_names("python -m experiments.lra.pace", __doc__, recipe.TASKS, "TASK"))

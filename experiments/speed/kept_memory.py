"""What does it save a training step that the process keeps its memory from step to step?

Compared   the gradient of a whole model inside `kept_memory`, as `fit` has it, and outside, in
           turns.
Same       process, compiled step, weights, inputs.
Measured   medians of seconds and of page faults a step, for models whose intermediate arrays take
           less and more than the 32 MB from which glibc gives memory back; glibc only.
Run        python -m experiments.speed.kept_memory    (two minutes)
Result     results/kept_memory.json; the table in README.md.
"""

import contextlib
import pathlib
import resource
import time

import jax
import jax.numpy as jnp
import numpy as np

from ct_s5.nn import ModelSettings, S5Model
from ct_s5.training import kept_memory
from experiments.record import record
from experiments.speed.model import N_CHANNELS, compiled_step, random_batch

RESULTS = pathlib.Path(__file__).parent / "results" / "kept_memory.json"
# Series, steps, blocks, width.
SIZES = [(32, 32, 2, 64), (64, 80, 2, 64), (32, 100, 4, 64), (16, 2048, 6, 128)]
ROUNDS, STEPS = 7, 3


def measure(seed: int) -> dict[str, float]:
    """One size, which the seed numbers."""
    n_series, n_steps, depth, width = SIZES[seed]
    batch = jax.tree.map(jnp.asarray, random_batch(np.random.default_rng(0), n_series, n_steps))
    settings = ModelSettings(
        n_channels=N_CHANNELS, n_outputs=2, width=width, states=64, depth=depth
    )
    run, moving = compiled_step(S5Model(settings, key=jax.random.key(0)), batch)
    found = {"temporary_megabytes": run.memory_analysis().temp_size_in_bytes / 1e6}
    ways = {"given_back": contextlib.nullcontext, "kept": kept_memory}
    seconds, faults = ({name: [] for name in ways} for _ in range(2))
    for _ in range(ROUNDS):
        for name, way in ways.items():
            with way():
                jax.block_until_ready(run(moving))  # takes the memory
                for _ in range(STEPS):
                    started, before = time.perf_counter(), _faults()
                    jax.block_until_ready(run(moving))
                    seconds[name].append(time.perf_counter() - started)
                    faults[name].append(_faults() - before)
    for name in ways:
        found[f"{name}_milliseconds"] = 1e3 * float(np.median(seconds[name]))
        found[f"{name}_faults"] = float(np.median(faults[name]))
    return found


def _faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


if __name__ == "__main__":
    sizes = [dict(zip(("series", "steps", "depth", "width"), size, strict=True)) for size in SIZES]
    settings = {"sizes": sizes, "rounds": ROUNDS, "steps": STEPS}
    protocol = {"name": "medians of steps in turns, a size a seed", "hash": "none"}
    record(measure, settings, protocol, range(len(SIZES)), RESULTS)

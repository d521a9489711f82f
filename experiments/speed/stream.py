"""What does one reading cost, as it arrives?

Measured   one layer of H = 128, P = 64: the NumPy runner, `layer.step` compiled, and 1000 readings
           in one call of `layer.run`; microseconds a reading, medians over rounds.
Run        python -m experiments.speed.stream    (half a minute)
Result     results/stream.json; the table in README.md.
"""

import pathlib
import time

import jax
import numpy as np

from ct_s5 import S5Layer
from ct_s5.runtime import S5
from ct_s5.training import named_arrays
from experiments.record import record

RESULTS = pathlib.Path(__file__).parent / "results" / "stream.json"
N_FEATURES, N_STATES, N_READINGS = 128, 64, 1000


def measure(seed: int) -> dict[str, float]:
    """Microseconds a reading."""
    rng = np.random.default_rng(seed)
    layer = S5Layer(N_FEATURES, N_STATES, key=jax.random.key(seed))
    inputs = rng.normal(size=(N_READINGS, N_FEATURES)).astype(np.float32)
    gaps = rng.exponential(size=N_READINGS).astype(np.float32)
    return {
        "runner_microseconds": _runner(layer, inputs, gaps),
        "step_microseconds": _step(layer, inputs, gaps),
        "chunk_microseconds": _chunk(layer, inputs, gaps),
    }


def _runner(layer, inputs, gaps):
    ours = S5({k: np.asarray(v, np.float64) for k, v in named_arrays(layer).items()}, "zoh")
    state, rows = ours.begin(), inputs.astype(np.float64)
    started = time.perf_counter()
    for u, gap in zip(rows, gaps.tolist(), strict=True):
        _, state = ours.step(u, gap, state)
    return (time.perf_counter() - started) / N_READINGS * 1e6


def _step(layer, inputs, gaps):
    step = jax.jit(lambda u, gap, state: layer.step(u, gap, state))
    _, state = jax.block_until_ready(step(inputs[0], gaps[0], layer.initial_state()))
    started = time.perf_counter()
    for u, gap in zip(inputs, gaps, strict=True):
        output, state = step(u, gap, state)
        np.asarray(output)
    return (time.perf_counter() - started) / N_READINGS * 1e6


def _chunk(layer, inputs, gaps):
    run = jax.jit(lambda inputs, gaps, state: layer.run(inputs, gaps, state))
    state = layer.initial_state()
    jax.block_until_ready(run(inputs, gaps, state))
    started = time.perf_counter()
    jax.block_until_ready(run(inputs, gaps, state))
    return (time.perf_counter() - started) / N_READINGS * 1e6


if __name__ == "__main__":
    settings = {"features": N_FEATURES, "states": N_STATES, "readings": N_READINGS}
    protocol = {"name": "wall clock in a loop", "hash": "none"}
    record(measure, settings, protocol, range(5), RESULTS)

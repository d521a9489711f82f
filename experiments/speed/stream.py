"""What does one reading cost, as it arrives?

Measured   one layer of H = 128, P = 64: the NumPy runner, `layer.step` compiled, and 1000 readings
           in one call of `layer.run`; microseconds a reading, means over 1000.
           A model of 4 blocks, H = 64, P = 64 and 8 channels: `model.step` compiled, for one
           series, its state as a tree of arrays and as one vector, the latter also without XLA's
           scheduling for threads, and for 10,000 in one call; `update` of a classifier with a frame
           of one row, and of one row of each of 10,000 live series; of a forecaster, which foresees
           8 channels with intervals, with a frame of one row; medians.
Run        python -m experiments.speed.stream    (some minutes)
Result     results/stream.json; the table in README.md.
"""

import ast
import os
import pathlib
import subprocess
import sys
import time

import jax
import numpy as np
import pandas as pd

from ct_s5 import IrregularBatch, S5Classifier, S5Forecaster, S5Layer
from ct_s5.nn import ModelSettings, S5Model, state_of, vector_of
from ct_s5.runtime import S5
from ct_s5.training import named_arrays
from experiments.record import record

RESULTS = pathlib.Path(__file__).parent / "results" / "stream.json"
N_FEATURES, N_STATES, N_READINGS = 128, 64, 1000
MODEL = {"width": 64, "states": 64, "depth": 4}
N_CHANNELS, N_LIVE = 8, 10_000
# A step is a hundred operations of a microsecond, which threads hand to each other by default.
ALONE = "--xla_cpu_enable_concurrency_optimized_scheduler=false"


def measure(seed: int) -> dict[str, float]:
    """Microseconds a reading, or milliseconds a call."""
    rng = np.random.default_rng(seed)
    layer = S5Layer(N_FEATURES, N_STATES, key=jax.random.key(seed))
    inputs = rng.normal(size=(N_READINGS, N_FEATURES)).astype(np.float32)
    gaps = rng.exponential(size=N_READINGS).astype(np.float32)
    return {
        "runner_microseconds": _runner(layer, inputs, gaps),
        "step_microseconds": _step(layer, inputs, gaps),
        "chunk_microseconds": _chunk(layer, inputs, gaps),
        **_steps(seed),
        "vector_step_alone_microseconds": _step_alone(seed),
        **_updates(seed),
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


def _steps(seed):
    settings = ModelSettings(n_channels=N_CHANNELS, n_outputs=2, **MODEL)
    model = S5Model(settings, key=jax.random.key(seed))
    rng = np.random.default_rng(seed)

    def reading(*n):
        there, gap = np.ones(n, bool), rng.exponential(size=n).astype(np.float32)
        values = rng.normal(size=(*n, N_CHANNELS)).astype(np.float32)
        blank = np.zeros((*n, 0), np.float32)
        return IrregularBatch(values, values == values, gap, gap, there, there, blank)

    def step(series, vector):
        answer, state = model.step(series, state_of(vector, empty))
        return answer, vector_of(state)

    # The weights are constants of the compiled step, as in `S5Estimator.update`.
    one = jax.jit(lambda series, state: model.step(series, state))
    many = jax.jit(lambda series, state: jax.vmap(model.step)(series, state))
    empty = model.initial_state()
    states = jax.tree.map(lambda a: jax.numpy.broadcast_to(a, (N_LIVE, *a.shape)), empty)
    readings = [reading() for _ in range(501)]
    return {
        "model_step_microseconds": 1e6 * _in_turn(one, readings, empty),
        "vector_step_microseconds": 1e6 * _in_turn(jax.jit(step), readings, vector_of(empty)),
        "model_steps_milliseconds": 1e3 * _in_turn(many, [reading(N_LIVE)] * 11, states),
    }


def _step_alone(seed):
    """XLA reads its flags once a process, so this takes one of its own."""
    code = f"from experiments.speed.stream import _steps; print(_steps({seed}))"
    ours = os.environ | {"XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} {ALONE}"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=ours, capture_output=True, text=True, check=True)
    return ast.literal_eval(done.stdout)["vector_step_microseconds"]


def _in_turn(step, readings, state):
    """Median seconds of a call, its answer fetched; the first call compiles."""
    seconds = []
    for reading in readings:
        started = time.perf_counter()
        answer, state = step(reading, state)
        np.asarray(answer)
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds[1:]))


def _updates(seed):
    rng = np.random.default_rng(seed)

    def rows(n, hour):
        values = rng.normal(size=(n, N_CHANNELS))
        frame = pd.DataFrame(values, columns=[f"c{c}" for c in range(N_CHANNELS)])
        frame.insert(0, "unique_id", [f"p{i}" for i in range(n)])
        frame.insert(1, "ds", pd.Timestamp("2024-01-01") + pd.Timedelta(hours=hour))
        return frame

    past = pd.concat([rows(8, hour) for hour in range(4)])
    labels = pd.Series(np.arange(8) % 2, index=[f"p{i}" for i in range(8)])
    kinds = {"random_state": seed, "max_epochs": 1, "validation_fraction": 0}
    classifier = S5Classifier(**MODEL, **kinds).fit(past, labels)
    forecaster = S5Forecaster(horizon="2h", **MODEL, **kinds).fit(past)
    found = {}
    for name, model, n, times in (
        ("update_milliseconds", classifier, 1, 200),
        ("updates_milliseconds", classifier, N_LIVE, 8),
        ("forecast_update_milliseconds", forecaster, 1, 200),
    ):
        model.forget()
        seconds = []
        for frame in [rows(n, hour) for hour in range(times)]:
            started = time.perf_counter()
            model.update(frame)
            seconds.append(time.perf_counter() - started)
        # The first update begins the series, the second compiles what a later one needs.
        found[name] = 1e3 * float(np.median(seconds[2:]))
    return found


if __name__ == "__main__":
    settings = {"features": N_FEATURES, "states": N_STATES, "readings": N_READINGS}
    settings |= {"model": MODEL, "channels": N_CHANNELS, "live": N_LIVE}
    protocol = {"name": "wall clock in a loop", "hash": "none"}
    record(measure, settings, protocol, range(5), RESULTS)

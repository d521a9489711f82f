"""How fast is the scan on a GPU, how near to what its memory can move, and how exact?

Compared   the recurrence by `diagonal_scan` as a tree on real parts (what "auto" takes there), as a
           complex `associative_scan` and as a plain `lax.scan`, beside a copy on the device; the
           layer, its loop in blocks, and the published algebra with and without its (L, P, H)
           array; a training step of the whole model; the layer's error against float64, with the
           products of matrices as JAX has them there and as float32 has them.
Same       parameters, inputs and gaps; float32; H = 128 features, P = 64 states.
Measured   medians of alternating rounds, each of several calls in a row; bytes a second of decay,
           drive and states crossing memory once; compile time (of four at once), temporary memory.
Run        python -m experiments.speed.gpu    (on a machine with an NVIDIA GPU: three minutes)
Result     results/gpu.json; without that file the table says that it was not run.
"""

import pathlib
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ct_s5 import S5Layer, diagonal_scan
from ct_s5.nn import ModelSettings, S5Model
from ct_s5.ssm import nan_for_errors
from experiments.record import record
from experiments.speed import accuracy, model
from experiments.speed.contenders import jax_layers

RESULTS = pathlib.Path(__file__).parent / "results" / "gpu.json"
N_FEATURES, N_STATES = 128, 64
ROUNDS, IN_A_ROW, COMPILED_AT_ONCE = 9, 5, 4
SCANNED = ((16, 1024), (16, 16_384), (1, 16_384), (1, 131_072))
LAYERS = {
    "ours": jax_layers.ours,
    "factored": jax_layers.factored,
    "published": jax_layers.published,
    "loop in blocks": lambda *of: jax_layers.ours(*of, scan="blocked"),
}
# A loop launches its kernels anew at every step.
_LOOPS, _LOOPED = {"plain loop", "loop in blocks"}, 1024
_EXACT_STEPS = 4096


def measure(seed: int) -> dict[str, Any]:
    """Seconds, bytes and errors, by question."""
    rng = np.random.default_rng(seed)
    # As in a fit: a check of the gaps that raises would call the host back.
    with nan_for_errors():
        return {
            "recurrence": {f"{n} x {steps}": _recurrence(rng, n, steps) for n, steps in SCANNED},
            "layer": {f"{n} x {steps}": _layer(rng, n, steps) for n, steps in SCANNED},
            "model": _model(rng, seed),
            "error": _error(rng, seed),
        }


def _recurrence(rng, n_series: int, n_steps: int) -> dict[str, Any]:
    shape = (n_series, n_steps, N_STATES // 2)
    decay = np.exp(-rng.exponential(0.1, shape) + 1j * rng.normal(size=shape))
    drive = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    data = tuple(jnp.asarray(x, jnp.complex64) for x in (decay, drive))
    forms = {
        "ours": lambda decay, drive: diagonal_scan(decay, drive),
        "complex tree": _complex_tree,
        "plain loop": _plain_loop,
    }
    calls = {"copy": (lambda a, b: (a * 2, b * 2), data)}
    for name, form in forms.items():
        if name not in _LOOPS or n_steps <= _LOOPED:
            calls |= _ways(name, jax.vmap(form), data, lambda x: jnp.sum(jnp.abs(x) ** 2))
    found = _timed(calls)
    each = data[0].nbytes
    found["copy"]["bytes_a_second"] = 4 * each / found["copy"]["seconds"]
    for name in forms:
        if f"{name}, forward" in found:
            forward = found[f"{name}, forward"]
            forward["bytes_a_second"] = 3 * each / forward["seconds"]
    return found


def _complex_tree(decay, drive):
    def combine(earlier, later):
        return later[0] * earlier[0], later[0] * earlier[1] + later[1]

    return lax.associative_scan(combine, (decay, drive))[1]


def _plain_loop(decay, drive):
    def step(state, now):
        state = now[0] * state + now[1]
        return state, state

    return lax.scan(step, jnp.zeros_like(drive[0]), (decay, drive))[1]


def _layer(rng, n_series: int, n_steps: int) -> dict[str, Any]:
    inputs = jnp.asarray(rng.normal(size=(n_series, n_steps, N_FEATURES)), jnp.float32)
    gaps = jnp.asarray(rng.exponential(size=(n_series, n_steps)), jnp.float32)
    calls = {}
    for name, make in LAYERS.items():
        if name not in _LOOPS or n_steps <= _LOOPED:
            moving, run = make(N_FEATURES, N_STATES, jax.random.key(0))
            batched = jax.vmap(run, in_axes=(None, 0, 0))
            calls |= _ways(name, batched, (moving, inputs, gaps), lambda y: jnp.mean(y**2))
    return _timed(calls)


def _model(rng, seed: int) -> dict[str, float]:
    batch = jax.tree.map(jnp.asarray, model.random_batch(rng, model.N_SERIES, model.N_STEPS))
    settings = ModelSettings(
        n_channels=model.N_CHANNELS, n_outputs=2, inputs=("value", "observed"), **model.SIZES
    )
    loss, moving = model.loss_of(S5Model(settings, key=jax.random.key(seed)), batch)
    step = _timed({"step": (jax.value_and_grad(loss), (moving,))})["step"]
    return step | {"steps_a_second": model.N_SERIES * model.N_STEPS / step["seconds"]}


def _error(rng, seed: int) -> dict[str, float]:
    """The largest errors of outputs and gradients, relative to the largest value."""
    inputs = rng.normal(size=(_EXACT_STEPS, accuracy.N_FEATURES))
    gaps, weights = rng.exponential(size=_EXACT_STEPS), rng.normal(size=inputs.shape)
    layer = S5Layer(accuracy.N_FEATURES, accuracy.N_STATES, key=jax.random.key(seed))
    with jax.enable_x64(True):
        double = accuracy.answers(layer, inputs, gaps, weights, np.float64)
    found = {}
    for products in ("default", "highest"):
        with jax.default_matmul_precision(products):
            single = accuracy.answers(layer, inputs, gaps, weights, np.float32)
        for name, exact in double.items():
            error = np.abs(single[name] - exact).max() / np.abs(exact).max()
            found[f"{products} | {name}"] = float(error)
    return found


def _ways(name: str, function, data, loss) -> dict[str, Any]:
    """Calls of a function, and of its gradient by all its arguments."""
    gradient = jax.grad(lambda *data: loss(function(*data)), argnums=tuple(range(len(data))))
    return {f"{name}, forward": (function, data), f"{name}, both": (gradient, data)}


def _timed(calls) -> dict[str, Any]:
    """Of each function and its arguments: median seconds, in turns, and what it took to compile."""
    lowered = [jax.jit(function).lower(*data) for function, data in calls.values()]
    with ThreadPoolExecutor(COMPILED_AT_ONCE) as pool:
        compiled = dict(zip(calls, pool.map(_compiled, lowered), strict=True))
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for round_ in range(1 + ROUNDS):
        for name, (program, _) in compiled.items():
            data = calls[name][1]
            started = time.perf_counter()
            for _ in range(IN_A_ROW):
                answer = program(*data)
            jax.block_until_ready(answer)
            if round_:  # the first warms up
                seconds[name].append((time.perf_counter() - started) / IN_A_ROW)
    return {
        name: {"seconds": float(np.median(seconds[name]))} | told
        for name, (_, told) in compiled.items()
    }


def _compiled(lowered):
    started = time.perf_counter()
    program = lowered.compile()
    return program, {
        "compile_seconds": time.perf_counter() - started,
        "temporary_bytes": program.memory_analysis().temp_size_in_bytes,
    }


def main() -> None:
    """Measure, where there is a GPU."""
    if jax.default_backend() != "gpu":
        raise SystemExit("There is no GPU here: nothing was measured and nothing written.")
    settings = {
        "features": N_FEATURES,
        "states": N_STATES,
        "sizes": SCANNED,
        "rounds": ROUNDS,
        "calls_in_a_row": IN_A_ROW,
        "compiled_at_once": COMPILED_AT_ONCE,
        "model": model.SIZES | {"series": model.N_SERIES, "steps": model.N_STEPS},
        "steps_of_errors": _EXACT_STEPS,
    }
    protocol = {"name": "medians of alternating rounds on the device", "hash": "none"}
    record(measure, settings, protocol, range(1), RESULTS)


if __name__ == "__main__":
    main()

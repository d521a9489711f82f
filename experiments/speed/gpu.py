"""How fast is the scan on a GPU, how near to what its memory can move, and how exact?

Compared   the recurrence by `diagonal_scan` as a tree on real parts (what "auto" takes there), as a
           complex `associative_scan` and as a plain `lax.scan`, beside a copy on the device; the
           layer, its loop in blocks, and the published algebra with and without its (L, P, H)
           array; a training step of the whole model; the layer's error against float64, with the
           products of matrices as JAX has them there and as float32 has them.
Same       parameters, inputs and gaps; float32; H = 128 features, P = 64 states.
Measured   medians of alternating rounds, each of several calls in a row; bytes a second of decay,
           drive and states crossing memory once; compile time, temporary memory.
Run        python -m experiments.speed.gpu    (on a machine with an NVIDIA GPU: three minutes)
Result     results/gpu.json; without that file the table says that it was not run.
"""

import pathlib
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ct_s5 import diagonal_scan
from ct_s5.nn import ModelSettings, S5Model
from ct_s5.ssm import nan_for_errors
from experiments.record import record
from experiments.speed import accuracy, model
from experiments.speed.contenders import jax_layers

RESULTS = pathlib.Path(__file__).parent / "results" / "gpu.json"
N_FEATURES, N_STATES = 128, 64
ROUNDS, IN_A_ROW = 9, 5
SCANNED = ((16, 1024), (16, 16_384), (1, 16_384), (1, 131_072))
LAYERS = {
    "ours": jax_layers.ours,
    "factored": jax_layers.factored,
    "published": jax_layers.published,
    "loop in blocks": lambda *of: jax_layers.ours(*of, scan="blocked"),
}
# A loop launches every step anew, a tenth of a second for 16,384 of them.
_LOOPS, _LOOPED = {"plain loop", "loop in blocks"}, 20_000
_EXACT_STEPS = 16_384


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
    programs = {"copy": _compiled(lambda a, b: (a * 2, b * 2), data)}
    for name, form in forms.items():
        if name not in _LOOPS or n_series * n_steps < _LOOPED:
            programs |= _ways(name, jax.vmap(form), data, lambda x: jnp.sum(jnp.abs(x) ** 2))
    found = _timed(programs, dict.fromkeys(programs, data))
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
    programs, data = {}, {}
    for name, make in LAYERS.items():
        if name in _LOOPS and n_series * n_steps > _LOOPED:
            continue
        moving, run = make(N_FEATURES, N_STATES, jax.random.key(0))
        own = (moving, inputs, gaps)
        batched = jax.vmap(run, in_axes=(None, 0, 0))
        ways = _ways(name, batched, own, lambda y: jnp.mean(y**2))
        programs, data = programs | ways, data | dict.fromkeys(ways, own)
    return _timed(programs, data)


def _model(rng, seed: int) -> dict[str, float]:
    batch = jax.tree.map(jnp.asarray, model.random_batch(rng, model.N_SERIES, model.N_STEPS))
    settings = ModelSettings(
        n_channels=model.N_CHANNELS, n_outputs=2, inputs=("value", "observed"), **model.SIZES
    )
    started = time.perf_counter()
    run, moving = model.compiled_step(S5Model(settings, key=jax.random.key(seed)), batch)
    compiled = time.perf_counter() - started
    seconds = _timed({"step": (run, {})}, {"step": (moving,)})["step"]["seconds"]
    n_steps = model.N_SERIES * model.N_STEPS
    return {"seconds": seconds, "steps_a_second": n_steps / seconds, "compile_seconds": compiled}


def _error(rng, seed: int) -> dict[str, float]:
    """The largest errors of outputs and gradients, relative to the largest value."""
    inputs = rng.normal(size=(_EXACT_STEPS, accuracy.N_FEATURES))
    gaps, weights = rng.exponential(size=_EXACT_STEPS), rng.normal(size=inputs.shape)
    layer = accuracy.S5Layer(accuracy.N_FEATURES, accuracy.N_STATES, key=jax.random.key(seed))
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
    """A function's program, and that of its gradient by all its arguments."""
    gradient = jax.grad(lambda *data: loss(function(*data)), argnums=tuple(range(len(data))))
    return {
        f"{name}, forward": _compiled(function, data),
        f"{name}, both": _compiled(gradient, data),
    }


def _compiled(function, data):
    lowered = jax.jit(function).lower(*data)
    started = time.perf_counter()
    program = lowered.compile()
    told = {
        "compile_seconds": time.perf_counter() - started,
        "temporary_bytes": program.memory_analysis().temp_size_in_bytes,
    }
    return program, told


def _timed(programs, data) -> dict[str, Any]:
    """What is known of each program, and the median seconds of a call, in turns.

    Args:
        programs: By name, each with what is known of it.
        data: The arguments of each.
    """
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for round_ in range(1 + ROUNDS):
        for name, (run, _) in programs.items():
            started = time.perf_counter()
            for _ in range(IN_A_ROW):
                answer = run(*data[name])
            jax.block_until_ready(answer)
            if round_:  # the first warms up
                seconds[name].append((time.perf_counter() - started) / IN_A_ROW)
    return {
        name: {"seconds": float(np.median(seconds[name]))} | told
        for name, (_, told) in programs.items()
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
        "model": model.SIZES | {"series": model.N_SERIES, "steps": model.N_STEPS},
        "steps_of_errors": _EXACT_STEPS,
    }
    protocol = {"name": "medians of alternating rounds on the device", "hash": "none"}
    record(measure, settings, protocol, range(1), RESULTS)


if __name__ == "__main__":
    main()

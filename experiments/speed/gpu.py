"""How fast is the scan on a GPU, and how near to what its memory can move?

Compared   `diagonal_scan` as a tree on real parts (what "auto" takes there), as a complex
           `associative_scan`, and as a plain `lax.scan`; a copy on the device in the same run.
Same       16 series, 32 complex states, float32; 1024, 4096 and 16,384 steps.
Measured   medians of alternating rounds forwards and with gradients; bytes a second, counting the
           decay, drive and states that have to cross memory once.
Run        python -m experiments.speed.gpu    (on a machine with an NVIDIA GPU: two minutes)
Result     results/gpu.json; without that file the table says that it was not run.
"""

import pathlib
import time

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ct_s5 import diagonal_scan
from experiments.record import record

RESULTS = pathlib.Path(__file__).parent / "results" / "gpu.json"
N_SERIES, N_HALF, ROUNDS = 16, 32, 20
LENGTHS = (1024, 4096, 16_384)


def _complex_tree(decay, drive):
    def combine(earlier, later):
        return later[0] * earlier[0], later[0] * earlier[1] + later[1]

    return lax.associative_scan(combine, (decay, drive))[1]


def _plain_loop(decay, drive):
    def step(state, now):
        state = now[0] * state + now[1]
        return state, state

    return lax.scan(step, jnp.zeros_like(drive[0]), (decay, drive))[1]


FORMS = {
    "ours": lambda decay, drive: diagonal_scan(decay, drive, scan="associative"),
    "complex tree": _complex_tree,
    "plain loop": _plain_loop,
}


def measure(seed: int) -> dict[str, float]:
    """Medians in seconds, and the bytes a second of a copy beside them."""
    rng = np.random.default_rng(seed)
    found = {}
    for length in LENGTHS:
        shape = (N_SERIES, length, N_HALF)
        decay = np.exp(-rng.exponential(0.1, shape) + 1j * rng.normal(size=shape))
        drive = rng.normal(size=shape) + 1j * rng.normal(size=shape)
        data = tuple(jnp.asarray(x, jnp.complex64) for x in (decay, drive))
        runs = {"copy": jax.jit(lambda a, b: (a * 1, b * 1))}
        for name, form in FORMS.items():
            batched = jax.vmap(form)
            runs[f"{name}, forward"] = jax.jit(batched)
            runs[f"{name}, both"] = jax.jit(
                jax.grad(lambda a, b, f=batched: jnp.sum(jnp.abs(f(a, b)) ** 2), argnums=(0, 1))
            )
        seconds = {name: [] for name in runs}
        for run in runs.values():
            jax.block_until_ready(run(*data))
        for _ in range(ROUNDS):
            for name, run in runs.items():
                started = time.perf_counter()
                jax.block_until_ready(run(*data))
                seconds[name].append(time.perf_counter() - started)
        medians = {name: float(np.median(values)) for name, values in seconds.items()}
        found |= {f"{length} | {name} | seconds": value for name, value in medians.items()}
        each = data[0].nbytes
        found[f"{length} | copy | bytes a second"] = 4 * each / medians["copy"]
        for name in FORMS:
            found[f"{length} | {name} | bytes a second"] = 3 * each / medians[f"{name}, forward"]
    return found


if __name__ == "__main__":
    if jax.default_backend() != "gpu":
        raise SystemExit("There is no GPU here: nothing was measured and nothing written.")
    settings = {"series": N_SERIES, "complex_states": N_HALF, "lengths": list(LENGTHS)}
    protocol = {"name": "medians of alternating rounds on the device", "hash": "none"}
    record(measure, settings, protocol, range(1), RESULTS)

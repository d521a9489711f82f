"""How far is the layer in float32 from the same layer in float64, values and gradients?

Compared   a layer of H = 16, P = 64 over 65,536 steps in float32, against itself in float64 with
           the same parameters and inputs (which a law holds to a NumPy loop within 1e-12); and the
           tree that GPUs take, over 8192 steps.
Run        python -m experiments.speed.accuracy [blocked | associative]    (two minutes, and four)
Result     results/accuracy.json and accuracy_associative.json; the tables in README.md.
"""

import functools
import pathlib
import warnings

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ct_s5 import S5Layer
from ct_s5.ssm import HOLDS, Scan
from experiments.record import record
from experiments.words import asked_names

RESULTS = pathlib.Path(__file__).parent / "results"
N_FEATURES, N_STATES = 16, 64
FILES = {"blocked": "accuracy", "associative": "accuracy_associative"}
N_STEPS = {"blocked": 65_536, "associative": 8192}
GAPS = ("0", "1e-6", "1", "1e4", "mixed", "rate near 0")


def measure(scan: Scan, seed: int) -> dict[str, float]:
    """The largest errors, relative to the largest value, by hold and kind of gaps."""
    rng, n = np.random.default_rng(seed), N_STEPS[scan]
    inputs = rng.normal(size=(n, N_FEATURES))
    kinds = {name: np.full(n, float(name)) for name in GAPS[:4]}
    kinds["mixed"] = rng.choice([0, 1e-6, 1, 1e4], n) * rng.exponential(size=n)
    kinds["rate near 0"] = rng.exponential(size=n)
    weights = rng.normal(size=(n, N_FEATURES))
    found = {}
    for hold in HOLDS:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="hold='bilinear'")
            sizes = N_FEATURES, N_STATES
            layer = S5Layer(*sizes, hold=hold, scan=scan, key=jax.random.key(seed))
        for kind, gaps in kinds.items():
            chosen = layer
            if kind == "rate near 0":
                # softplus(-20) = 2e-9: a state that hardly forgets, and hardly turns.
                chosen = eqx.tree_at(
                    lambda a: (a.rate_real, a.rate_imag),
                    layer,
                    (layer.rate_real.at[::2].set(-20.0), layer.rate_imag.at[::2].set(1e-8)),
                )
            single = answers(chosen, inputs, gaps, weights, np.float32)
            with jax.enable_x64(True):
                double = answers(chosen, inputs, gaps, weights, np.float64)
            for name, ours in single.items():
                size = np.abs(double[name]).max()
                error = np.abs(ours - double[name]).max() / (size if size > 0 else 1)
                found[f"{hold} | {kind} | {name}"] = float(error)
    return found


def answers(layer, inputs, gaps, weights, dtype):
    """Outputs, and gradients by inputs, gaps, rates and timescales, of a sum of all outputs."""
    layer = jax.tree.map(lambda a: jnp.asarray(np.asarray(a), dtype), layer)
    # Both precisions see the same numbers.
    inputs, gaps, weights = (np.asarray(part, np.float32) for part in (inputs, gaps, weights))
    inputs, gaps, weights = (jnp.asarray(part, dtype) for part in (inputs, gaps, weights))
    (_, outputs), (of_layer, _, of_gaps) = _gradient((layer, inputs, gaps), weights)
    parts = {
        "output": outputs,
        "gradient by gap": of_gaps,
        "gradient by rate": jnp.stack([of_layer.rate_real, of_layer.rate_imag]),
        "gradient by timescale": of_layer.log_timescale,
    }
    return {name: np.asarray(part, np.float64) for name, part in parts.items()}


@jax.jit
@functools.partial(jax.value_and_grad, has_aux=True)
def _gradient(moving, weights):
    layer, inputs, gaps = moving
    outputs = layer(inputs, gaps)
    return jnp.sum(weights * outputs) / len(outputs) ** 0.5, outputs


if __name__ == "__main__":
    asked = asked_names("python -m experiments.speed.accuracy", __doc__, FILES, "SCAN")
    for scan in asked or FILES:
        settings = {"features": N_FEATURES, "states": N_STATES, "steps": N_STEPS[scan]}
        protocol = {
            "name": "float32 against float64, relative to the largest value",
            "hash": "none",
        }
        path = RESULTS / f"{FILES[scan]}.json"
        record(functools.partial(measure, scan), settings, protocol, range(1), path)

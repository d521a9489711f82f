"""Layers and rows of steps drawn at random, and the few compiled calls that all laws share.

Compiling costs more than anything else here, so every law states itself on rows of L steps: a
shorter series is padded, and one compiled call a hold serves them all.
"""

import functools
import warnings

import hypothesis
import jax
import numpy as np
import pytest

from ct_s5.ssm import HOLDS, S5Layer
from oracles.layer_loop import layer_loop

L, H, P = 33, 3, 8

every_hold = pytest.mark.parametrize("hold", HOLDS)
both_directions = pytest.mark.parametrize("bidirectional", [False, True], ids=["causal", "both"])
few = hypothesis.settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
seeds = hypothesis.strategies.integers(0, 2**32 - 1)

# For what runs a few times only: compiled in half the time, to slower code.
quick_jit = functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})

EXACT = {"float32": 1e-6, "float64": 1e-12}
LOOP = {"float32": 1e-5, "float64": 1e-12}


def draw_layer(
    hold, bidirectional=False, *, n_states=P, timescale=(1e-2, 0.5), first_gap=1.0, scan="auto"
):
    """A layer in the precision that is switched on."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="hold='bilinear'")
        return S5Layer(
            H,
            n_states,
            hold=hold,
            bidirectional=bidirectional,
            timescale=timescale,
            first_gap=first_gap,
            scan=scan,
            key=jax.random.key(0),
        )


def draw_row(seed, dtype, gaps="mixed"):
    """Series packed into one row, with queries, padding and resets, as keywords of a layer."""
    rng = np.random.default_rng(seed)

    def draw_gaps():
        if gaps != "mixed":
            return np.full(L, gaps, dtype)
        special = rng.choice([0, 1e-6, 1, 1e4], L)
        return np.where(rng.random(L) < 0.5, special, rng.exponential(size=L)).astype(dtype)

    return {
        "inputs": rng.normal(size=(L, H)).astype(dtype),
        "gaps": draw_gaps(),
        "gaps_after": draw_gaps(),
        "reading": rng.random(L) < 0.7,
        "real": rng.random(L) < 0.8,
        "reset": rng.random(L) < 0.1,
    }


def padded(row, real=None):
    """Spread the steps of a row over L places, those where `real`; NaN and False elsewhere."""
    n_steps = len(row["gaps"])
    place = np.arange(n_steps) if real is None else np.flatnonzero(real)
    spread = {}
    for name, flat in row.items():
        blank = np.nan if flat.dtype.kind == "f" else False
        spread[name] = np.full((L, *flat.shape[1:]), blank, flat.dtype)
        spread[name][place] = flat
    spread["real"] = np.isin(np.arange(L), place)
    return spread


def readings(inputs, gaps, gaps_after=None, reading=None, reset=None):
    """A row of steps without padding; `padded` makes it fit the compiled call."""
    n_steps = len(gaps)
    return {
        "inputs": inputs,
        "gaps": gaps,
        "gaps_after": np.ones_like(gaps) if gaps_after is None else gaps_after,
        "reading": np.ones(n_steps, bool) if reading is None else reading,
        "reset": np.zeros(n_steps, bool) if reset is None else reset,
    }


# The outputs leave as NumPy arrays: JAX would compile every slice that a test takes of them.


def call(layer, inputs, gaps, **steps):
    """The layer itself."""
    # Optimised as users run it in float32; float64 is where the mathematics is held to account.
    compiled = _call_quickly if layer.feedthrough.dtype == np.float64 else _call
    return np.asarray(compiled(layer, inputs, gaps, **steps))


def run(layer, inputs, gaps, state, **steps):
    """`layer.run`."""
    outputs, state = _run(layer, inputs, gaps, state, **steps)
    return np.asarray(outputs), state


def step(layer, input, gap, state):
    """`layer.step`."""
    output, state = _step(layer, input, gap, state)
    return np.asarray(output), state


_call = jax.jit(lambda layer, inputs, gaps, **steps: layer(inputs, gaps, **steps))
_call_quickly = quick_jit(lambda layer, inputs, gaps, **steps: layer(inputs, gaps, **steps))
_run = quick_jit(lambda layer, *carried, **steps: layer.run(*carried, **steps))
_step = quick_jit(lambda layer, *carried: layer.step(*carried))


def loop(layer, **row):
    """The same answer from the loop in double precision."""
    parts = (
        layer.rates,
        layer.timescales,
        layer.input_map,
        layer.output_map,
        layer.feedthrough,
    )
    how = {"hold": layer.hold, "bidirectional": layer.bidirectional, "first_gap": layer.first_gap}
    return layer_loop(*map(np.asarray, parts), **row, **how)


def error(answer, expected):
    """The largest difference, relative to the largest output."""
    answer, expected = np.asarray(answer, np.float64), np.asarray(expected, np.float64)
    assert answer.shape == expected.shape
    assert np.isfinite(answer).all()
    return np.abs(answer - expected).max() / np.abs(expected).max()

"""What a layer computes: the loop of the design, a solver's answer, the published formulas."""

import itertools

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from drawn import (
    EXACT,
    LOOP,
    H,
    L,
    both_directions,
    call,
    draw_layer,
    draw_row,
    error,
    every_hold,
    few,
    loop,
    padded,
    readings,
    run,
    seeds,
    step,
)
from hypothesis import given

from ct_s5.ode import solve_reference


@pytest.mark.parametrize("gap", [0.0, 1e-6, 1.0, 1e4, "mixed"])
@both_directions
@every_hold
def test_the_layer_is_the_loop_of_the_design(hold, bidirectional, gap, precision):
    layer = draw_layer(hold, bidirectional)
    for seed in range(3):
        row = draw_row(seed, precision, gap)
        outputs = call(layer, **row)
        assert outputs.dtype == precision
        assert error(outputs, loop(layer, **row)) < LOOP[precision]


@both_directions
@every_hold
def test_a_series_without_masks_is_the_loop_of_the_design(hold, bidirectional):
    layer, row = draw_layer(hold, bidirectional), draw_row(0, "float32")
    inputs, gaps = row["inputs"][:7], row["gaps"][:7]
    assert error(layer(inputs, gaps), loop(layer, inputs=inputs, gaps=gaps)) < 1e-5


def test_one_step_is_a_series(precision):
    layer, row = draw_layer("foh", bidirectional=True), draw_row(0, precision)
    inputs, gaps = row["inputs"][:1], row["gaps"][:1]
    outputs = call(layer, inputs, gaps)
    assert error(outputs, loop(layer, inputs=inputs, gaps=gaps)) < LOOP[precision]


def test_gaps_after_are_derived_where_there_are_no_queries(precision):
    layer = draw_layer("zoh", bidirectional=True, first_gap=0.7)
    for seed in range(5):
        row = draw_row(seed, precision)
        row = {name: row[name] for name in ("inputs", "gaps", "real", "reset")}
        assert error(call(layer, **row), loop(layer, **row)) < LOOP[precision]


def test_many_states_driven_by_events_stay_near_the_loop():
    layer = draw_layer("impulse", n_states=256, timescale=(1e-3, 1e-1))
    row = draw_row(0, "float32")
    assert error(call(layer, **row), loop(layer, **row)) < 5e-5


@given(seed=seeds, cuts=st.lists(st.integers(0, L), max_size=4))
@few
@every_hold
def test_running_in_any_split_is_running_at_once(hold, precision, seed, cuts):
    layer, row = draw_layer(hold), draw_row(seed, precision)
    whole = call(layer, **row)
    state, outputs = layer.initial_state(), []
    bounds = [0, *sorted(cuts), L]
    for begin, end in itertools.pairwise(bounds):
        chunk = padded({name: flat[begin:end] for name, flat in row.items()})
        chunk["real"][: end - begin] = row["real"][begin:end]
        del chunk["gaps_after"]
        answer, state = run(layer, state=state, **chunk)
        outputs.append(answer[: end - begin])
    assert error(np.concatenate(outputs), whole) < EXACT[precision]


@pytest.mark.parametrize("hold", ["zoh", "zoh_forward", "foh"])
def test_chunks_of_any_length_carry_on_without_masks(hold):
    layer, row = draw_layer(hold), draw_row(1, "float32")
    inputs, gaps = row["inputs"], row["gaps"]
    state, outputs = None, []
    for chunk in (slice(0, 7), slice(7, 7), slice(7, L)):
        answer, state = layer.run(inputs[chunk], gaps[chunk], state)
        outputs.append(answer)
    assert error(np.concatenate(outputs), loop(layer, inputs=inputs, gaps=gaps)) < 1e-5


@every_hold
def test_stepping_one_by_one_is_running_at_once(hold, precision):
    layer, row = draw_layer(hold), draw_row(2, precision)
    whole = call(layer, **padded(readings(row["inputs"], row["gaps"])))
    state, outputs = layer.initial_state(), []
    for value, gap in zip(row["inputs"], row["gaps"], strict=True):
        answer, state = step(layer, value, gap, state)
        outputs.append(answer)
    assert error(outputs, whole) < EXACT[precision]


@both_directions
@pytest.mark.parametrize("hold", ["zoh", "zoh_forward", "foh"])
def test_the_layer_agrees_with_an_ode_solver(hold, bidirectional, precision):
    layer = draw_layer(hold, bidirectional, timescale=(5e-2, 0.5))
    rng = np.random.default_rng(0)
    # Quarters, so that float32 holds the times exactly; some readings share a time.
    gaps = rng.integers(0, 8, 12) / 4
    gaps[0] = 1
    inputs, times = rng.normal(size=(12, H)).astype(precision), np.cumsum(gaps)
    row = readings(inputs, gaps.astype(precision), np.append(gaps[1:], 1).astype(precision))
    answers = call(layer, **padded(row))[:12]

    parts = layer.rates, layer.timescales, layer.input_map, layer.output_map, layer.feedthrough
    rates, timescales, b, c, d = (np.asarray(x, np.result_type(x.dtype, np.float64)) for x in parts)
    with jax.enable_x64(True):

        def solve(times, inputs):
            return solve_reference(
                jnp.asarray(rates), jnp.asarray(timescales), jnp.asarray(b),
                jnp.asarray(times), jnp.asarray(inputs, float), hold,
            )  # fmt: skip

        states = np.asarray(solve(times, inputs))
        if bidirectional:
            states = np.concatenate([states, solve(-times[::-1], inputs[::-1])[::-1]], axis=1)
    expected = 2 * (states @ c.T).real + d * inputs
    assert error(answers, expected) < {"float32": 1e-6, "float64": 1e-11}[precision]


@both_directions
@pytest.mark.parametrize("hold", ["zoh", "bilinear", "impulse", "async"])
def test_unit_gaps_give_the_published_constant_step_formulas(hold, bidirectional, precision):
    layer = draw_layer(hold, bidirectional, first_gap=1.0)
    inputs = np.random.default_rng(1).normal(size=(L, H)).astype(precision)
    outputs = call(layer, **padded(readings(inputs, np.ones(L, precision))))

    rate, step = np.asarray(layer.rates, complex), np.asarray(layer.timescales, float)
    b = np.asarray(layer.input_map, complex)
    identity = np.ones_like(rate)
    decay, b_bar = {
        # arXiv:2208.04933: equation 6, and discretize_bilinear of the published code.
        "zoh": (np.exp(rate * step), (1 / rate * (np.exp(rate * step) - identity))[:, None] * b),
        "bilinear": (
            1 / (identity - step / 2 * rate) * (identity + step / 2 * rate),
            (1 / (identity - step / 2 * rate) * step)[:, None] * b,
        ),
        # arXiv:2404.18508: "dirac", and "async" at the one gap where it is "zoh".
        "impulse": (np.exp(rate * step), b),
        "async": (np.exp(rate * step), (1 / rate * (np.exp(rate * step) - identity))[:, None] * b),
    }[hold]

    def scan(rows):
        state, states = np.zeros(len(rate), complex), []
        for u in rows:
            state = decay * state + b_bar @ u
            states.append(state)
        return np.array(states)

    states = scan(inputs)
    if bidirectional:
        states = np.concatenate([states, scan(inputs[::-1])[::-1]], axis=1)
    expected = 2 * (states @ np.asarray(layer.output_map).T).real
    expected = expected + np.asarray(layer.feedthrough) * inputs
    assert error(outputs, expected) < EXACT[precision]

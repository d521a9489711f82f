"""The oracles agree with each other where they overlap, and with what was published."""

from typing import Any

import numpy as np
import pytest

from oracles.expm import cross_gap
from oracles.hippo import hippo_normal, hippo_rates
from oracles.layer_loop import layer_loop, phi1, phi2

P_HALF, H, L = 4, 3, 12
HOLDS = ["zoh", "zoh_forward", "foh", "bilinear", "impulse", "async"]


def parameters(seed, directions=1):
    rng = np.random.default_rng(seed)
    rates = -rng.uniform(0.1, 1, P_HALF) + 1j * rng.normal(size=P_HALF) * 5
    timescales = rng.uniform(0.05, 1, P_HALF)
    input_map = rng.normal(size=(P_HALF, H)) + 1j * rng.normal(size=(P_HALF, H))
    output_map = rng.normal(size=(H, 2, P_HALF * directions)).swapaxes(0, 1)
    layer = (rates, timescales, input_map, output_map[0] + 1j * output_map[1], rng.normal(size=H))
    return layer, rng.normal(size=(L, H)), rng.exponential(size=L) * (rng.random(L) < 0.8)


@pytest.mark.parametrize("hold", ["zoh", "zoh_forward", "foh"])
@pytest.mark.parametrize("seed", range(3))
def test_the_loop_steps_as_the_matrix_exponential_does(hold, seed):
    layer, inputs, gaps = parameters(seed)
    rates, timescales, input_map, output_map, feedthrough = layer
    state, before, expected = np.zeros(P_HALF), np.zeros(H), []
    for u, gap in zip(inputs, gaps, strict=True):
        begin, end = {"zoh": (u, u), "zoh_forward": (before, before), "foh": (before, u)}[hold]
        state = cross_gap(rates, timescales, input_map, gap, state, begin, end)
        expected.append(2 * (output_map @ state).real + feedthrough * u)
        before = u
    assert (gaps == 0).any()
    np.testing.assert_allclose(layer_loop(*layer, inputs, gaps, hold=hold), expected, rtol=1e-11)


def test_unit_gaps_are_the_published_constant_step_recurrence():
    layer, inputs, _ = parameters(0)
    rates, step, input_map, output_map, feedthrough = layer
    decay = np.exp(rates * step)
    gain = (1 / rates * (decay - 1))[:, None] * input_map  # arXiv:2208.04933, equation 6
    state, expected = np.zeros(P_HALF), []
    for u in inputs:
        state = decay * state + gain @ u
        expected.append(2 * (output_map @ state).real + feedthrough * u)
    for hold in ("zoh", "async"):
        outputs = layer_loop(*layer, inputs, np.ones(L), hold=hold)
        np.testing.assert_allclose(outputs, expected, rtol=1e-12)


@pytest.mark.parametrize("hold", HOLDS)
def test_queries_see_and_touch_nothing(hold):
    layer, inputs, _ = parameters(1, directions=2)
    times = np.sort(np.random.default_rng(1).uniform(0, 9, L))
    reading = np.arange(L) % 3 != 1
    kept = np.flatnonzero(reading)
    gaps, gaps_after = np.ones(L), np.ones(L)
    for k in range(L):
        if (kept < k).any():
            gaps[k] = times[k] - times[kept[kept < k][-1]]
        if (kept > k).any():
            gaps_after[k] = times[kept[kept > k][0]] - times[k]
    both: Any = dict(hold=hold, bidirectional=True)
    asked = layer_loop(*layer, inputs, gaps, gaps_after=gaps_after, reading=reading, **both)
    alone = layer_loop(*layer, inputs[reading], gaps[reading], **both)
    np.testing.assert_array_equal(asked[reading], alone)


@pytest.mark.parametrize("hold", HOLDS)
def test_packed_is_padded_is_one_by_one(hold):
    layer, inputs, gaps = parameters(2, directions=2)
    both: Any = dict(hold=hold, bidirectional=True, first_gap=0.7)
    apart = [layer_loop(*layer, inputs[a:b], gaps[a:b], **both) for a, b in ((0, 5), (5, L))]
    reset = np.arange(L) == 5
    packed = layer_loop(*layer, inputs, gaps, reset=reset, **both)
    np.testing.assert_array_equal(packed, np.concatenate(apart))
    room = np.array([True] * 5 + [False] * 2 + [True] * (L - 5) + [False])  # padding in between
    rows = np.full((len(room), H), np.nan)
    spaces, starts = np.full(len(room), np.nan), np.zeros(len(room), bool)
    rows[room], spaces[room], starts[room] = inputs, gaps, reset
    padded = layer_loop(*layer, rows, spaces, real=room, reset=starts, **both)
    np.testing.assert_array_equal(padded[room], packed)
    assert (padded[~room] == 0).all()


def test_a_query_under_zoh_forward_sees_what_the_held_reading_drove():
    layer, inputs, gaps = parameters(3)
    reading = np.arange(L) < L - 1
    asked = layer_loop(*layer, inputs, gaps, hold="zoh_forward", reading=reading)
    read = layer_loop(*layer, inputs, gaps, hold="zoh_forward")
    np.testing.assert_array_equal(asked, read)  # a reading there would see the same state


def test_a_state_carries_on():
    layer, inputs, gaps = parameters(4)
    rates, timescales, input_map, *_ = layer
    state = cross_gap(
        rates, timescales, input_map, gaps[0], np.zeros(P_HALF), 0 * inputs[0], inputs[0]
    )
    rest = layer_loop(
        *layer, inputs[1:], gaps[1:], hold="foh", state=(state, input_map @ inputs[0])
    )
    whole = layer_loop(*layer, inputs, gaps, hold="foh")
    np.testing.assert_allclose(rest, whole[1:], rtol=1e-11)


def test_the_phi_functions_meet_where_series_and_closed_form_do():
    angle = np.exp(1j * np.linspace(0, 6, 9))
    for phi, at_zero in ((phi1, 1.0), (phi2, 0.5)):
        assert phi(np.zeros(1, complex))[0] == at_zero
        np.testing.assert_allclose(phi(angle * 0.9999999), phi(angle * 1.0000001), rtol=1e-6)


@pytest.mark.parametrize("n", [2, 8, 16])
def test_hippo_is_what_was_published(n):
    s, rates = hippo_normal(n), hippo_rates(n)
    np.testing.assert_allclose(s + s.T, -np.eye(n), atol=1e-12)  # skew but for the diagonal
    np.testing.assert_allclose(np.real(rates), -0.5, rtol=1e-9)
    np.testing.assert_allclose(rates[: n // 2], rates[n // 2 :][::-1].conj(), rtol=1e-9)
    if n == 16:  # facts of the reference implementation: |Im| of the kept half
        np.testing.assert_allclose(-np.imag(rates)[[7, 0]], [0.35, 81], rtol=0.02)

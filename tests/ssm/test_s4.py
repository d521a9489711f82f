"""S4: the whole HiPPO matrix, as a convolution and step by step."""

import dataclasses

import jax
import jax.numpy as jnp
import mixer_laws
import numpy as np
import pytest
import scipy.signal
from drawn import LOOP, H, L, call, error, quick_jit, run

from ct_s5.ssm import S4Layer
from oracles.hippo import hippo_normal

N = 8


def draw():
    return S4Layer(H, N, timescale=(0.02, 0.25), rescale=2.0, key=jax.random.key(0))


def with_fields(layer, **fields):
    leaves = {f.name: getattr(layer, f.name) for f in dataclasses.fields(layer)} | fields
    copy = object.__new__(S4Layer)
    for name, value in leaves.items():
        object.__setattr__(copy, name, value)
    return copy


def learned():
    """A layer away from its start, with a low-rank part that is not HiPPO's."""
    rng = np.random.default_rng(5)
    layer = draw()
    shape = (2, H, N // 2)
    return with_fields(
        layer,
        rate_real=layer.rate_real + rng.normal(size=shape[1:]).astype(layer.feedthrough.dtype),
        low_rank=jnp.asarray(rng.normal(size=shape), layer.feedthrough.dtype),
        input_weight=jnp.asarray(rng.normal(size=shape), layer.feedthrough.dtype),
    )


def walked(systems, feedthrough, inputs, reading, real, reset):
    """Each feature through its own dense matrices (A, B, C), one reading after the other."""
    outputs = np.zeros(inputs.shape)
    for h, (a, b, c) in enumerate(systems):
        x = np.zeros(len(b), np.result_type(a, b))
        for k in range(len(inputs)):
            x = 0 * x if reset[k] else x
            if reading[k] and real[k]:
                x = a @ x + b * inputs[k, h]
            outputs[k, h] = (c @ x).real + feedthrough[h] * inputs[k, h] if real[k] else 0
    return outputs


def bilinear(a, b, step):
    discrete = scipy.signal.cont2discrete((a, b[:, None], b[None], 0), step, "bilinear")
    return discrete[0], discrete[1][:, 0]


def row_of(precision):
    row = mixer_laws.draw_steps(7, precision)
    return row, {name: row[name] for name in ("inputs", "reading", "real", "reset")}


def test_it_starts_as_the_hippo_matrix_under_the_bilinear_rule(precision):
    layer = draw()
    order = np.arange(N)
    p, b = np.sqrt(order + 0.5), np.sqrt(2 * order + 1)
    dense = hippo_normal(N) - np.outer(p, p)
    # C = P* reads p^T x, C = B* reads b^T x: no eigenvectors are needed to compare.
    mix = np.random.default_rng(0).normal(size=(2, H)).astype(precision)
    conjugate = np.array([1, -1], precision)[:, None, None]
    read = mix[0][None, :, None] * layer.low_rank + mix[1][None, :, None] * layer.input_weight
    layer = with_fields(layer, output_weight=conjugate * read)
    steps = 2 * np.exp(np.asarray(layer.log_timescale, np.float64))
    systems = [
        (*bilinear(dense, b, step), mix[0, h] * p + mix[1, h] * b) for h, step in enumerate(steps)
    ]
    row, told = row_of(precision)
    expected = walked(systems, np.asarray(layer.feedthrough), **told)
    assert error(call(layer, **row), expected) < LOOP[precision]


def test_convolution_and_recurrence_are_the_dense_matrices_of_what_was_learned(precision):
    layer = learned()
    wide = np.complex128

    def both_halves(parts):
        half = np.asarray(parts[0], wide) + 1j * np.asarray(parts[1], wide)
        return np.concatenate([half, half.conj()], axis=1)

    rates = both_halves((-np.log1p(np.exp(np.float64(layer.rate_real))), layer.rate_imag))
    low, into, out_of = map(both_halves, (layer.low_rank, layer.input_weight, layer.output_weight))
    systems = []
    for h, step in enumerate(np.float64(layer.timescales)):
        a = np.diag(rates[h]) - np.outer(low[h], low[h].conj())
        systems.append((*bilinear(a, into[h], step), out_of[h]))
    row, told = row_of(precision)
    expected = walked(systems, np.asarray(layer.feedthrough), **told)
    assert error(call(layer, **row), expected) < LOOP[precision]
    stepped, _ = run(layer, state=layer.initial_state(), **row)
    assert error(stepped, expected) < LOOP[precision]


@pytest.mark.parametrize("n_steps", [1, 5, 300])
def test_a_series_of_any_length_is_its_recurrence(n_steps):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(n_steps, H)).astype(np.float32)
    gaps = np.ones(n_steps, np.float32)
    layer = S4Layer(H, 64, key=jax.random.key(1))
    answer = quick_jit(lambda layer: (layer(inputs, gaps), layer.run(inputs, gaps)[0]))(layer)
    assert error(*answer) < 1e-5


def test_without_steps_there_is_nothing_to_tell():
    layer = draw()
    assert layer(np.zeros((0, H), np.float32), np.zeros(0, np.float32)).shape == (0, H)


def test_gaps_are_not_used():
    layer, row = draw(), mixer_laws.draw_steps(0, "float32")
    np.testing.assert_array_equal(
        call(layer, **row), call(layer, **row | {"gaps": 2 * row["gaps"]})
    )


def test_a_query_leaves_no_trace_of_itself(precision):
    mixer_laws.check_queries(learned(), precision)


def test_garbage_in_padding_changes_neither_value_nor_gradient():
    with jax.enable_x64(True):
        mixer_laws.check_garbage(learned(), "float64")


def test_a_packed_row_is_its_series(precision):
    mixer_laws.check_resets(learned(), precision)


def test_pieces_are_the_whole(precision):
    mixer_laws.check_pieces(learned(), precision)


def test_gradients_are_finite_differences():
    with jax.enable_x64(True):
        mixer_laws.check_differences(learned(), np.ones(L))


def test_the_state_cannot_grow_whatever_is_learned():
    layer = learned()
    layer = with_fields(layer, low_rank=100 * layer.low_rank, log_timescale=layer.log_timescale + 5)
    state, silent = layer.initial_state() + 1, np.zeros((L, H), np.float32)
    gaps = np.ones(L, np.float32)
    _, end = run(layer, silent, gaps, state)
    assert (np.linalg.norm(end, axis=1) <= np.linalg.norm(state, axis=1) * (1 + 1e-5)).all()


def test_wrong_sizes_are_refused():
    with pytest.raises(ValueError, match="Take n_states a multiple of 2"):
        S4Layer(H, 7, key=jax.random.key(0))
    with pytest.raises(ValueError, match="timescale is a range"):
        S4Layer(H, 8, timescale=(1.0, 0.1), key=jax.random.key(0))
    with pytest.raises(ValueError, match="inputs must have shape"):
        draw()(np.zeros((4, H + 1), np.float32), np.ones(4, np.float32))
    with pytest.raises(ValueError, match="gaps has shape"):
        draw()(np.zeros((4, H), np.float32), np.ones(5, np.float32))

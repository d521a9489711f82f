"""S4D: diagonal state spaces, as a convolution and step by step."""

import jax
import mixer_laws
import numpy as np
import pytest
import scipy.linalg
from drawn import LOOP, H, L, call, error, quick_jit, run

from ct_s5.ssm import S4DLayer
from oracles.hippo import hippo_rates

N = 8


def draw(rates="legs"):
    return S4DLayer(H, N, rates=rates, timescale=(0.05, 0.5), key=jax.random.key(0))


def walked(layer, inputs, reading, real, reset, **_):
    """One state at a time, each as the exponential of a real matrix that holds its input too."""
    re = -np.log1p(np.exp(np.float64(layer.rate_real)))
    im, c = np.float64(layer.rate_imag), np.float64(layer.output_weight)
    d, steps = np.asarray(layer.feedthrough), np.float64(layer.timescales)
    outputs = np.where(real[:, None], d * inputs, 0).astype(np.float64)
    for h, q in np.ndindex(re.shape):
        system = np.zeros((3, 3))
        system[:2] = [[re[h, q], -im[h, q], 1], [im[h, q], re[h, q], 0]]
        crossing = scipy.linalg.expm(steps[h] * system)
        x = np.zeros(2)
        for k in range(len(inputs)):
            x = 0 * x if reset[k] else x
            if reading[k] and real[k]:
                x = (crossing @ [*x, inputs[k, h]])[:2]
            outputs[k, h] += 2 * (c[0, h, q] * x[0] - c[1, h, q] * x[1]) if real[k] else 0
    return outputs


def test_convolution_and_recurrence_are_the_matrix_exponential(precision):
    layer, row = draw(), mixer_laws.draw_steps(7, precision)
    expected = walked(layer, **row)
    assert error(call(layer, **row), expected) < LOOP[precision]
    assert error(run(layer, state=layer.initial_state(), **row)[0], expected) < LOOP[precision]


@pytest.mark.parametrize("n_steps", [1, 5, 300])
def test_a_series_of_any_length_is_its_recurrence_too(n_steps):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(n_steps, H)).astype(np.float32)
    gaps = np.ones(n_steps, np.float32)
    layer = S4DLayer(H, 64, key=jax.random.key(1))
    answer = quick_jit(lambda layer: (layer(inputs, gaps), layer.run(inputs, gaps)[0]))(layer)
    assert error(*answer) < 1e-5


def test_the_three_starts_are_the_published_ones():
    def rates(name):
        layer = draw(name)
        real = -np.log1p(np.exp(np.float64(layer.rate_real)))
        np.testing.assert_allclose(real, -0.5, rtol=1e-6)
        return np.asarray(layer.rate_imag)

    np.testing.assert_allclose(rates("legs"), np.tile(hippo_rates(N).imag[: N // 2], (H, 1)), 1e-6)
    np.testing.assert_allclose(rates("lin")[0], np.pi * np.array([0, 1, 2, 3]), 1e-6)
    np.testing.assert_allclose(
        rates("inv")[1], 8 / np.pi * np.array([7, 8 / 3 - 1, 8 / 5 - 1, 8 / 7 - 1]), 1e-6
    )
    with pytest.raises(ValueError, match="rates must be one of legs, lin, inv; got 'fout'"):
        draw("fout")


def test_twice_the_step_at_half_the_rate():
    layer = draw()
    slower = S4DLayer(H, N, timescale=(0.05, 0.5), rescale=2.0, key=jax.random.key(0))
    row = mixer_laws.all_readings(mixer_laws.draw_steps(0, "float32"))
    held = np.repeat(row["inputs"], 2, axis=0)  # what a reading held for two steps gives
    ones = np.ones(len(held), np.float32)
    both = quick_jit(lambda layer, slower: (layer(held, ones)[1::2], slower(**row)))
    assert error(*both(layer, slower)) < 1e-5


def test_gaps_play_no_part():
    layer, row = draw(), mixer_laws.draw_steps(0, "float32")
    np.testing.assert_array_equal(
        call(layer, **row), call(layer, **row | {"gaps": 2 * row["gaps"]})
    )


def test_queries_of_s4d_leave_no_trace(precision):
    mixer_laws.check_queries(draw(), precision)


def test_garbage_in_padding_of_s4d_changes_neither_value_nor_gradient():
    with jax.enable_x64(True):
        mixer_laws.check_garbage(draw(), "float64")


def test_a_packed_row_of_s4d_is_its_series(precision):
    mixer_laws.check_resets(draw(), precision)


def test_pieces_of_s4d_are_the_whole(precision):
    mixer_laws.check_pieces(draw(), precision)


def test_gradients_of_s4d_are_finite_differences():
    with jax.enable_x64(True):
        mixer_laws.check_differences(draw(), np.ones(L))

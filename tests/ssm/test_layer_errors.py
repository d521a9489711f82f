import jax
import jax.numpy as jnp
import numpy as np
import pytest
from drawn import H, L, both_directions, call, draw_layer, draw_row

from ct_s5.ssm import S5Layer


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"hold": "zoo"}, "hold must be one of zoh, .*async; got 'zoo'"),
        ({"n_states": 6, "n_blocks": 2}, "n_states=6 does not split .* a multiple of 4"),
        ({"timescale": (0.1, 0.01)}, r"0 < low <= high, both finite; got \(0.1, 0.01\)"),
        ({"timescale": (0.0, 0.1)}, "0 < low <= high"),
        ({"n_features": 0}, "n_features must be at least 1; got 0"),
        ({"output_init": "zeros"}, "output_init must be .*; got 'zeros'"),
        ({"first_gap": -1.0}, r"first_gap is from 0 to 1e\+30 model units; got -1.0"),
        ({"first_gap": np.nan}, "first_gap is from 0"),
        ({"rescale": 0.0}, "rescale must be a positive number; got 0.0"),
        (
            {"scan": "fused"},
            r"scan must be auto or one of blocked, .*; got 'fused'.*\(cpu\): blocked",
        ),
    ],
)
def test_a_layer_that_cannot_be_is_refused(keywords, message):
    sizes = {"n_features": 3, "n_states": 8} | keywords
    with pytest.raises(ValueError, match=message):
        S5Layer(**sizes, key=jax.random.key(0))


def test_bilinear_warns_of_long_gaps():
    with pytest.warns(UserWarning, match="decay tends to -1.*'zoh' has no such limit"):
        S5Layer(3, 8, hold="bilinear", key=jax.random.key(0))


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({"inputs": (L, H + 1)}, rf"inputs must have shape \(L, H\) = \(L, 3\).*\({L}, 4\)"),
        ({"inputs": (2, L, H)}, "Use jax.vmap for a batch"),
        ({"gaps": (L + 1,)}, rf"gaps has shape \({L + 1},\), inputs has {L} steps"),
        ({"gaps": (L, 1)}, "one entry a step"),
        ({"gaps_after": (1,)}, r"gaps_after has shape \(1,\)"),
        ({"reading": ()}, r"reading has shape \(\)"),
        ({"real": (L - 1,)}, "real has shape"),
        ({"reset": (2, L)}, "reset has shape"),
    ],
)
def test_shapes_that_do_not_fit_are_named(shapes, message):
    row = draw_row(0, "float32")
    row |= {name: np.zeros(shape, row[name].dtype) for name, shape in shapes.items()}
    with pytest.raises(ValueError, match=message):
        draw_layer("zoh", bidirectional=True)(**row)


def test_queries_in_both_directions_need_gaps_after():
    row = draw_row(0, "float32")
    del row["gaps_after"]
    with pytest.raises(ValueError, match=r"needs gaps_after.*ct_s5.gaps_from_times"):
        draw_layer("zoh", bidirectional=True)(**row)


@pytest.mark.parametrize(("shape", "gap"), [((1, H), 1.0), ((H + 1,), 1.0), ((H,), jnp.ones(1))])
def test_a_step_takes_one_input(shape, gap):
    layer = draw_layer("zoh")
    with pytest.raises(ValueError, match=rf"one input of shape \(H,\) = \({H},\) and one gap; got"):
        layer.step(jnp.ones(shape), gap, layer.initial_state())


def test_a_layer_that_looks_ahead_neither_runs_nor_steps():
    layer = draw_layer("zoh", bidirectional=True)
    with pytest.raises(ValueError, match=r"bidirectional layer cannot run: .* yet to come"):
        layer.run(jnp.ones((7, H)), jnp.ones(7))
    with pytest.raises(ValueError, match="bidirectional layer cannot step"):
        layer.step(jnp.ones(H), 1.0, layer.initial_state())


@pytest.mark.parametrize("gap", [-1e-3, np.nan, np.inf])
@both_directions
def test_an_impossible_gap_is_caught_inside_jit(bidirectional, gap):
    layer, row = draw_layer("zoh", bidirectional), draw_row(0, "float32")
    k = np.flatnonzero(row["real"])[2]
    for name in ["gaps", "gaps_after"] if bidirectional else ["gaps"]:
        bad = row | {name: np.where(np.arange(L) == k, np.float32(gap), row[name])}
        with pytest.raises(
            (RuntimeError, ValueError), match=f"{name} holds a gap that is negative, NaN or above"
        ):
            jax.block_until_ready(call(layer, **bad))


def test_a_causal_layer_ignores_the_gaps_after():
    layer, row = draw_layer("zoh"), draw_row(0, "float32")
    spoilt = row | {"gaps_after": np.full(L, -np.inf, np.float32)}
    np.testing.assert_array_equal(call(layer, **spoilt), call(layer, **row))

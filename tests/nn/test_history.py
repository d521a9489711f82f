import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ct_s5.nn import INPUTS, ReadingEncoder, channel_history

L, C, S = 9, 3, 2


def draw(seed, dtype):
    """Values with garbage where nothing was observed, gaps as the layers see them, and masks."""
    rng = np.random.default_rng(seed)
    reading = rng.random(L) < 0.7
    real = np.arange(L) < 7
    gaps = np.where(real, rng.exponential(size=L), 0).astype(dtype)
    observed = rng.random((L, C)) < 0.6
    values = np.where(observed, rng.normal(size=(L, C)) * 10, np.nan).astype(dtype)
    return values, observed & (reading & real)[:, None], gaps, reading & real


def slow_history(values, observed, gaps, reading):
    """What each channel last said, how long ago, how often: a channel and a step at a time."""
    last, age, count = np.zeros((3, L, C))
    for c in range(C):
        value, seen, clock, heard = 0.0, 0, 0.0, 0.0  # `heard`: when, on the clock of readings
        for k in range(L):
            now = clock + gaps[k]
            if reading[k]:
                clock = now
                if observed[k, c]:
                    value, seen, heard = values[k, c], seen + 1, now
            last[k, c], age[k, c], count[k, c] = value, now - heard, seen
    return last, age, count


@pytest.mark.parametrize("seed", range(5))
def test_the_history_is_what_a_loop_remembers(seed, precision):
    steps = draw(seed, precision)
    every, _ = channel_history(*map(jnp.asarray, steps))
    tolerance = {"float32": 2e-6, "float64": 1e-14}[precision]
    for answer, expected in zip(
        (every.last, every.age, every.count), slow_history(*steps), strict=True
    ):
        assert answer.dtype == precision
        np.testing.assert_allclose(answer, expected, rtol=tolerance, atol=tolerance)


def test_a_history_carries_on_over_any_cut():
    steps = [jnp.asarray(x) for x in draw(1, "float32")]
    whole, end = channel_history(*steps)
    for cut in (1, 4, 8):
        first, carried = channel_history(*(x[:cut] for x in steps))
        second, carried = channel_history(*(x[cut:] for x in steps), carried)
        joined = jax.tree.map(lambda a, b: jnp.concatenate([a, b]), first, second)
        jax.tree.map(np.testing.assert_array_equal, joined, whole)
        jax.tree.map(np.testing.assert_array_equal, carried, end)


def test_a_history_begins_anew_at_a_reset():
    one, other = ([jnp.asarray(x) for x in draw(seed, "float32")] for seed in (1, 2))
    both = [jnp.concatenate(parts) for parts in zip(one, other, strict=True)]
    reset = jnp.arange(2 * L) % L == 0
    packed, end = channel_history(*both, reset=reset)
    alone = [channel_history(*steps) for steps in (one, other)]
    joined = jax.tree.map(lambda a, b: jnp.concatenate([a, b]), alone[0][0], alone[1][0])
    jax.tree.map(np.testing.assert_array_equal, packed, joined)
    jax.tree.map(np.testing.assert_array_equal, end, alone[1][1])


@pytest.mark.parametrize("inputs", [INPUTS, ("square", "value")])
def test_the_encoder_is_a_linear_map_of_the_inputs_it_names(inputs, precision):
    values, observed, gaps, reading = draw(2, precision)
    static = np.random.default_rng(3).normal(size=(L, S)).astype(precision)
    encoder = ReadingEncoder(C, S, 4, inputs=inputs, key=jax.random.key(0))
    if "decayed" in inputs:
        learned = jnp.array([0.3, 0.0, -0.2]), jnp.array([0.1, 0.5, 0.4])
        encoder = eqx.tree_at(lambda e: (e.decay.weight, e.decay.bias), encoder, learned)
    assert ("decayed" in inputs) == (encoder.decay is not None)
    past = channel_history(*map(jnp.asarray, (values, observed, gaps, reading)))[0]
    answer = encoder(jnp.asarray(values), jnp.asarray(observed), past, jnp.asarray(static))
    values = np.where(observed, values, 0)
    last, age, count = slow_history(values, observed, gaps, reading)
    share = np.exp(-np.maximum(0, np.array([0.3, 0.0, -0.2]) * age + np.array([0.1, 0.5, 0.4])))
    columns = {
        "value": np.arcsinh(values),
        "observed": observed,
        "last": np.arcsinh(last),
        "age": np.log(1 + age),
        "count": np.log(1 + count),
        "square": np.log(1 + last**2),
        "decayed": np.arcsinh(np.where(observed, values, share * last)),
    }
    seen = np.concatenate([*(columns[name] for name in inputs), static], axis=1)
    expected = seen @ np.asarray(encoder.linear.weight).T + np.asarray(encoder.linear.bias)
    np.testing.assert_allclose(answer, expected, rtol=1e-5, atol=1e-5)


def test_a_code_for_missing_overflows_no_input():
    encoder = ReadingEncoder(1, 0, 4, inputs=INPUTS, key=jax.random.key(0))
    values = jnp.array([[1e36], [-1e30], [0.0]])
    observed = values == values
    past = channel_history(values, observed, jnp.ones(3), jnp.ones(3, bool))[0]
    answer = encoder(values, observed, past, jnp.zeros((3, 0)))
    assert np.isfinite(answer).all()

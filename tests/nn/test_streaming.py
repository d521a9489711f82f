"""A model that takes readings as they arrive answers as it does on the whole series."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from models import EXACT, MODELS, C, S, assemble, build, draw_steps, in_order, numbers

from ct_s5.nn import INPUTS, S5Block, state_of, vector_of

CAUSAL = [kind for kind, told in MODELS.items() if not told.get("bidirectional")]
L = 9

_run = jax.jit(lambda model, series, state: model.run(series, state))
_step = jax.jit(lambda model, series, state: model.step(series, state))
_whole = jax.jit(lambda model, batch: model(batch))


def draw(seed, dtype):
    """One padded series with queries, without the leading N."""
    rng = np.random.default_rng(seed)
    batch = assemble([in_order(draw_steps(rng, 6, 2))], rng.normal(size=(1, S)), L)
    cast = {"float32": np.float32, "float64": np.float64}[dtype]
    return jax.tree.map(lambda a: a[0].astype(cast) if a.dtype.kind == "f" else a[0], batch)


def part(series, begin, end):
    """Some steps of a series."""
    whole = {"static": series.static, "segments": None}
    fields = {name: array[begin:end] for name, array in vars(series).items() if name not in whole}
    return type(series)(**fields, **whole)


@pytest.mark.parametrize("kind", CAUSAL)
def test_a_state_goes_through_a_vector_and_back(kind, precision):
    model, series = build(kind), draw(4, precision)
    empty = model.initial_state()
    _, state = _run(model, series, empty)
    vector = vector_of(state)
    assert vector.ndim == 1
    assert jnp.isrealobj(vector)
    again = state_of(vector, empty)
    assert jax.tree.structure(again) == jax.tree.structure(state)
    for one, other in zip(jax.tree.leaves(again), jax.tree.leaves(state), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", CAUSAL)
def test_any_chunks_and_single_steps_give_the_answers_of_the_whole(kind, precision):
    model, series = build(kind), draw(3, precision)
    every, end = _run(model, series, model.initial_state())
    whole = _whole(model, jax.tree.map(lambda a: jnp.asarray(a)[None], series))
    if model.settings.per == "series":
        last = jax.tree.map(lambda a: a[-1], every)
        np.testing.assert_allclose(numbers(last), numbers(whole)[0], atol=10 * EXACT[precision])
    else:
        real = series.real
        np.testing.assert_allclose(
            numbers(every)[real], numbers(whole)[0][real], atol=10 * EXACT[precision]
        )
    # Each length of a chunk compiles; the uneven ones are for one model.
    for cuts in ([0, 3, 6, L], *([[0, 1, 2, L]] if kind == "zoh" else [])):
        state, answers = model.initial_state(), []
        for begin, stop in itertools.pairwise(cuts):
            answer, state = _run(model, part(series, begin, stop), state)
            answers.append(numbers(answer))
        np.testing.assert_allclose(
            np.concatenate(answers), numbers(every), atol=10 * EXACT[precision]
        )
    state = model.initial_state()
    for k in range(L):
        one = jax.tree.map(lambda a: a[0], part(series, k, k + 1))
        one = type(series)(**(vars(one) | {"static": series.static}))
        answer, state = _step(model, one, state)
        expected = jax.tree.map(lambda a, k=k: a[k], every)
        np.testing.assert_allclose(numbers(answer), numbers(expected), atol=10 * EXACT[precision])
    for ours, theirs in zip(jax.tree.leaves(state), jax.tree.leaves(end), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=10 * EXACT[precision])


@pytest.mark.parametrize("pooling", ["last", "mean", "gap_mean", "summary"])
def test_each_answer_is_that_of_the_readings_so_far(pooling):
    model, series = build("zoh", pooling=pooling, inputs=INPUTS), draw(5, "float32")
    every, _ = _run(model, series, model.initial_state())
    for n in range(1, L):
        so_far = series.real & (np.arange(L) < n)
        cut = type(series)(**(vars(series) | {"real": so_far}))
        whole = _whole(model, jax.tree.map(lambda a: jnp.asarray(a)[None], cut))
        np.testing.assert_allclose(every[n - 1], whole[0], atol=1e-5)


def test_both_directions_and_other_mixers_cannot_stream():
    with pytest.raises(ValueError, match=r"from both ends.*bidirectional=False"):
        build("zoh, both").initial_state()
    block = S5Block(lambda x, gaps, **_: x, C, key=jax.random.key(0))
    with pytest.raises(TypeError, match="has no `run`: it needs the whole series"):
        block.run(jnp.zeros((3, C)), jnp.ones(3), None, reading=None, real=jnp.ones(3, bool))

"""Losses against NumPy, one target at a time, and what must never reach them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tiny_training import values

from ct_s5.nn import Gaussian
from ct_s5.training import LOSSES, Targets, loss_of_each

RNG = np.random.default_rng(0)
N, L, K = 3, 4, 2


def _drawn(kind, *shape):
    """Answers, targets and weights for targets of that shape; every third weight is 0."""
    answers = RNG.normal(size=(*shape, K)).astype(np.float32)
    if kind in ("gaussian", "faithful"):
        answers = Gaussian(answers, RNG.uniform(0.1, 2, size=(*shape, K)).astype(np.float32))
    targets = RNG.normal(size=(*shape, K)).astype(np.float32)
    if kind == "class":
        targets = RNG.integers(K, size=shape).astype(np.int32)
    weights = RNG.uniform(0.5, 2, size=shape).astype(np.float32)
    weights.flat[::3] = 0
    return answers, targets, weights


def _one(kind, answers, targets, place):
    """The loss of one target, written from its definition in float64."""
    if kind in ("gaussian", "faithful"):
        mean, variance = (np.float64(a[place]) for a in answers)
        error = (targets[place] - mean) ** 2 / (2 * variance)
        squared = (targets[place] - mean) ** 2 / 2 if kind == "faithful" else 0
        return np.sum(squared + error + np.log(np.sqrt(2 * np.pi * variance)))
    answer = np.float64(answers[place])
    if kind == "value":
        return np.mean((answer - targets[place]) ** 2)
    return -np.log(np.exp(answer[targets[place]]) / np.exp(answer).sum())


def _as_jax(tree):
    return jax.tree.map(jnp.asarray, tree)


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("shape", [(N,), (N, L)], ids=["per series", "per reading"])
def test_a_loss_is_its_definition_times_its_weight(kind, shape):
    answers, targets, weights = _drawn(kind, *shape)
    losses = loss_of_each(kind, *_as_jax((answers, targets, weights)))
    assert losses.shape == shape
    for place in np.ndindex(shape):
        expected = weights[place] * _one(kind, answers, targets, place)
        np.testing.assert_allclose(losses[place], expected, rtol=1e-5)


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("garbage", [np.nan, np.inf, -1e30])
def test_an_answer_of_weight_0_touches_neither_loss_nor_gradient(kind, garbage):
    answers, targets, weights = _as_jax(_drawn(kind, N, L))
    spoilt = jax.tree.map(lambda a: jnp.where(weights[..., None] > 0, a, garbage), answers)

    def total(answers):
        return jnp.sum(loss_of_each(kind, answers, targets, weights))

    clean, spoilt = (jax.value_and_grad(total)(a) for a in (answers, spoilt))
    for one, other in zip(jax.tree.leaves(clean), jax.tree.leaves(spoilt), strict=True):
        np.testing.assert_array_equal(one, other)
        assert np.isfinite(other).all()


def test_an_answer_that_is_wanted_and_nan_shows_in_its_own_loss_alone():
    answers, targets, weights = _drawn("value", N, L)
    weights[:] = 1
    answers[1, 2] = np.nan
    losses = loss_of_each("value", *_as_jax((answers, targets, weights)))
    assert np.argwhere(np.isnan(losses)).tolist() == [[1, 2]]


def test_an_unknown_loss_is_refused():
    with pytest.raises(ValueError, match=r"loss must be one of class, value, .*; got 'hinge'"):
        loss_of_each("hinge", *_as_jax(_drawn("value", N)))  # pyright: ignore


def test_looking_up_minus_1_asks_for_no_target():
    targets = values(3, weights=np.array([1.0, 0.0, 2.0]))
    found, weights = targets.look_up(np.array([[2, -1], [1, 0]]))
    assert weights.tolist() == [[2.0, 0.0], [0.0, 1.0]]
    assert found.shape == (2, 2, 1)
    np.testing.assert_array_equal(found[..., 0] == 0, [[False, True], [True, False]])


def test_a_target_of_weight_0_is_blanked_whatever_stands_there():
    targets = Targets(np.array([[np.nan], [1.0]], np.float32), np.array([0.0, 1.0]))
    found, _ = targets.look_up(np.arange(2))
    assert found.tolist() == [[0.0], [1.0]]


@pytest.mark.parametrize("kind", LOSSES)
def test_a_loss_of_another_head_says_which_it_needs(kind):
    plain, gaussian = (_as_jax(_drawn(k, N)) for k in ("value", "gaussian"))
    answers = plain[0] if kind in ("gaussian", "faithful") else gaussian[0]
    with pytest.raises(ValueError, match=f"loss='{kind}' needs a model with (another )?head"):
        loss_of_each(kind, answers, *plain[1:])

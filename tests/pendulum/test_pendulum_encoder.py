"""The quick image encoder, and the network around it, against the published code's algebra."""

import jax
import jax.numpy as jnp
import numpy as np

from experiments.pendulum import published_algebra
from experiments.pendulum.encoder import Encoder
from experiments.pendulum.network import Network
from experiments.pendulum.recipe import Recipe

SMALL = Recipe(width=6, states=8, n_blocks=2, depth=2)


def test_values_and_gradients_are_those_of_convolutions_and_pools():
    n = 20
    rng = np.random.default_rng(n)
    images = rng.integers(256, size=(n, 24, 24)).astype(np.uint8)
    images[0] = 0  # all the arguments of every pool are equal
    encoder = Encoder(7, key=jax.random.key(n))
    shift = rng.normal(size=12).astype(np.float32) / 10
    encoder = jax.tree.map(lambda x: x + shift if x.shape == (12,) else x, encoder)
    # Above 0: where terms cancel, the sum says little.
    weights = rng.uniform(0.5, 1.5, size=(n, 7)).astype(np.float32)

    def score(form):
        return jax.jit(jax.value_and_grad(lambda e: jnp.sum(weights * form(e, images) ** 2)))(
            encoder
        )

    (value, grads), (expected, expected_grads) = map(
        score, (Encoder.__call__, published_algebra.encoded)
    )
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    for grad, right in zip(jax.tree.leaves(grads), jax.tree.leaves(expected_grads), strict=True):
        np.testing.assert_allclose(grad, right, atol=1e-5 * np.abs(right).max())


def test_the_network_answers_as_the_published_algebra_does():
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(2, 7, 24, 24)).astype(np.uint8)
    gaps = rng.integers(1, 6, size=(2, 7)).astype(np.float32)
    network = Network(SMALL, key=jax.random.key(0))
    told = jax.jit(Network.__call__)(network, images, gaps)
    expected = jax.jit(published_algebra.answer)(network, images, gaps)
    np.testing.assert_allclose(told.mean, expected.mean, atol=2e-5)
    np.testing.assert_allclose(told.variance, expected.variance, rtol=2e-5)

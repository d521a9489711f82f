"""The head that answers about two series, and the momentum that a block hands on."""

import jax
import jax.numpy as jnp
import numpy as np

from ct_s5.nn import BatchNorm, GRULayer, PairHead, S5Block

F, K = 3, 2


def test_the_answer_follows_from_both_their_difference_and_their_product():
    head = PairHead(F, K, key=jax.random.key(0))
    a, b = np.random.default_rng(0).normal(size=(2, F)).astype("float32")
    w1, b1, w2, b2 = map(np.asarray, jax.tree.leaves(head))
    hidden = w1.astype(float) @ np.hstack([a, b, a - b, a * b]) + b1
    # The tanh form of the GELU, as JAX takes it by default.
    gelu = 0.5 * hidden * (1 + np.tanh(np.sqrt(2 / np.pi) * (hidden + 0.044715 * hidden**3)))
    np.testing.assert_allclose(head(jnp.asarray(a), jnp.asarray(b)), w2 @ gelu + b2, rtol=1e-5)


def test_a_block_hands_the_momentum_to_its_norm():
    block = S5Block(
        GRULayer(F, key=jax.random.key(0)), F, norm="batch", momentum=0.9, key=jax.random.key(1)
    )
    assert isinstance(block.norm, BatchNorm)
    assert block.norm.momentum == 0.9

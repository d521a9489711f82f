import numpy as np
import pytest

from ct_s5.ssm import hippo_normal
from oracles import hippo as slow


@pytest.mark.parametrize(("n_states", "n_blocks"), [(2, 1), (8, 1), (64, 1), (8, 2), (48, 3)])
def test_each_block_is_the_kept_half_of_the_published_matrix(n_states, n_blocks):
    rates, vectors = hippo_normal(n_states, n_blocks)
    size = n_states // n_blocks
    kept = slow.hippo_rates(size)[: size // 2]
    np.testing.assert_allclose(rates, np.tile(kept, n_blocks), rtol=1e-9, atol=1e-9)

    matrix = np.kron(np.eye(n_blocks), slow.hippo_normal(size))
    np.testing.assert_allclose(matrix @ vectors, vectors * rates, atol=1e-9 * np.abs(rates).max())
    np.testing.assert_allclose(vectors.conj().T @ vectors, np.eye(n_states // 2), atol=1e-12)
    block_of_row = np.arange(n_states) // size
    block_of_column = np.arange(n_states // 2) // (size // 2)
    assert (vectors[block_of_row[:, None] != block_of_column] == 0).all()


@pytest.mark.parametrize(("n_states", "n_blocks"), [(7, 1), (0, 1), (12, 4), (8, 3), (8, 0)])
def test_blocks_of_an_odd_size_are_refused(n_states, n_blocks):
    message = f"n_states={n_states} does not split into n_blocks={n_blocks} .* a multiple of"
    with pytest.raises(ValueError, match=message):
        hippo_normal(n_states, n_blocks)

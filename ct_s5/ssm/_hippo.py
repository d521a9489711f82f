"""HiPPO-N: where the states start."""

import numpy as np
from jaxtyping import Complex


def hippo_normal(
    n_states: int, n_blocks: int = 1
) -> tuple[Complex[np.ndarray, " Q"], Complex[np.ndarray, "P Q"]]:
    """Eigenvalues and eigenvectors of the normal part of the HiPPO-LegS matrix.

    Its eigenvalues come in conjugate pairs; one of each pair is kept (that with negative imaginary
    part), so P states need Q = P/2 complex numbers. All real parts are -1/2; the largest imaginary
    part grows as n^2 / pi with the block size n. Computed in float64 on the host.

    Args:
        n_states: P, the full number of states.
        n_blocks: J copies of a block of size P / J on the diagonal. P / J must be even, since an
            odd block would lose its real eigenvalue.

    Returns:
        The kept eigenvalues, and the kept eigenvectors as columns (zero outside their own block).

    References:
        Gu et al., arXiv:2206.11893 (HiPPO-N, there "S4D-LegS"); Smith et al., arXiv:2208.04933,
        section 4.3 for the blocks.
    """
    check_states(n_states, n_blocks)
    size = n_states // n_blocks
    p = np.sqrt(np.arange(size) + 0.5)
    # A + p p^T: below the diagonal -p_n p_k, above it +p_n p_k, on it -1/2.
    skew = np.outer(p, p) * (np.tri(size, k=-1).T - np.tri(size, k=-1))
    imaginary, vectors = np.linalg.eigh(-1j * skew)
    rates = -0.5 + 1j * imaginary[: size // 2]
    eye = np.eye(n_blocks)
    return np.tile(rates, n_blocks), np.kron(eye, vectors[:, : size // 2])


def check_states(n_states: int, n_blocks: int = 1) -> None:
    """Refuse numbers that `hippo_normal` cannot take."""
    if n_blocks < 1 or n_states < 2 or n_states % (2 * n_blocks):
        raise ValueError(
            f"n_states={n_states} does not split into n_blocks={n_blocks} blocks of an even size. "
            f"Take n_states a multiple of {2 * max(n_blocks, 1)}."
        )

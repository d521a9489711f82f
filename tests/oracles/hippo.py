"""HiPPO-LegS, entry by entry."""

import numpy as np
from jaxtyping import Complex, Float


def hippo_normal(n: int) -> Float[np.ndarray, "n n"]:
    """The normal part `S = A + p p^T` of the HiPPO-LegS matrix of size n.

    References:
        Gu, Goel & Re 2022, arXiv:2111.00396, appendix C; Smith et al. 2023, arXiv:2208.04933, 3.3.
    """
    p = np.array([np.sqrt(i + 0.5) for i in range(n)])
    a = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            a[i, j] = -np.sqrt(2 * i + 1) * np.sqrt(2 * j + 1)
        a[i, i] = -(i + 1)
    return a + np.outer(p, p)


def hippo_rates(n: int) -> Complex[np.ndarray, " n"]:
    """All n eigenvalues of `hippo_normal(n)`, by a general solver, ascending in imaginary part.

    The first n/2 (negative imaginary parts) are the half that S5 keeps of each conjugate pair.
    """
    rates = np.linalg.eig(hippo_normal(n)).eigenvalues
    return rates[np.argsort(np.imag(rates))]

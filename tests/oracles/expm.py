"""One gap crossed exactly, by the exponential of a matrix: no phi function in sight."""

import numpy as np
import scipy.linalg
from jaxtyping import Complex, Float


def cross_gap(
    rates: Complex[np.ndarray, " Q"],
    timescales: Float[np.ndarray, " Q"],
    input_map: Complex[np.ndarray, "Q H"],
    gap: float,
    state: Complex[np.ndarray, " Q"],
    begin: Float[np.ndarray, " H"],
    end: Float[np.ndarray, " H"],
) -> Complex[np.ndarray, " Q"]:
    """The state one gap on: `x' = timescale (rate x + B u)`, u going straight from begin to end.

    State, input and the input's slope form one linear system without input, over a time that runs
    from 0 to 1 so that a gap of 0 is no special case. `begin == end` is a constant input.

    References:
        Van Loan 1978, Computing integrals involving the matrix exponential, IEEE TAC 23(3).
    """
    n_half, n_features = np.shape(input_map)
    d = np.asarray(timescales, np.float64)[:, None] * gap
    system = np.zeros((n_half + 2 * n_features,) * 2, np.complex128)
    x, u, slope = np.split(np.arange(len(system)), [n_half, n_half + n_features])
    system[np.ix_(x, x)] = d * np.diag(rates)
    system[np.ix_(x, u)] = d * input_map
    system[np.ix_(u, slope)] = np.eye(n_features)
    start = np.concatenate([state, begin, np.subtract(end, begin)])
    return (scipy.linalg.expm(system) @ start)[:n_half]

"""Intervals around answers: a Gaussian's, set right by how far held-out readings really fell."""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from jaxtyping import Float

# Of the distribution of errors, in standard deviations: what a level or a quantile is read off.
SHARES = np.arange(1, 400) / 400
_FEWEST = 20


def calibrate(
    errors: Float[np.ndarray, "M K"], known: Float[np.ndarray, "M K"]
) -> Float[np.ndarray, "K Q"]:
    """The quantiles `SHARES` of each channel's errors, measured in predicted standard deviations.

    Split-conformal: of n errors the quantile of a share p is the one of rank p (n + 1), so that on
    exchangeable series the share holds whatever the distribution. A channel of fewer than 20 errors
    keeps those of the Gaussian.

    Source: Lei et al. 2018, "Distribution-free predictive inference for regression", section 2.2,
    with signed errors.
    """
    table = np.tile(gaussian(SHARES), (errors.shape[1], 1))
    for k in range(errors.shape[1]):
        told = np.sort(errors[known[:, k] > 0, k])
        if len(told) >= _FEWEST:
            rank = (len(told) + 1) * SHARES - 1
            table[k] = np.interp(rank, np.arange(len(told)), told)
    return table


def gaussian(shares: Float[np.ndarray, " Q"]) -> Float[np.ndarray, " Q"]:
    """The quantiles of a standard normal."""
    return np.array([NormalDist().inv_cdf(float(p)) for p in shares])


def quantile(table: Float[np.ndarray, "K Q"], share: float) -> Float[np.ndarray, " K"]:
    """A quantile of each channel's errors, read off between those of the table."""
    return np.array([np.interp(share, SHARES, row) for row in table])


def read_levels(level) -> tuple[float, ...]:
    """Levels in percent, from one or several, or from None for none.

    Raises:
        ValueError: One that is not between 0 and 100, or beyond what was calibrated.
    """
    levels = () if level is None else (level,) if np.ndim(level) == 0 else tuple(level)
    for value in levels:
        if not 0 < value < 100 or 0.5 - value / 200 < SHARES[0]:
            raise ValueError(
                f"level={value!r}: an interval holds a share of the readings in percent, above 0 "
                f"and up to {100 * (1 - 2 * SHARES[0]):g}."
            )
    return levels


def read_shares(quantiles) -> tuple[float, ...]:
    """Quantiles as shares.

    Raises:
        ValueError: One outside what was calibrated.
    """
    shares: Sequence[float] = () if quantiles is None else np.atleast_1d(quantiles).tolist()
    for share in shares:
        if not SHARES[0] <= share <= SHARES[-1]:
            raise ValueError(
                f"quantiles holds {share!r}: each is a share from {SHARES[0]} to {SHARES[-1]}."
            )
    return tuple(shares)

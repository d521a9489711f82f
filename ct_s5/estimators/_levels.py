"""Intervals around answers: a Gaussian's, set right by how far held-out readings really fell."""

import dataclasses
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from jaxtyping import Float, Int

# Of the distribution of errors, in standard deviations: what a level or a quantile is read off.
SHARES = np.arange(1, 400) / 400
MOST_BINS = 10
# Errors of a channel, on average, that a bin of leads is made of: with fewer, `SHARES` holds shares
# that none of them tells.
_FULL = len(SHARES)
# A channel with fewer errors in a bin takes those of all leads; with fewer at all, the Gaussian's.
_FEW, _FEWEST = 100, 20
# So many errors say what there is to say of one series.
_ENOUGH = 100


@dataclasses.dataclass(frozen=True)
class Calibration:
    """How far readings fall from what was told of them, in predicted standard deviations.

    By lead, the time that an answer has to bridge: errors grow with it in ways that no network's
    standard deviation follows quite, so that over all leads at once near intervals would hold too
    much and far ones too little.
    """

    edges: Float[np.ndarray, " _"]
    """Leads, in model units, that part the bins: one number fewer, increasing."""
    table: Float[np.ndarray, "bins K shares"]
    """Of each bin and channel the quantiles `SHARES`."""

    @classmethod
    def gaussian(cls, n_channels: int) -> "Calibration":
        """One bin that holds the quantiles of a standard normal."""
        return cls(np.zeros(0), np.tile(gaussian(SHARES), (1, n_channels, 1)))

    def quantile(self, share: float, leads: Float[np.ndarray, "M _"]) -> Float[np.ndarray, "M K"]:
        """A quantile of each channel's errors at some leads, read off between those of the table.

        Args:
            share: Of the errors that lie below.
            leads: Of M answers, in model units; in one column, or in one a channel. Those beyond
                the last edge, infinite ones among them, have the last bin.
        """
        place = np.clip(share * (len(SHARES) + 1) - 1, 0, len(SHARES) - 1)
        below = min(int(place), len(SHARES) - 2)
        low, high = self.table[..., below], self.table[..., below + 1]
        told = low + (place - below) * (high - low)
        bins = np.searchsorted(self.edges, leads)
        return told[bins, np.arange(told.shape[1])[None, :]]


def calibrate(
    errors: Float[np.ndarray, "M K"],
    known: Float[np.ndarray, "M K"],
    leads: Float[np.ndarray, "M _"],
    series: Int[np.ndarray, " M"],
) -> Calibration:
    """The quantiles `SHARES` of each channel's errors, in a few bins of leads.

    Split-conformal within each bin: of n errors the quantile of a share p is the one of rank
    p (n + 1), so that on exchangeable series about that share holds at the leads of each bin,
    whatever the distribution; about, as readings of one series are alike, and as the series that
    chose the epoch set the intervals right too. Bins hold about as many errors each; there are as
    many as have 399 a channel on average, 10 at most. A channel with fewer than 100 errors in a bin
    has its quantiles over all leads there, one with fewer than 20 altogether those of the Gaussian.

    What is exchangeable are series, not their readings, so a long series has no more say than one
    of 100 errors: beyond, its errors count less each, and ranks are sums of what the errors up to
    there count. With five people held out, two of them watched ten times as long, intervals would
    else be those of the two.

    Args:
        errors: In predicted standard deviations.
        known: Above 0 where there is an error.
        leads: In model units, in one column or in one a channel; infinite where nothing had been
            read, which counts as the farthest bin.
        series: Whose errors they are.

    Source: Lei et al. 2018, "Distribution-free predictive inference for regression", section 2.2,
    with signed errors; the bins make it the Mondrian conformal prediction of Vovk, Gammerman and
    Shafer, "Algorithmic learning in a random world" (2005), section 4.5. That groups should have
    equal say where new groups are to come: Dunn, Wasserman and Ramdas 2022, "Distribution-free
    prediction sets for two-layer hierarchical models".
    """
    edges = _edges(leads, known > 0)
    bins = np.broadcast_to(np.searchsorted(edges, leads), errors.shape)
    table = np.tile(gaussian(SHARES), (len(edges) + 1, errors.shape[1], 1))
    for k in range(errors.shape[1]):
        some = known[:, k] > 0
        if some.sum() < _FEWEST:
            continue
        told, place, whose = errors[some, k], bins[some, k], series[some]
        for b in range(len(table)):
            here = place == b
            here = here if here.sum() >= _FEW else np.ones_like(here)
            table[b, k] = _quantiles(told[here], whose[here])
    return Calibration(edges, table)


def _quantiles(errors: Float[np.ndarray, " n"], series: Int[np.ndarray, " n"]):
    """The quantiles `SHARES`; where all count alike, the error of rank k is that of k / (n + 1)."""
    own = np.bincount(series)[series]
    order = np.argsort(errors)
    counts = (np.minimum(own, _ENOUGH) / own)[order]
    one = counts.mean()
    share = (np.cumsum(counts) - counts / 2 + one / 2) / (counts.sum() + one)
    return np.interp(SHARES, share, errors[order])


def _edges(leads, known) -> Float[np.ndarray, " _"]:
    """Halfway between two leads that came: a lead that often comes is in one bin."""
    counts = known if leads.shape[1] > 1 else known.sum(axis=1, keepdims=True)
    finite = np.isfinite(leads)
    values, place = np.unique(leads[finite], return_inverse=True)
    so_far = np.cumsum(np.bincount(place, counts[finite], len(values)))
    if not len(values):
        return np.zeros(0)
    full = _FULL * max(int(known.any(axis=0).sum()), 1)
    full = max(full, so_far[-1] / MOST_BINS)
    edges, done = [], 0.0
    while True:
        last = int(np.searchsorted(so_far, done + full))
        if last >= len(values) or so_far[-1] - so_far[last] < full * (1 - 1e-9):
            return np.array(edges, np.float64)
        edges.append((values[last] + values[last + 1]) / 2)
        done = so_far[last]


def gaussian(shares: Float[np.ndarray, " M"]) -> Float[np.ndarray, " M"]:
    """The quantiles of a standard normal."""
    return np.array([NormalDist().inv_cdf(float(p)) for p in shares])


def read_levels(level) -> tuple[float, ...]:
    """Levels in percent, from one or several, or from None for none.

    Raises:
        ValueError: One that is not between 0 and 100, or beyond what was calibrated.
    """
    levels = () if level is None else (level,) if np.ndim(level) == 0 else tuple(level)
    for value in levels:
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not number or not 1 <= value < 100 or 0.5 - value / 200 < SHARES[0]:
            raise ValueError(
                f"level={value!r}: an interval holds a share of the readings in percent, from 1 "
                f"and up to {100 * (1 - 2 * SHARES[0]):g}."
                + (f" Did you mean {100 * value:g}?" if number and 0 < value < 1 else "")
            )
    return levels


def read_shares(quantiles) -> tuple[float, ...]:
    """Quantiles as shares.

    Raises:
        ValueError: One outside what was calibrated.
    """
    shares: Sequence[float] = () if quantiles is None else np.atleast_1d(quantiles).tolist()
    for share in shares:
        number = isinstance(share, int | float) and not isinstance(share, bool)
        if not number or not SHARES[0] <= share <= SHARES[-1]:
            raise ValueError(
                f"quantiles holds {share!r}: each is a share from {SHARES[0]} to {SHARES[-1]}."
            )
    return tuple(shares)

"""Gaps by looking back and forward from every step."""

import numpy as np
from jaxtyping import Bool, Float


def gaps_loop(
    times: Float[np.ndarray, " L"], reading: Bool[np.ndarray, " L"], first_gap: float = 1.0
) -> tuple[Float[np.ndarray, " L"], Float[np.ndarray, " L"]]:
    """The time since the reading before each step, and to the reading after it, in row order."""
    gaps, gaps_after = [], []
    for k in range(len(times)):
        before = [times[j] for j in range(k) if reading[j]]
        after = [times[j] for j in range(k + 1, len(times)) if reading[j]]
        gaps.append(times[k] - before[-1] if before else first_gap)
        gaps_after.append(after[0] - times[k] if after else first_gap)
    return np.array(gaps, np.float64), np.array(gaps_after, np.float64)

"""Length buckets: few compiled lengths, little padding."""

import numpy as np
from jaxtyping import Int


def bucket_lengths(
    lengths: Int[np.ndarray, " N"], n_buckets: int = 4, *, waste: float = 0.0, multiple: int = 1
) -> tuple[int, ...]:
    """The lengths to pad to: each distinct one costs a compilation, each padded step costs time.

    Chooses at most `n_buckets` lengths that together pad the fewest steps, by dynamic programming
    over (up to 64) candidate lengths.

    Args:
        lengths: Steps of each series.
        n_buckets: How many lengths at most.
        waste: Padding that is not worth another length, as a share of the real steps: the fewest
            lengths are taken that pad no more than this.
        multiple: All but these lengths are passed over, so that another sample of the same kind of
            series meets lengths that are compiled already.

    Returns:
        The lengths in increasing order; every series fits the last.
    """
    if n_buckets < 1:
        raise ValueError(f"n_buckets must be at least 1; got {n_buckets}.")
    longest = max(int(np.max(lengths, initial=0)), 1)
    steps = np.unique(np.maximum(lengths, 1)) if len(lengths) else np.array([1])
    grain = multiple * -(-longest // (64 * multiple))
    candidates = np.unique(-(-steps // grain) * grain)
    count = np.array([(lengths <= c).sum() for c in candidates])
    # cost[j]: padded size of all series up to candidate j with the buckets used so far.
    cost = candidates * count
    choice: list[np.ndarray] = []
    for _ in range(n_buckets - 1):
        if cost[-1] <= (1 + waste) * np.sum(lengths):
            break
        # best i < j to be the bucket before j; i = j means no further bucket.
        table = cost[:, None] + candidates[None, :] * (count[None, :] - count[:, None])
        table = np.where(np.tri(len(candidates), k=0, dtype=bool).T, table, np.iinfo(np.int64).max)
        choice.append(table.argmin(axis=0))
        cost = table.min(axis=0)
    picked, j = [], len(candidates) - 1
    for before in reversed(choice):
        if before[j] != j:
            picked.append(j)
            j = before[j]
    picked.append(j)
    return tuple(int(candidates[i]) for i in sorted(picked))

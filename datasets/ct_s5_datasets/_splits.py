"""Splits of series ids by seed, the same for every set."""

import numpy as np
from numpy.typing import ArrayLike

Split = dict[str, np.ndarray]


def seeded_splits(
    ids: ArrayLike, n: int = 5, *, groups: ArrayLike | None = None
) -> dict[str, Split]:
    """Split ids at random into 64 % train, 16 % validation, 20 % test, once a seed.

    Args:
        ids: Distinct ids of the series; their order does not matter.
        n: How many splits; their seeds are 0 to n - 1.
        groups: Whose each series is, where one person has several: persons are then what is drawn,
            and shares are of persons.

    Returns:
        "seeded-0", "seeded-1", ... -> the three parts, each sorted. Not stratified: with few
        series of a class, count the labels of a part before trusting it.

    """
    if groups is not None:
        ids, whose = np.asarray(ids), np.asarray(groups)
        return {
            name: {part: np.sort(ids[np.isin(whose, some)]) for part, some in split.items()}
            for name, split in seeded_splits(np.unique(whose), n).items()
        }
    ordered = sorted_ids(ids)
    n_test = -(-len(ordered) // 5)
    n_validation = -(-(len(ordered) - n_test) // 5)
    splits = {}
    for seed in range(n):
        drawn = np.random.default_rng(seed).permutation(ordered)
        test, validation, train = np.split(drawn, [n_test, n_test + n_validation])
        parts = {"train": train, "validation": validation, "test": test}
        splits[f"seeded-{seed}"] = {part: np.sort(rows) for part, rows in parts.items()}
    return splits


def sorted_ids(ids: ArrayLike) -> np.ndarray:
    """Sort ids, so that a split depends on which they are alone, and refuse repeated ones."""
    ordered, counts = np.unique(np.asarray(ids), return_counts=True)
    if (counts > 1).any():
        raise ValueError(
            f"Id {ordered[counts > 1][0].item()!r} appears more than once among the ids to split. "
            "Give each series once: labels.index, not a column of the frame."
        )
    return ordered

"""PyTorch's random orders, made without PyTorch, for splits that were published as its draws."""

import numpy as np
from numpy.typing import ArrayLike

from ._splits import Split


def randperm(stream: np.random.RandomState, n: int) -> list[int]:
    """`torch.randperm(n)` on the CPU, below 200 million.

    PyTorch's generator is the 32-bit Mersenne Twister that NumPy's `RandomState` is, seeded alike;
    each place of 0 to n - 1 is swapped with one behind it, by the remainder of one draw.

    Args:
        stream: `RandomState(seed)` for `torch.manual_seed(seed)`; it goes on from call to call.
        n: How many numbers.

    """
    drawn = stream.randint(0, 2**32, size=max(n - 1, 0), dtype=np.uint32)
    order = list(range(n))
    for i, step in enumerate((drawn % np.arange(n, 1, -1)).tolist()):
        order[i], order[i + step] = order[i + step], order[i]
    return order


def tenths(n: int) -> dict[str, int]:
    """80 / 10 / 10 %, rounded as the loaders of S4 and S5 round."""
    n_held = int(0.1 * n)
    return {"train": n - 2 * n_held, "validation": n_held, "test": n_held}


def drawn_parts(ids: ArrayLike, lengths: dict[str, int], seed: int = 42) -> Split:
    """`torch.utils.data.random_split` with a generator of this seed.

    Args:
        ids: In the order that the published code has them in.
        lengths: Name of a part -> how many; together as many as there are ids.
        seed: 42 in the data loaders of S4 and S5.

    Returns:
        Part -> ids, as drawn.

    """
    known = np.asarray(ids)
    order = np.array(randperm(np.random.RandomState(seed), len(known)), dtype=np.intp)
    if sum(lengths.values()) != len(known):
        raise ValueError(f"{lengths} are not {len(known)} ids together.")
    ends = np.cumsum(list(lengths.values()))
    parts = np.split(known[order], ends[:-1])
    return dict(zip(lengths, parts, strict=True))


def random_split(ids: ArrayLike, lengths: dict[str, int], seed: int = 42) -> Split:
    """`drawn_parts`, each sorted as all splits are."""
    return {name: np.sort(part) for name, part in drawn_parts(ids, lengths, seed).items()}

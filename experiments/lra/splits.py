"""The random split of S5's loaders, without PyTorch."""

import numpy as np

from ct_s5_datasets._pytorch import randperm

SEED = 42  # of S5's loaders


def permutation(n: int, seed: int = SEED) -> np.ndarray:
    """`torch.randperm(n)` on the CPU after `torch.manual_seed(seed)`."""
    return np.array(randperm(np.random.RandomState(seed), n), dtype=np.intp)


def in_three(n: int) -> dict[str, np.ndarray]:
    """80 / 10 / 10 %: which of n examples are in each part, as the loader of Pathfinder draws."""
    n_held = int(0.1 * n)
    drawn = permutation(n)
    train, validation, test = np.split(drawn, [n - 2 * n_held, n - n_held])
    return {"train": train, "validation": validation, "test": test}


def held_out(n: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Which of n training examples stay so, and which validate, as the loader of CIFAR draws."""
    drawn = permutation(n)
    train, validation = np.split(drawn, [int(n * (1.0 - share))])
    return train, validation

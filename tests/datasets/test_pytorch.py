"""PyTorch's random orders, against draws of PyTorch's own."""

import numpy as np
import pytest

from ct_s5_datasets._pytorch import drawn_parts, randperm, tenths


# What PyTorch itself draws, as its users wrote it into tests of their own.
@pytest.mark.parametrize(
    ("seed", "drawn"),
    [
        (0, [4, 1, 7, 5, 3, 9, 0, 8, 6, 2]),
        (1, [5, 6, 1, 2, 0, 8, 9, 3, 7, 4]),
        (42, [2, 6, 1, 8, 4, 5, 0, 9, 3, 7]),
    ],
)
def test_a_permutation_is_pytorchs(seed, drawn):
    assert randperm(np.random.RandomState(seed), 10) == drawn


def test_parts_are_disjoint_all_there_is_and_in_the_order_drawn():
    parts = drawn_parts(np.arange(1037), tenths(1037))
    assert {part: len(ids) for part, ids in parts.items()} == {
        "train": 831, "validation": 103, "test": 103
    }  # fmt: skip
    drawn = np.concatenate(list(parts.values())).tolist()
    assert drawn == randperm(np.random.RandomState(42), 1037)
    assert sorted(drawn) == list(range(1037))

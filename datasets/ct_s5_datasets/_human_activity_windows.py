"""The windows that published uses of the activity recordings cut, and which of them train and test.

Windows of one person, and windows that share half their rows, fall on both sides of the published
splits. Each has a twin that keeps every person on one side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ._splits import Split

N_ROWS, STRIDE = 50, 25
SPAN, STEP = 4000, 1000  # ms
SEQUENCES = tuple(f"{person}{number:02d}" for person in "ABCDE" for number in range(1, 6))


def row_windows(sequence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Windows of 50 rows, 25 apart, inside each sequence.

    A window that would end with the last row of its sequence is left out, as in the published code.

    Args:
        sequence: Number of the sequence of each row, sorted.

    Returns:
        Which rows, one window after the other, and each row's window, counted from 0 in each
        sequence.

    """
    rows, numbers = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for start, length in zip(*_runs(sequence), strict=True):
        firsts = np.arange(0, max(length - N_ROWS, 0), STRIDE)
        rows.append((start + firsts[:, None] + np.arange(N_ROWS)).ravel())
        numbers.append(np.repeat(np.arange(len(firsts)), N_ROWS))
    return np.concatenate(rows), np.concatenate(numbers)


def time_windows(sequence: np.ndarray, time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Windows of 4 s, 1 s apart, inside each sequence: 3 s to see, and 1 s to forecast.

    The last window of a sequence holds its last row as well. A window without any row is left out.

    Args:
        sequence: Number of the sequence of each row, sorted.
        time: Since the start of the sequence, ms, sorted inside each.

    Returns:
        As `row_windows`; window k of a sequence begins k seconds after it.

    """
    rows, numbers = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for start, length in zip(*_runs(sequence), strict=True):
        own = time[start : start + length]
        for number, begin in enumerate(range(0, own[-1] - (SPAN - STEP), STEP)):
            end = begin + SPAN
            low, high = np.searchsorted(own, [begin, end])
            if end >= own[-1]:
                high = length
            rows.append(np.arange(start + low, start + high))
            numbers.append(np.full(high - low, number))
    return np.concatenate(rows), np.concatenate(numbers)


def latent_ode_split(names: Sequence[str], ids: np.ndarray) -> Split:
    """Latent ODE's split: 80 % of the windows train, 20 % test, seed 42, in the file's order."""
    train, test = _drawn(ids, 0.8, 42)
    return {"train": np.sort(train), "test": np.sort(test)}


def mtan_split(names: Sequence[str], ids: np.ndarray) -> Split:
    """mTAN's split: Latent ODE's, and 20 % of its training windows for validation, seed 11."""
    seen, test = _drawn(ids, 0.8, 42)
    train, validation = _drawn(seen, 0.8, 11)
    return {"train": np.sort(train), "validation": np.sort(validation), "test": np.sort(test)}


def tpatchgnn_split(names: Sequence[str], ids: np.ndarray) -> Split:
    """t-PatchGNN's split of the 25 sequences: 15 train, 5 validate, 5 test, seed 42."""
    seen, test = _drawn(np.asarray(names), 0.8, 42)
    sides = {"train": seen[:15], "validation": seen[15:], "test": test}
    return _by_group(ids, {part: set(side.tolist()) for part, side in sides.items()}, 3)


def by_person_split(names: Sequence[str], ids: np.ndarray) -> Split:
    """Persons A, B and C train, D validates, E tests."""
    return _by_group(ids, {"train": {*"ABC"}, "validation": {"D"}, "test": {"E"}}, 1)


SPLITS: dict[str, tuple[str, Callable[[Sequence[str], np.ndarray], Split]]] = {
    "latent-ode@1": ("classification", latent_ode_split),
    "latent-ode-leakfree@1": ("classification", by_person_split),
    "mtan@1": ("classification", mtan_split),
    "mtan-leakfree@1": ("classification", by_person_split),
    "tpatchgnn@1": ("forecast", tpatchgnn_split),
    "tpatchgnn-leakfree@1": ("forecast", by_person_split),
}
"""Protocol -> the part it is defined on, and its split of (sequences, windows) in file order."""


def protocol_splits(part: str, names: Sequence[str], ids: np.ndarray) -> dict[str, Split]:
    """The splits of all protocols on this part, if all 25 sequences are there."""
    if sorted(names) != list(SEQUENCES):
        return {}
    return {name: split(names, ids) for name, (wanted, split) in SPLITS.items() if wanted == part}


def _by_group(ids: np.ndarray, sides: dict[str, set[str]], letters: int) -> Split:
    group = np.array([name[:letters] for name in ids.tolist()])
    return {part: np.sort(ids[np.isin(group, list(side))]) for part, side in sides.items()}


def _drawn(rows: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.model_selection import train_test_split

    kept, rest = train_test_split(rows, train_size=share, random_state=seed, shuffle=True)
    return np.asarray(kept), np.asarray(rest)


def _runs(sequence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each sequence's rows begin, and how many they are."""
    return np.unique(sequence, return_index=True, return_counts=True)[1:]

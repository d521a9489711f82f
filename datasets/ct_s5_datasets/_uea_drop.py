"""Regular series made irregular as NeuralCDE did: which readings go, and who trains on the rest."""

import numpy as np
from numpy.typing import ArrayLike

from ._pytorch import randperm
from ._splits import Split


def dropped_rows(
    lengths: ArrayLike, rate: float, *, padded_to: int | None = None, seed: int = 56789
) -> np.ndarray:
    """Choose the readings to drop, as NeuralCDE does for CharacterTrajectories.

    One stream of random numbers runs through all series, in their order. Each draws a random
    order of its readings and loses the first `int(length * rate)` of them, in all channels. The
    stream is PyTorch's `randperm` (32-bit Mersenne Twister), made here without PyTorch.

    Args:
        lengths: Readings of each series.
        rate: Share to drop, from 0 to below 1.
        padded_to: NeuralCDE first pads all series to the longest, and drops from the padded ones;
            give that length to drop as it does. A short series may then lose all or nothing.
        seed: Of the stream; NeuralCDE's by default.

    Returns:
        True where a reading goes, all series one after the other.

    References:
        Kidger, Morrill, Foster & Lyons 2020, arXiv:2005.08926.

    """
    sizes = np.asarray(lengths, dtype=np.int64)
    if not 0 <= rate < 1 or (sizes < 0).any() or (padded_to or np.inf) < sizes.max(initial=0):
        raise ValueError(
            f"rate={rate}, padded_to={padded_to}: drop a share from 0 to below 1 of series whose "
            f"lengths are 0 or more and at most padded_to (the longest has {sizes.max(initial=0)})."
        )
    stream = np.random.RandomState(seed)
    gone = [np.zeros(size, bool) for size in sizes]
    for mask in gone:
        size = len(mask) if padded_to is None else padded_to
        rows = np.array(randperm(stream, size)[: int(size * rate)], dtype=np.intp)
        mask[rows[rows < len(mask)]] = True
    return np.concatenate([np.zeros(0, bool), *gone])


def neuralcde_split(labels: list[str]) -> Split:
    """Split series 70 / 15 / 15 %, stratified by class, with scikit-learn's seeds 0 and 1.

    Args:
        labels: One a series, training file first.

    """
    from sklearn.model_selection import train_test_split

    ids = np.arange(len(labels))
    # Classes are numbered as they first appear: scikit-learn deals them out in that order.
    number = {label: i for i, label in enumerate(dict.fromkeys(labels))}
    classes = np.array([number[label] for label in labels])
    train, rest = train_test_split(ids, train_size=0.7, random_state=0, stratify=classes)
    validation, test = train_test_split(
        rest, train_size=0.5, random_state=1, stratify=classes[rest]
    )
    parts = {"train": train, "validation": validation, "test": test}
    return {part: np.sort(rows) for part, rows in parts.items()}

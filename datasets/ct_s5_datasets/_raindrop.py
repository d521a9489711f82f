"""The index lists that Raindrop's repository gives its splits as; they cannot be drawn again."""

from pathlib import Path

import numpy as np

from ._files import read_file
from ._pickled import read_object_npy

SPLITS = (1, 2, 3, 4, 5)
SOURCE = "Get it from https://github.com/mims-harvard/Raindrop (MIT licence)."
_PARTS = ("train", "validation", "test")


def read_split(folder: Path, name: str, ids: np.ndarray) -> dict[str, np.ndarray] | None:
    """One split, or None where its file is not there.

    The file is a pickle inside an .npy file; it is read without being run.

    Args:
        folder: Where it lies.
        name: Of the file, such as "PAM_split_1.npy".
        ids: Of the series that the file counts from 0, in its order.

    Returns:
        Part -> ids, sorted.

    Raises:
        ValueError: The file is damaged, or does not hold each of the series once.

    """
    path = folder / name
    if not path.is_file():
        return None
    try:
        parts = read_object_npy(read_file(folder, name, again=SOURCE))
    except ValueError as error:
        raise ValueError(f"{path}: {error}. {SOURCE}") from error
    whole = len(parts) == len(_PARTS) and all(
        isinstance(rows, np.ndarray) and rows.ndim == 1 and rows.dtype.kind in "iu"
        for rows in parts
    )
    together = np.sort(np.concatenate(parts)) if whole else np.zeros(0)
    if not np.array_equal(together, np.arange(len(ids))):
        raise ValueError(
            f"{path} does not deal the numbers 0 to {len(ids) - 1} into train, validation and "
            f"test, each once: it was made for other files. {SOURCE}"
        )
    return {part: np.sort(ids[rows]) for part, rows in zip(_PARTS, parts, strict=True)}

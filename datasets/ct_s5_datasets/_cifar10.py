"""CIFAR-10 in colour, pixel by pixel: which of ten things is on a picture, in 1024 steps of three?

The same pictures in grey are `lra/image`. Origin and details: `datasets/cards/cifar10.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ._arrays import Labelled
from ._cifar10_files import CLASSES, Pictures, read_pictures
from ._dataset import Column, card_with
from ._images import PIXEL_TIME
from ._pytorch import random_split
from ._splits import Split, seeded_splits

__all__ = ["CLASSES", "PROTOCOLS", "ColourSet", "load"]

PROTOCOLS = {"s5@1": None}

_COLOURS = ("red", "green", "blue")


@dataclass(frozen=True, eq=False, repr=False)
class ColourSet(Labelled):
    """Colour images read pixel by pixel; they stay bytes.

    Attributes:
        images: uint8, (series, channel, height, width); red, green, blue.

    """

    images: np.ndarray

    def pixels(self, ids: ArrayLike) -> np.ndarray:
        """Chosen images as uint8 (series, height * width, channel), row by row."""
        chosen = self.images[self.positions(ids)]
        flat = chosen.reshape(len(chosen), len(_COLOURS), chosen[0].size // len(_COLOURS))
        return flat.transpose(0, 2, 1)

    def frame(self, ids: ArrayLike) -> pd.DataFrame:
        """Chosen images as a long frame: `unique_id`, `ds` (one second a pixel), the colours.

        A colour is the byte over 255, so from 0 to 1.
        """
        at = np.sort(self.positions(ids))
        names = self.labels.index.to_numpy()[at]
        pixels = self.pixels(names)
        n_pixels = pixels.shape[1]
        frame = pd.DataFrame(pixels.reshape(-1, len(_COLOURS)) / 255, columns=list(_COLOURS))
        frame.insert(0, "unique_id", np.repeat(names, n_pixels))
        frame.insert(1, "ds", np.tile(np.arange(n_pixels), len(at)).astype("timedelta64[s]"))
        return frame

    def _columns(self) -> tuple[Column, ...]:
        grey = "byte over 255"
        return (PIXEL_TIME, *(Column(each, grey, "brightness, 0 to 1") for each in _COLOURS))

    def __repr__(self) -> str:
        height, width = self.images.shape[2:]
        return self._told(f"{height} x {width} pixels in colour")


def load(root: str | Path) -> ColourSet:
    """Read the pictures.

    Args:
        root: Folder with the binary version (`cifar-10-batches-bin/`, `cifar-10-binary.tar.gz` or
            the six `.bin` files) or the Python version (`cifar-10-batches-py/`,
            `cifar-10-python.tar.gz` or its six files); a pickle is read without being run.

    Returns:
        `labels` is the number of the class in `CLASSES`. Ids count the pictures, the five training
        files first. `splits["official"]` is the provider's own; `splits["s5@1"]` holds out a tenth
        of its training part, the pictures that S4 and S5 hold out.

    Raises:
        FileNotFoundError: A file is absent.
        ValueError: A file is damaged.

    """
    pictures = read_pictures(root)
    return ColourSet(**told_of(pictures, "cifar10"), images=pictures.colours)


def told_of(pictures: Pictures, card: str) -> dict[str, Any]:
    """Labels, splits and card of a set of these pictures, whatever their colours become."""
    ids = pd.RangeIndex(len(pictures.classes), name="unique_id")
    splits = official_splits(len(ids), pictures.n_train)
    counts = {"train": pictures.n_train, "test": len(ids) - pictures.n_train}
    return {
        "labels": pd.Series(pictures.classes, ids, name="class"),
        "splits": {**splits, **seeded_splits(ids)},
        "card": card_with(card, counts),
        "answers": (Column("class", f"what is seen: {', '.join(CLASSES)}, from 0 on", ""),),
    }


def official_splits(n: int, n_train: int) -> dict[str, Split]:
    """The provider's split, and S4's and S5's: 90 % of its training part train, 10 % validate."""
    train, test = np.arange(n_train), np.arange(n_train, n)
    n_kept = int(n_train * (1 - 0.1))
    lengths = {"train": n_kept, "validation": n_train - n_kept}
    return {
        "official": {"train": train, "test": test},
        "s5@1": {**random_split(train, lengths), "test": test},
    }

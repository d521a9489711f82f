"""Image: which of ten things is on a grey picture of 32 x 32 pixels, read pixel by pixel?

CIFAR-10 turned to grey; in colour it is `cifar10`. Origin and details:
`datasets/cards/lra_image.md`.
"""

from pathlib import Path

import numpy as np

from .._cifar10 import told_of
from .._cifar10_files import CLASSES, SIDE, read_pictures
from .._images import ImageSet

__all__ = ["CLASSES", "load"]

_BLOCK = 10_000  # pictures turned to grey at once


def load(root: str | Path) -> ImageSet:
    """Read the pictures, turned to grey.

    Args:
        root: Folder with CIFAR-10's binary or Python version, packed or not, as `cifar10` takes it.

    Returns:
        `labels` is the number of the class in `CLASSES`. A pixel is 0.299 red + 0.587 green +
        0.114 blue (ITU-R 601), rounded as Pillow's mode "L" does. Ids count the pictures, the five
        training files first. `splits["official"]` is the provider's own; `splits["s5@1"]` holds out
        a tenth of its training part, the pictures that S4 and S5 hold out.

    Raises:
        FileNotFoundError: A file is absent.
        ValueError: A file is damaged.

    """
    pictures = read_pictures(root)
    return ImageSet(**told_of(pictures, "lra_image"), images=_grey(pictures.colours))


def _grey(colours: np.ndarray) -> np.ndarray:
    grey = np.empty((len(colours), SIDE, SIDE), dtype=np.uint8)
    for start in range(0, len(colours), _BLOCK):
        some = colours[start : start + _BLOCK]
        total = np.full((len(some), SIDE, SIDE), 2**15, dtype=np.uint32)
        for channel, weight in enumerate((19595, 38470, 7471)):  # of 2**16
            total += weight * some[:, channel].astype(np.uint32)
        grey[start : start + _BLOCK] = total >> 16
    return grey

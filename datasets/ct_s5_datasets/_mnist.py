"""MNIST read pixel by pixel: handwritten digits as 784 steps, row by row or in a mixed order.

Reads the provider's IDX files. Origin, licence and details: `datasets/cards/mnist.md`.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from ._dataset import Column, read_card
from ._files import read_file
from ._images import ImageSet
from ._splits import seeded_splits

PARTS = ("train", "test")
ORDERS = ("sequential", "permuted", "bit-reversed")

_FILES = {"train": "train", "test": "t10k"}
_SIDE = 28
_SOURCE = (
    "Get train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and "
    "t10k-labels-idx1-ubyte.gz, for instance from "
    "https://ossci-datasets.s3.amazonaws.com/mnist/ (LeCun, Cortes, Burges; commonly given as "
    "CC BY-SA 3.0)."
)
_TEST_ALONE = " For the test images alone: part='test'."


def load(
    root: str | Path, part: str | tuple[str, ...] = ("train", "test"), order: str = "sequential"
) -> ImageSet:
    """Read the digits.

    Args:
        root: Folder with the IDX files, gzipped or not.
        part: "train", "test" or both.
        order: "sequential" reads row by row; "permuted" in one random order, NumPy's
            `default_rng(0).permutation(784)`; "bit-reversed" in the order in which S4 and S5 report
            their permuted MNIST.

    Returns:
        `labels` is the digit. Ids count the images, training images first; with "test" alone from
        0. `splits["official"]` is the provider's own, where both parts are read.

    Raises:
        FileNotFoundError: A file is absent.
        ValueError: A file is damaged, or a name unknown.

    """
    parts = (part,) if isinstance(part, str) else tuple(part)
    if not parts or not set(parts) <= set(PARTS) or len(set(parts)) < len(parts):
        raise ValueError(f"part={part!r}: mnist has the parts 'train' and 'test'; or name both.")
    parts = tuple(name for name in PARTS if name in parts)
    if order not in ORDERS:
        raise ValueError(f"order={order!r}: mnist is read in one of {', '.join(ORDERS)}.")
    read = {name: _read_part(root, _FILES[name]) for name in parts}
    counts = [len(digits) for _, digits in read.values()]
    ids = pd.RangeIndex(sum(counts), name="unique_id")
    digits = np.concatenate([digits for _, digits in read.values()]).astype(np.int64)
    official = {}
    if len(parts) == 2:
        bounds = counts[0]
        official = {
            "official": {"train": np.arange(bounds), "test": np.arange(bounds, sum(counts))}
        }
    return ImageSet(
        labels=pd.Series(digits, ids, name="digit"),
        splits={**official, **seeded_splits(ids)},
        card=read_card("mnist")
        + "\n## Counted in this load\n\n"
        + "".join(f"- {name}: {n} images\n" for name, n in zip(parts, counts, strict=True))
        + f"- order of the pixels: {order}\n",
        images=np.concatenate([images for images, _ in read.values()]),
        order=_order(order),
        answers=(Column("digit", "that is written", ""),),
    )


def _order(name: str) -> np.ndarray | None:
    if name == "sequential":
        return None
    n_pixels = _SIDE * _SIDE
    if name == "permuted":
        return np.random.default_rng(0).permutation(n_pixels)
    # All numbers of 10 bits, their bits turned round; those beyond the last pixel are left out.
    n_bits = (n_pixels - 1).bit_length()
    turned = [int(f"{number:0{n_bits}b}"[::-1], 2) for number in range(2**n_bits)]
    return np.array([number for number in turned if number < n_pixels])


def _read_part(root: str | Path, prefix: str) -> tuple[np.ndarray, np.ndarray]:
    images = _read_idx(root, f"{prefix}-images-idx3-ubyte", (_SIDE, _SIDE))
    digits = _read_idx(root, f"{prefix}-labels-idx1-ubyte", ())
    if len(images) != len(digits):
        raise ValueError(
            f"{root}: {prefix} has {len(images)} images and {len(digits)} labels. Both files must "
            f"come from the same version. {_SOURCE}"
        )
    if len(digits) and digits.max() > 9:
        at = int((digits > 9).argmax())
        raise ValueError(
            f"{root}: label {at} of {prefix}-labels-idx1-ubyte is {digits[at]}, no digit. {_SOURCE}"
        )
    return images, digits


def _read_idx(root: str | Path, name: str, inner: tuple[int, ...]) -> np.ndarray:
    """An array of bytes: 0, 0, the code of bytes (8), the number of axes, their sizes, the data."""
    again = _SOURCE + (_TEST_ALONE if name.startswith(_FILES["train"]) else "")
    content = read_file(root, name, again=again)
    n_axes = 1 + len(inner)
    start = 4 + 4 * n_axes
    if content[:4] != bytes([0, 0, 8, n_axes]) or len(content) < start:
        raise ValueError(
            f"{Path(root) / name} is no IDX file of bytes with {n_axes} axes: it starts with "
            f"{content[:4]!r}. {_SOURCE}"
        )
    shape = tuple(int(size) for size in np.frombuffer(content[4:start], dtype=">u4"))
    expected = int(np.prod(shape, dtype=object))
    if shape[1:] != inner or len(content) - start != expected or not expected:
        raise ValueError(
            f"{Path(root) / name} promises {' x '.join(map(str, shape))} bytes and holds "
            f"{len(content) - start}; expected are some of {' x '.join(map(str, inner)) or 1}. "
            f"{_SOURCE}"
        )
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)

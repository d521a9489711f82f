"""Image: which of ten things is on a grey picture of 32 x 32 pixels, read pixel by pixel?

Reads CIFAR-10's binary version, whose files are bytes and need no pickle. Origin and details:
`datasets/cards/lra_image.md`.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from .._archives import Limits, read_members
from .._arrays import ImageSet
from .._dataset import read_card
from .._splits import seeded_splits

CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip

_SIDE = 32
_RECORD = 1 + 3 * _SIDE * _SIDE
_FILES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")
_ARCHIVE, _FOLDER = "cifar-10-binary.tar.gz", "cifar-10-batches-bin"
_AGAIN = (
    "Get cifar-10-binary.tar.gz, the binary version, from "
    "https://www.cs.toronto.edu/~kriz/cifar.html (no licence is stated there)."
)


def load(root: str | Path) -> ImageSet:
    """Read the pictures, turned to grey.

    Args:
        root: Folder with the six `.bin` files, with `cifar-10-batches-bin/`, or with
            `cifar-10-binary.tar.gz`.

    Returns:
        `labels` is the number of the class in `CLASSES`. A pixel is 0.299 red + 0.587 green +
        0.114 blue (ITU-R 601), rounded as Pillow's mode "L" does. Ids count the pictures, the five
        training files first. `splits["official"]` is the provider's own.

    Raises:
        FileNotFoundError: A file is absent.
        ValueError: A file is damaged.

    """
    root = Path(root)
    places = (root / _FOLDER, root / _ARCHIVE, root)
    source = next((place for place in places if place.exists()), root)
    contents: dict[str, bytes] = {}
    if source.exists():
        for name, content in read_members(source, r".*\.bin", again=_AGAIN, limits=Limits()):
            contents[name.rsplit("/", 1)[-1]] = content
    for name in _FILES:
        if name not in contents:
            raise FileNotFoundError(f"{name} is not in {source}. {_AGAIN}")
    grey, classes = zip(*(_read(contents[name], name, source) for name in _FILES), strict=True)
    labels = np.concatenate(classes)
    n_train = len(labels) - len(classes[-1])
    ids = pd.RangeIndex(len(labels), name="unique_id")
    official = {"train": np.arange(n_train), "test": np.arange(n_train, len(labels))}
    return ImageSet(
        labels=pd.Series(labels, ids, name="class"),
        splits={"official": official, **seeded_splits(ids)},
        card=read_card("lra_image")
        + f"\n## Counted in this load\n\n- train: {n_train}\n- test: {len(classes[-1])}\n",
        images=np.concatenate(grey),
    )


def _read(content: bytes, name: str, source: Path) -> tuple[np.ndarray, np.ndarray]:
    if not content or len(content) % _RECORD:
        raise ValueError(
            f"{source}: {name} has {len(content)} bytes, not some pictures of {_RECORD}. {_AGAIN}"
        )
    table = np.frombuffer(content, dtype=np.uint8).reshape(-1, _RECORD)
    classes = table[:, 0].astype(np.int64)
    if classes.max() >= len(CLASSES):
        at = int((classes >= len(CLASSES)).argmax())
        raise ValueError(f"{source}: picture {at} of {name} has class {classes[at]}. {_AGAIN}")
    colours = table[:, 1:].reshape(-1, 3, _SIDE, _SIDE)
    grey = np.full((len(table), _SIDE, _SIDE), 2**15, dtype=np.uint32)
    for channel, weight in enumerate((19595, 38470, 7471)):  # of 2**16
        grey += weight * colours[:, channel].astype(np.uint32)
    return (grey >> 16).astype(np.uint8), classes

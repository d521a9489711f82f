"""The files of CIFAR-10: its binary version, or its Python version, whose pickles are not run."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ._archives import Limits, read_members
from ._pickled import read_pickle

CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
SIDE = 32

_PICTURE = 3 * SIDE * SIDE
_FILES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
_AGAIN = (
    "Get cifar-10-binary.tar.gz, the binary version, or cifar-10-python.tar.gz from "
    "https://www.cs.toronto.edu/~kriz/cifar.html (no licence is stated there)."
)


class Pictures(NamedTuple):
    """All pictures, those of the five training files first.

    Attributes:
        colours: uint8, (picture, channel, row, column); red, green, blue.
        classes: Number of the class in `CLASSES`.
        n_train: How many of them are training pictures.

    """

    colours: np.ndarray
    classes: np.ndarray
    n_train: int


def read_pictures(root: str | Path) -> Pictures:
    """Read the six files.

    Args:
        root: Folder with `data_batch_1.bin` and so on, `cifar-10-batches-bin/` or
            `cifar-10-binary.tar.gz`; or with the same of the Python version, `data_batch_1`,
            `cifar-10-batches-py/` or `cifar-10-python.tar.gz`. The binary version goes first.

    Raises:
        FileNotFoundError: A file is absent.
        ValueError: A file is damaged.

    """
    root = Path(root)
    binary = _places(root, "cifar-10-batches-bin", "cifar-10-binary.tar.gz", ".bin")
    pickled = _places(root, "cifar-10-batches-py", "cifar-10-python.tar.gz", "")
    source, suffix, read = root, ".bin", _read_binary
    if binary:
        source = binary[0]
    elif pickled:
        source, suffix, read = pickled[0], "", _read_python
    contents: dict[str, bytes] = {}
    if source.exists():
        wanted = rf"({'|'.join(_FILES)}){suffix.replace('.', '[.]')}"
        for name, content in read_members(source, wanted, again=_AGAIN, limits=Limits()):
            contents[name.rsplit("/", 1)[-1]] = content
    names = [name + suffix for name in _FILES]
    for name in names:
        if name not in contents:
            raise FileNotFoundError(f"{name} is not in {source}. {_AGAIN}")
    parts = [read(contents[name], f"{source}: {name}") for name in names]
    for name, (_, classes) in zip(names, parts, strict=True):
        if len(classes) and not 0 <= classes.min() <= classes.max() < len(CLASSES):
            at = int(((classes < 0) | (classes >= len(CLASSES))).argmax())
            raise ValueError(f"{source}: picture {at} of {name} has class {classes[at]}. {_AGAIN}")
    tables, classes = zip(*parts, strict=True)
    colours = np.concatenate(tables).reshape(-1, 3, SIDE, SIDE)
    return Pictures(colours, np.concatenate(classes), len(colours) - len(classes[-1]))


def _places(root: Path, folder: str, archive: str, suffix: str) -> list[Path]:
    """Where one version may be read from, the unpacked folder first."""
    found = [place for place in (root / folder, root / archive) if place.exists()]
    if any((root / f"{name}{suffix}").is_file() for name in _FILES):
        found.append(root)
    return found


def _read_binary(content: bytes, place: str) -> tuple[np.ndarray, np.ndarray]:
    """Pictures as flat rows, and their classes: a byte of class goes before each picture."""
    size = 1 + _PICTURE
    if not content or len(content) % size:
        raise ValueError(f"{place} has {len(content)} bytes, not some pictures of {size}. {_AGAIN}")
    table = np.frombuffer(content, dtype=np.uint8).reshape(-1, size)
    return table[:, 1:], table[:, 0].astype(np.int64)


def _read_python(content: bytes, place: str) -> tuple[np.ndarray, np.ndarray]:
    try:
        batch: Any = read_pickle(content)
    except ValueError as error:
        raise ValueError(f"{place}: {error}. {_AGAIN}") from error
    named = batch if isinstance(batch, dict) else {}
    table, classes = (
        np.asarray(named.get(name.encode(), named.get(name, ()))) for name in ("data", "labels")
    )
    if (
        table.dtype != np.uint8
        or classes.dtype.kind not in "iu"
        or table.shape != (len(classes), _PICTURE)
    ):
        raise ValueError(
            f"{place} holds {table.dtype} data of {table.shape} and {classes.dtype} labels of "
            f"{classes.shape}, not bytes of (pictures, {_PICTURE}) and a whole number each. "
            f"{_AGAIN}"
        )
    return table, classes.astype(np.int64)

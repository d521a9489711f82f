"""Pathfinder and Path-X: do the two dots lie on one dashed path?

Reads the release's folders, and those that `generate` of `pathfinder_generator` makes. Origin and
details: `datasets/cards/lra_pathfinder.md`.
"""

import contextlib
import hashlib
import io
import os
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from .._cache import user_folder
from .._dataset import Column, read_card
from .._images import ImageSet
from .._noted import note, note_hash
from .._pytorch import random_split, tenths
from .._splits import Split, seeded_splits
from .._whole import whole_files
from ._places import MADE, SOURCE, task_folder

SIDES = (32, 64, 128, 256)
FOLDERS = {
    "easy": "curv_baseline",
    "intermediate": "curv_contour_length_9",
    "hard": "curv_contour_length_14",
}
LENGTHS = {"easy": 6, "intermediate": 9, "hard": 14}

_AGAIN = f"{SOURCE}, or make one: python -m ct_s5_datasets.lra.pathfinder_generator FOLDER."
_COLUMNS = 11  # of a metadata line; 0 folder, 1 file, 3 label, 5 dashes of the long paths
_RELEASED = 200_000  # images of each side and difficulty
_IN_MEMORY = 2**28  # bytes of pixels; more are kept in a file


class _Listed(NamedTuple):
    path: Path
    label: int


def load(
    root: str | Path, side: int = 32, difficulty: str = "hard", store: str | Path | None = None
) -> ImageSet:
    """Read the images of one side and difficulty.

    Pixels are bytes. Up to 256 MB of them are held in memory; more, as the 3.3 GB of Path-X, are
    decoded once into a file and memory-mapped, then and the next time.

    Args:
        root: The folder with `imgs/` and `metadata/`, the difficulty's parent
            `pathfinder<side>/`, the one above it, or the release's root.
        side: 32, 64, 128 (Path-X) or 256.
        difficulty: "easy", "intermediate" or "hard" (the benchmark's).
        store: Folder for the decoded pixels of large sets; by default the user's cache
            (`$CT_S5_CACHE`). A file there belongs to one state of the images: change them, and
            another is made.

    Returns:
        `labels` is 1 where the dots lie on one path. Ids count the images in the order of the
        metadata files' numbers, then of their lines. `splits["s5@1"]` has the images that S4 and S5
        draw, `splits["in-order"]` the first 80 %, the next 10 % and the rest.

    Raises:
        FileNotFoundError: A folder, or an image the metadata name, is absent.
        ImportError: Pillow is absent.
        ValueError: A metadata line or an image is damaged, or of another side or difficulty.

    """
    if side not in SIDES or difficulty not in FOLDERS:
        raise ValueError(
            f"side={side!r}, difficulty={difficulty!r}: sides are {', '.join(map(str, SIDES))}, "
            f"difficulties {', '.join(FOLDERS)}."
        )
    inner = FOLDERS[difficulty]
    names = (f"pathfinder{side}/{inner}", inner)
    folder = task_folder(root, names, holds="metadata", again=_AGAIN)
    _refuse_others(folder, difficulty)
    listed = _read_metadata(folder, difficulty)
    made = (folder / MADE).is_file()
    sizes = [_size(image.path) for image in listed]
    empty = [image.path for image, (n_bytes, _) in zip(listed, sizes, strict=True) if not n_bytes]
    if empty:
        # An image of zero bytes is in the release's easy set of 32 pixels; no reader can use it.
        warnings.warn(
            f"{len(empty)} empty image file(s) left out, the first {empty[0]}.", stacklevel=2
        )
    kept = [image for image, (n_bytes, _) in zip(listed, sizes, strict=True) if n_bytes]
    if not kept:
        raise ValueError(f"{folder} lists no image. {_AGAIN}")
    n_bytes = len(kept) * side * side
    if store is None and n_bytes <= _IN_MEMORY:
        images = np.empty((len(kept), side, side), dtype=np.uint8)
        for at, image in enumerate(kept):
            images[at] = _decode(image.path, side)
        note("pixels", images.data)
    else:
        place = user_folder() / "images" if store is None else Path(store)
        key = hashlib.blake2b(
            repr((2, str(folder.resolve()), listed, sizes)).encode(), digest_size=16
        )
        path = place / f"pathfinder{side}-{difficulty}-{key.hexdigest()}.npy"
        images = _stored(path, kept, side)
    ids = pd.RangeIndex(len(kept), name="unique_id")
    labels = pd.Series([image.label for image in kept], ids, name="one_path", dtype="int64")
    train, validation, test = np.split(
        np.arange(len(kept)), [len(kept) * 8 // 10, len(kept) * 9 // 10]
    )
    in_order = {"train": train, "validation": validation, "test": test}
    return ImageSet(
        labels=labels,
        splits={"in-order": in_order, "s5@1": _published(ids), **seeded_splits(ids)},
        card=read_card("lra_pathfinder")
        + f"\n## Counted in this load\n\n- images of {side} x {side} pixels, {difficulty}: "
        + f"{len(kept)}\n- empty image files left out: {len(empty)}\n"
        + f"- dots on one path: {int(labels.sum())}\n",
        images=images,
        answers=(Column("one_path", "1: the two dots lie on one path; 0: on two", ""),),
        made=made,
        doubt="" if made else _doubt(folder, len(listed)),
    )


def _doubt(folder: Path, n_images: int) -> str:
    if n_images == _RELEASED:
        return ""
    return f"{folder} lists {n_images:,} images, the release {_RELEASED:,}."


def _published(ids: pd.RangeIndex) -> Split:
    """80 / 10 / 10 %, the images that S4 and S5 draw by PyTorch's `random_split` with seed 42."""
    return random_split(ids, tenths(len(ids)))


def _refuse_others(folder: Path, difficulty: str) -> None:
    """Refuse the folder of another difficulty, which `root` may be itself."""
    found = {name: each for each, name in FOLDERS.items()}.get(folder.resolve().name, difficulty)
    if found != difficulty:
        raise ValueError(
            f"{folder} holds the images of difficulty {found!r}, not {difficulty!r}. Give the "
            f"folder {FOLDERS[difficulty]}/ or the one above it, or load 'lra/pathfinder' or "
            f"'lra/pathx' with difficulty={found!r}."
        )


def _read_metadata(folder: Path, difficulty: str) -> list[_Listed]:
    paths = [path for path in (folder / "metadata").glob("*.npy") if path.stem.isdigit()]
    if not paths:
        raise FileNotFoundError(f"No metadata/<number>.npy is in {folder}. {_AGAIN}")
    others = {str(n): each for each, n in LENGTHS.items() if each != difficulty}
    listed = []
    for path in sorted(paths, key=lambda path: int(path.stem)):
        for number, cells in enumerate(_rows(path), start=1):
            if len(cells) != _COLUMNS or cells[3] not in ("0", "1") or not _inside(cells):
                raise ValueError(
                    f"{path}, line {number}: {' '.join(cells)[:100]!r} is not folder, file, number "
                    f"and label 0 or 1, with {_COLUMNS} columns in all. {_AGAIN}"
                )
            if other := others.get(cells[5].removesuffix(".0")):
                raise ValueError(
                    f"{path}, line {number}: its long paths have {cells[5]} dashes, as in "
                    f"{other!r}, and {difficulty!r} was asked for. Give that one's folder, or load "
                    f"with difficulty={other!r}."
                )
            listed.append(_Listed(folder / cells[0] / cells[1], int(cells[3])))
    return listed


def _rows(path: Path) -> list[list[str]]:
    """The release's metadata are text in spite of their name; the original generator's are not."""
    content = path.read_bytes()
    note(path.name, content)
    if not content.startswith(b"\x93NUMPY"):
        return [line.split() for line in content.decode(errors="replace").splitlines()]
    try:
        table = np.load(io.BytesIO(content), allow_pickle=False)
    except ValueError as error:
        raise ValueError(
            f"{path} is damaged or holds Python objects ({error}). {_AGAIN}"
        ) from error
    if table.ndim != 2 or table.dtype.kind not in "US":
        raise ValueError(
            f"{path} holds no table of texts but {table.dtype} {table.shape}. {_AGAIN}"
        )
    return table.astype(str).tolist()


def _inside(cells: list[str]) -> bool:
    words = f"{cells[0]}/{cells[1]}".replace("\\", "/").split("/")
    return ".." not in words and "" not in words and ":" not in words[0]


def _size(path: Path) -> tuple[int, int]:
    try:
        state = os.stat(path)
    except FileNotFoundError:
        raise FileNotFoundError(f"The metadata name {path}, which is absent. {_AGAIN}") from None
    return state.st_size, state.st_mtime_ns


def _decode(path: Path, side: int) -> np.ndarray:
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            "Pathfinder's images are png files, which need Pillow: pip install 'ct-s5[data]'."
        ) from error
    try:
        with Image.open(path, formats=["PNG"]) as image:
            size = image.size
            pixels = np.asarray(image.convert("L")) if size == (side, side) else None
    # SyntaxError, ValueError: what Pillow raises for some damaged chunks.
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} is damaged, not a readable png ({error}). {_AGAIN}") from error
    if pixels is None:
        raise ValueError(f"{path} has {size[0]} x {size[1]} pixels, not {side} x {side}. {_AGAIN}")
    return pixels


def _stored(path: Path, kept: list[_Listed], side: int) -> np.ndarray:
    # The hash of the pixels lies beside them: over those of Path-X it takes ten seconds.
    beside = path.with_suffix(".sha256")
    # Each file appears whole or not at all; where another process was as fast, its own is as good.
    if not path.is_file():
        beside.unlink(missing_ok=True)
        with contextlib.suppress(FileExistsError), whole_files([path]) as (stream,):
            header = {"descr": "|u1", "fortran_order": False, "shape": (len(kept), side, side)}
            np.lib.format.write_array_header_1_0(stream, header)
            for image in kept:
                stream.write(_decode(image.path, side).tobytes())
    pixels = np.load(path, mmap_mode="r")
    if not beside.is_file():
        digest = hashlib.sha256()
        for some in np.array_split(pixels, max(len(pixels) // 1000, 1)):
            digest.update(np.ascontiguousarray(some).data)
        with contextlib.suppress(FileExistsError), whole_files([beside]) as (stream,):
            stream.write(digest.hexdigest().encode())
    note_hash("pixels", beside.read_text())
    return pixels

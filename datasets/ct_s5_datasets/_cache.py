"""Parsed sets as parquet, so that the second load takes a moment.

A cached set is found by a hash over every raw file, over this package's own text and over what was
asked for: edit any of them, and it is parsed anew. It appears whole or not at all, whoever else is
writing it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from ._dataset import Column, Dataset
from ._noted import sha256_of
from ._whole import whole_folder

_FORMAT = 3
_MOST_BYTES = 2**30  # of raw files: hashing more would take longer than it saves


def user_folder() -> Path:
    """Where parsed sets are kept: `$CT_S5_CACHE`, or the user's cache folder."""
    if named := os.environ.get("CT_S5_CACHE"):
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData/Local")) / "ct_s5"
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/ct_s5"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ct_s5"


def cached(name: str, root: Path, asked: object, parse: Callable[[], Dataset]) -> Dataset:
    """What `parse` gives, from the cache where it is there, and kept there where it is not.

    Without pyarrow, or with more than a gigabyte of raw files, nothing is kept.

    Raises:
        OSError: The cache cannot be written, for instance because the disk is full.

    """
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        return parse()
    key = _key(name, root, asked)
    if key is None:
        return parse()
    folder = user_folder() / "parsed" / f"{name.replace('/', '-')}-{key[:32]}"
    if _whole(folder):
        return _read(folder)
    _remove(folder)
    dataset = parse()
    try:
        _write(dataset, folder)
    except OSError as error:
        raise OSError(
            f"{name} was read, but could not be kept in {folder.parent}: {error}. Free some space, "
            "or point CT_S5_CACHE at another folder."
        ) from error
    return dataset


def _key(name: str, root: Path, asked: object) -> str | None:
    """A hash of all that the parsed set follows from; None where that is too much to hash."""
    package = Path(__file__).parent
    text = sorted(package.rglob("*.py")) + sorted(package.glob("cards/*.md"))
    text += sorted((package.parent / "cards").glob("*.md"))
    raw = sorted(path for path in root.rglob("*") if path.is_file())
    if sum(path.stat().st_size for path in raw) > _MOST_BYTES:
        return None
    total = hashlib.sha256(f"{_FORMAT} {name} {asked!r} {root.is_dir()}".encode())
    for base, paths in ((package.parent, text), (root, raw)):
        for path in paths:
            total.update(f"\0{path.relative_to(base)}\0".encode())
            total.update(sha256_of(path).encode())
    return total.hexdigest()


def _whole(folder: Path) -> bool:
    """Whether a set is kept there, each of its tables as it was written."""
    try:
        told = json.loads((folder / "set.json").read_text(encoding="utf-8"))
        return all(sha256_of(folder / name) == digest for name, digest in told["sha256"].items())
    except (OSError, ValueError, KeyError):
        return False  # none, cut short, or of an earlier form


def _remove(folder: Path) -> None:
    """Drop what is no whole set; out of sight first, so that nobody reads half of it."""
    if folder.is_dir():
        aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        with contextlib.suppress(FileNotFoundError):  # another process was first
            folder.rename(aside / "old")
        shutil.rmtree(aside, ignore_errors=True)


def _write(dataset: Dataset, folder: Path) -> None:
    import pandas as pd

    try:
        with whole_folder(folder) as here:
            dataset.frame.to_parquet(here / "frame.parquet")
            if dataset.labels is not None:
                pd.DataFrame({"label": dataset.labels}).to_parquet(here / "labels.parquet")
            if dataset.static is not None:
                dataset.static.to_parquet(here / "static.parquet")
            if dataset.groups is not None:
                pd.DataFrame({"group": dataset.groups}).to_parquet(here / "groups.parquet")
            told = {
                "label": None if dataset.labels is None else dataset.labels.name,
                "schema": [list(column) for column in dataset.schema.values()],
                "splits": {
                    name: {part: ids.tolist() for part, ids in split.items()}
                    for name, split in dataset.splits.items()
                },
                "group": None if dataset.groups is None else dataset.groups.name,
                "card": dataset.card,
                "files": dict(dataset.files),
                "unit": str(dataset.frame["ds"].dtype),
                "sha256": {path.name: sha256_of(path) for path in here.iterdir()},
            }
            (here / "set.json").write_text(json.dumps(told), encoding="utf-8")
            for path in here.iterdir():
                with path.open("rb") as stream:
                    os.fsync(stream.fileno())
    except OSError:
        # Another process may have been first, with the same content.
        if not (folder / "set.json").is_file():
            raise


def _read(folder: Path) -> Dataset:
    import numpy as np
    import pandas as pd

    told = json.loads((folder / "set.json").read_text(encoding="utf-8"))
    labels, static = folder / "labels.parquet", folder / "static.parquet"
    groups = folder / "groups.parquet"
    splits = {
        name: {part: np.array(ids) for part, ids in split.items()}
        for name, split in told["splits"].items()
    }
    known = None
    if labels.is_file():
        known = pd.Series(pd.read_parquet(labels)["label"], name=told["label"])
    people = None
    if groups.is_file():
        people = pd.Series(pd.read_parquet(groups)["group"], name=told["group"])
    frame = pd.read_parquet(folder / "frame.parquet")
    frame["ds"] = frame["ds"].astype(told["unit"])  # parquet keeps seconds as milliseconds
    return Dataset(
        frame=frame,
        labels=known,
        static=pd.read_parquet(static) if static.is_file() else None,
        schema={column[0]: Column(*column) for column in told["schema"]},
        splits=splits,
        card=told["card"],
        groups=people,
        files=told["files"],
    )

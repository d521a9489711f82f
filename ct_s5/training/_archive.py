"""One file for weights and settings: safetensors, with a checksum, without pickle.

safetensors notices neither a flipped bit nor an honest header with absurd sizes. So the content is
hashed here, and the header is read and bounded before anything is allocated.
"""

import hashlib
import io
import json
import math
import os
import pathlib
from typing import Any, BinaryIO

import numpy as np
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from ct_s5._files import write_atomically

FORMAT = "ct_s5"
VERSION = 1
_LARGEST_HEADER = 16 * 2**20
_LARGEST_FILE = 16 * 2**30
_COPY = "Copy the file again from where it was saved, or save it again."


class ArchiveError(ValueError):
    """A file that is not what it should be; the message says in which way."""


def write_archive(
    path: str | os.PathLike, kind: str, settings: dict[str, Any], arrays
) -> pathlib.Path:
    """Write arrays and JSON settings as one `.safetensors` file, atomically.

    Args:
        path: Where to.
        kind: What the file is, for instance "estimator"; checked on reading.
        settings: JSON types only; NaN passes.
        arrays: Names to NumPy arrays.
    """
    return write_atomically(path, to_archive(kind, settings, arrays))


def to_archive(kind: str, settings: dict[str, Any], arrays) -> bytes:
    """What `write_archive` writes."""
    # NaN may stand in a history, for a score that is not defined; Python's JSON knows it.
    text = json.dumps(settings)
    # Not ascontiguousarray, which would give a single number a shape.
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    metadata = {
        "format": FORMAT,
        "version": str(VERSION),
        "kind": kind,
        "settings": text,
        "sha256": _digest(str(VERSION), kind, text, arrays),
    }
    return save_safetensors(arrays, metadata)


def read_archive(
    path: str | os.PathLike, kind: str
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Settings and arrays of a file that `write_archive` wrote.

    Raises:
        FileNotFoundError: No such file.
        ArchiveError: Truncated, altered, written by a newer ct_s5, of another kind, or not ours.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    with path.open("rb") as file:
        return _read(file, path.stat().st_size, kind, str(path))


def from_archive(content: bytes, kind: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Settings and arrays of what `to_archive` gave.

    Raises:
        ArchiveError: As `read_archive`.
    """
    return _read(io.BytesIO(content), len(content), kind, "The archive")


def _read(file: BinaryIO, size: int, kind: str, name: str):
    header = _header(file, size, name)
    metadata = header.get("__metadata__", {})
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        raise ArchiveError(f"{name} is a safetensors file, but ct_s5 did not write it.")
    version = str(metadata.get("version"))
    if version not in map(str, range(1, VERSION + 1)):
        raise ArchiveError(
            f"{name} has format version {version:.20}; this ct_s5 reads up to {VERSION}. Install a "
            "newer ct_s5."
        )
    if metadata.get("kind") != kind:
        found = metadata.get("kind")
        raise ArchiveError(f"{name} is a ct_s5 file of kind {found!r}, not {kind!r}.")
    try:
        file.seek(0)
        arrays = load_safetensors(file.read())
        settings = json.loads(metadata["settings"])
    except Exception as error:
        raise ArchiveError(f"{name} is damaged and cannot be read: {error}. {_COPY}") from error
    if _digest(version, kind, metadata["settings"], arrays) != metadata.get("sha256"):
        raise ArchiveError(
            f"{name} was altered after it was saved: its checksum does not match. {_COPY}"
        )
    return settings, arrays


def _header(file: BinaryIO, size: int, name: str) -> dict[str, Any]:
    """The JSON header, after checking that its sizes fit the content."""
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > _LARGEST_HEADER or size > _LARGEST_FILE:
        raise ArchiveError(
            f"{name} is no safetensors file, or a truncated one ({size} bytes). {_COPY}"
        )
    if 8 + length > size:
        raise ArchiveError(
            f"{name} is truncated ({size} of at least {8 + length} bytes), or no safetensors "
            f"file. {_COPY}"
        )
    raw = file.read(length)
    try:
        header = json.loads(raw)
        ends = [
            _checked_size(array, entry)
            for array, entry in header.items()
            if array != "__metadata__"
        ]
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as e:
        raise ArchiveError(f"{name} is no safetensors file, or a damaged one: {e}. {_COPY}") from e
    if max(ends, default=0) != size - 8 - length:
        raise ArchiveError(
            f"{name} is truncated or damaged: its header speaks of {max(ends, default=0)} bytes of "
            f"arrays, and it has {size - 8 - length}. {_COPY}"
        )
    return header


def _checked_size(name: str, entry: dict[str, Any]) -> int:
    start, end = entry["data_offsets"]
    n_items = math.prod(int(n) for n in entry["shape"])
    if (
        min(entry["shape"], default=0) < 0
        or not 0 <= n_items <= _LARGEST_FILE
        or not 0 <= start <= end
    ):
        raise ValueError(f"array {name!r} has impossible sizes")
    return end


def _digest(version: str, kind: str, settings: str, arrays: dict[str, np.ndarray]) -> str:
    digest = hashlib.sha256(f"{FORMAT}\n{version}\n{kind}\n{settings}\n".encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype} {list(array.shape)}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()

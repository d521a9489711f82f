"""The tables of MIMIC as it is published: found, streamed in pieces, and checked.

CHARTEVENTS alone has hundreds of millions of rows, so no table of readings is ever held whole.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ._files import where
from ._noted import note_hash

_PIECE = 2_000_000  # rows read at once
_BLOCK = 2**20  # bytes
_DAMAGE = (EOFError, zlib.error, OSError, UnicodeDecodeError)


def pieces(
    root: Path,
    name: str,
    wanted: tuple[str, ...],
    *,
    again: str,
    times: tuple[str, ...] = (),
    items: Collection[int] = (),
) -> Iterator[pd.DataFrame]:
    """Rows of `root/name.csv`, or of `.csv.gz`, a piece at a time, wanted columns alone.

    Args:
        root: The set's own folder.
        name: Such as "CHARTEVENTS" or "icu/chartevents".
        wanted: Columns, in lower case whatever the file's own; one that ends with "?" may lack.
        again: The next step for the reader of an error.
        times: Those of them that hold `YYYY-MM-DD HH:MM:SS`; an empty one becomes NaT.
        items: Where given, rows of any other itemid are left out, their times unread.

    Yields:
        Columns in lower case; `times` are timestamps, `*_careunit` is text, all others are floats.

    Raises:
        FileNotFoundError: Neither file is there.
        ValueError: The file is damaged or lacks a column; the message has the rows.

    """
    plain, packed = root / f"{name}.csv", root / f"{name}.csv.gz"
    path = plain if plain.is_file() else packed
    if not path.is_file():
        raise FileNotFoundError(f"Neither {name}.csv nor {name}.csv.gz is {where(root)}. {again}")
    head = _head(path, again)
    lacking = [name for name in wanted if not name.endswith("?") and name not in head]
    if lacking:
        shown = ",".join(head.values())[:80]
        raise ValueError(f"{path} has no column {lacking[0]!r}: {shown!r} are its own. {again}")
    used = [head[name] for name in (n.removesuffix("?") for n in wanted) if name in head]
    dtype: Any = {
        name: str if name.lower() in times or name.lower().endswith("_careunit") else float
        for name in used
    }
    done = 1
    try:
        with (
            _Hashed(path) as stream,
            pd.read_csv(
                io.BufferedReader(stream, _BLOCK), usecols=used, dtype=dtype, chunksize=_PIECE
            ) as reader,
        ):
            for piece in reader:
                piece.columns = piece.columns.str.lower()
                rows = piece[piece["itemid"].isin(list(items))] if items else piece
                yield rows.assign(**{column: _times(rows[column]) for column in times})
                done = piece.index.stop + 1
            note_hash(plain.name, stream.seen.hexdigest())
    except _DAMAGE as error:
        raise ValueError(f"{path} is damaged or cut short ({error}). {again}") from error
    except ValueError as error:
        raise ValueError(
            f"{path}, in the {_PIECE:,} rows from row {done} on: {error}. {again}"
        ) from error


class _Hashed(io.RawIOBase):
    """A table as it is read, decompressed, and its SHA-256 when it was read to the end."""

    def __init__(self, path: Path):
        self._stream: Any = gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # noqa: SIM115
        self.seen = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        n = self._stream.readinto(buffer)
        self.seen.update(memoryview(buffer)[:n])
        return n

    def close(self) -> None:
        self._stream.close()
        super().close()


def table(
    root: Path, name: str, wanted: tuple[str, ...], *, again: str, times: tuple[str, ...] = ()
) -> pd.DataFrame:
    """All rows at once, for the small tables."""
    return pd.concat(list(pieces(root, name, wanted, again=again, times=times)), ignore_index=True)


def _head(path: Path, again: str) -> dict[str, str]:
    """The columns of a table: in lower case, and as they are spelt."""
    try:
        spelt = pd.read_csv(path, nrows=0).columns
    except (*_DAMAGE, ValueError) as error:
        raise ValueError(f"{path} is damaged or cut short ({error}). {again}") from error
    return {str(name).lower(): str(name) for name in spelt}


def _times(text: Any) -> Any:
    stamps = pd.to_datetime(text, format="%Y-%m-%d %H:%M:%S", errors="coerce")
    wrong = (stamps.isna() & text.notna()).to_numpy()
    if wrong.any():
        at = int(wrong.argmax())
        raise ValueError(f"row {text.index[at] + 1} has the time {text.iloc[at]!r}")
    return stamps

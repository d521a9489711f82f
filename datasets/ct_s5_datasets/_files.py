"""Read one file that may also lie there gzipped, and say where to get it where it does not."""

import gzip
import zlib
from pathlib import Path

from ._archives import Limits

_MIB = 2**20


def read_file(root: str | Path, name: str, *, again: str, limits: Limits | None = None) -> bytes:
    """The content of `root/name`, or of `root/name.gz` decompressed; the plain file goes first.

    Args:
        root: The set's own folder.
        name: The provider's name of the file, without `.gz`.
        again: The next step for the reader of an error, such as where to get the file.
        limits: How far a compressed file may grow.

    Raises:
        FileNotFoundError: Neither is there.
        ValueError: The file is an HTML page, cut short, damaged, or a decompression bomb.

    """
    root = Path(root)
    plain, packed = root / name, root / f"{name}.gz"
    if not plain.is_file() and not packed.is_file():
        place = f"in {root}" if root.is_dir() else f"there: {root} is not a folder"
        raise FileNotFoundError(f"Neither {plain.name} nor {packed.name} is {place}. {again}")
    path = plain if plain.is_file() else packed
    content = path.read_bytes()
    start = content[:512].lower()
    if b"<html" in start or b"<!doctype" in start:
        raise ValueError(
            f"{path} is an HTML page, not the file: the download met a login or an error page. "
            f"{again}"
        )
    return content if path is plain else _decompressed(content, path, again, limits or Limits())


def read_lines(
    root: str | Path, name: str, *, again: str, limits: Limits | None = None
) -> list[str]:
    """`read_file` as lines of UTF-8 text, without their ends; damaged bytes become U+FFFD."""
    content = read_file(root, name, again=again, limits=limits)
    return content.decode("utf-8-sig", errors="replace").splitlines()


def _decompressed(content: bytes, path: Path, again: str, limits: Limits) -> bytes:
    unpack = zlib.decompressobj(wbits=31)
    chunks: list[bytes] = []
    total, rest = 0, content
    try:
        while rest:
            chunk = unpack.decompress(rest, _MIB)
            total += len(chunk)
            grown = total > limits.ratio_from and total > limits.ratio * len(content)
            if total > limits.total or grown:
                raise ValueError(
                    f"{path} grows beyond {total / _MIB:.0f} MiB when decompressed; refused as a "
                    f"decompression bomb. {again}"
                )
            chunks.append(chunk)
            rest = unpack.unconsumed_tail
            if unpack.eof:  # a gzip file may hold several members, one after the other
                rest = unpack.unused_data
                unpack = zlib.decompressobj(wbits=31) if rest else unpack
    except (zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} is damaged ({error}). {again}") from error
    if not unpack.eof:
        raise ValueError(
            f"{path} is cut short: {len(content)} bytes hold no whole file, the download did not "
            f"finish. {again}"
        )
    return b"".join(chunks)

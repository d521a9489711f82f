"""Read one file that may also lie there gzipped, and say where to get it where it does not."""

from pathlib import Path

from ._archives import Limits, decompress, is_page
from ._noted import note


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
        raise FileNotFoundError(f"Neither {plain.name} nor {packed.name} is {where(root)}. {again}")
    path = plain if plain.is_file() else packed
    with path.open("rb") as stream:
        start = stream.read(512)
    if is_page(start):
        raise ValueError(
            f"{path} is an HTML page, not the file: the download met a login or an error page. "
            f"{again}"
        )
    if path is plain:
        content = path.read_bytes()
    else:
        content = decompress(path, "file", limits or Limits(), again)
    note(name, content)
    return content


def where(root: Path) -> str:
    """Say in a message where something is not: in this folder, or anywhere, as there is none."""
    return f"in {root}" if root.is_dir() else f"there: {root} is not a folder"


def read_lines(
    root: str | Path, name: str, *, again: str, limits: Limits | None = None
) -> list[str]:
    """`read_file` as `text_lines`."""
    return text_lines(read_file(root, name, again=again, limits=limits))


def text_lines(content: bytes) -> list[str]:
    """Lines of UTF-8 text without their ends; damaged bytes become U+FFFD."""
    return content.decode("utf-8-sig", errors="replace").splitlines()

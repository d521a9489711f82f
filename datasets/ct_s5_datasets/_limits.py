"""What an archive from anywhere may hold before it is refused."""

import re
from dataclasses import dataclass
from pathlib import Path

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """How much one archive or folder may hold before it is refused.

    PhysioNet 2012, the model for the defaults, has 4000 members, 31 MB, ratio 4.7.

    Attributes:
        members: Entries, folders included.
        total: Bytes once decompressed.
        member: Bytes of one member of a .tar.gz.
        ratio: Decompressed over compressed bytes. A real text archive stays below 20; zeros
            reach 1030.
        ratio_from: Decompressed bytes below which the ratio is not judged: tar pads every
            member to 512 bytes, so a small honest archive squeezes well.

    """

    members: int = 20_000
    total: int = 512 * MIB
    member: int = 128 * MIB
    ratio: int = 100
    ratio_from: int = 16 * MIB


def check_growth(total: int, packed: int, path: Path, limits: Limits, again: str) -> None:
    """Refuse a file of `packed` bytes that holds `total` bytes, or as many up to now.

    Raises:
        ValueError: It is a decompression bomb.

    """
    if total > limits.total:
        raise ValueError(
            f"{path} holds more than {limits.total / MIB:g} MiB once decompressed; "
            f"refused as a decompression bomb. {again}"
        )
    if total > limits.ratio_from and total > limits.ratio * packed:
        raise ValueError(
            f"{path} grows more than {limits.ratio}-fold when decompressed; "
            f"refused as a decompression bomb. {again}"
        )


def is_wanted(name: str, wanted: re.Pattern[str]) -> bool:
    """Whether the base name matches; "._p1.csv" is what a Mac keeps beside p1.csv, and never is."""
    base = name.rsplit("/", 1)[-1]
    return not base.startswith("._") and wanted.fullmatch(base) is not None


def check_name(name: str, path: Path, again: str) -> None:
    """Refuse a member whose name leads out of the folder that the archive unpacks to.

    Raises:
        ValueError: It does.

    """
    words = re.split(r"[/\\]", name)
    if words[0] == "" or ".." in words or re.match(r"[A-Za-z]:", name):
        raise ValueError(f"{path}: member {name!r} leaves the archive's folder; refused. {again}")

"""Read 16-bit wav files with the standard library, and put many one after the other."""

import io
import wave
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ._archives import read_members
from ._files import where


def find_source(
    root: str | Path, folders: tuple[str, ...], kinds: tuple[str, ...], archive: str, again: str
) -> Path:
    """The folder of a set's wav files, or the archive that holds them.

    A folder is taken that has files of every kind: some that lie beside the archive are not the
    set. Without an archive it is the folder that has most kinds.

    Args:
        root: The set's own folder.
        folders: Folders inside that hold the files: "." for root itself, "*" for any inside.
        kinds: Patterns of files, such as one a word that is said.
        archive: Pattern of the archive's name.
        again: The next step for the reader of an error.

    Raises:
        FileNotFoundError: Neither is there.
        ValueError: Several archives fit.

    """
    root = Path(root)
    places = [
        place
        for name in folders
        for place in (sorted(root.glob("*")) if name == "*" else [root / name])
    ]
    n_kinds = [sum(any(place.glob(kind)) for kind in kinds) for place in places]
    best = places[n_kinds.index(max(n_kinds))]
    if max(n_kinds) == len(kinds):
        return best
    found = sorted(root.glob(archive))
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise ValueError(f"{root} holds several archives: {names}. Leave one there. {again}")
    if not found and any(best.glob("**/*.wav")):
        return best
    if not found:
        inside = " or ".join(f"{name}/" for name in folders if name not in ".*") or "wav files"
        raise FileNotFoundError(f"Neither {inside} nor {archive} is {where(root)}. {again}")
    return found[0]


def read_waves(source: Path, wanted: str, again: str) -> list[tuple[str, bytes]]:
    """The wav files of a folder or an archive as (name, content), sorted by name."""
    return read_members(source, wanted, again=again)


def samples(content: bytes, place: str, rate: int, again: str) -> np.ndarray:
    """The samples of one wav file of one channel and 16 bits, as int16.

    Raises:
        ValueError: The file is damaged, or of another kind.

    """
    try:
        with wave.open(io.BytesIO(content)) as stream:
            kind = stream.getnchannels(), 8 * stream.getsampwidth(), stream.getframerate()
            promised = stream.getnframes()
            data = stream.readframes(promised)
    except (wave.Error, EOFError) as error:
        raise ValueError(
            f"{place} is damaged, not a readable wav file ({error}). {again}"
        ) from error
    if kind != (1, 16, rate):
        raise ValueError(
            f"{place} has {kind[0]} channel(s) of {kind[1]} bits at {kind[2]} Hz, not 1 of 16 at "
            f"{rate}. {again}"
        )
    if not promised or len(data) != 2 * promised:
        raise ValueError(f"{place} promises {promised} samples and holds {len(data) // 2}. {again}")
    return np.frombuffer(data, dtype="<i2").astype(np.int16)


def joined(waves: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """All waves one after the other, and where each begins and the last one ends."""
    waves = list(waves)
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in waves], dtype=np.int64)])
    return np.concatenate(waves), offsets


def counted(counts: dict[str, object]) -> str:
    """The end of a card."""
    lines = "".join(f"- {what}: {value}\n" for what, value in counts.items())
    return f"\n## Counted in this load\n\n{lines}"

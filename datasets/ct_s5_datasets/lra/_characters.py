"""Texts as numbers of characters; the vocabulary is the training texts' own."""

from collections.abc import Iterable

import numpy as np

SPECIAL = ("<pad>", "<unk>", "<eos>")

_CODES = 0x110000


def count(texts: Iterable[str]) -> np.ndarray:
    """How often each code point occurs."""
    counts = np.zeros(_CODES, dtype=np.int64)
    for text in texts:
        counts += np.bincount(_codes(text), minlength=_CODES)
    return counts


def vocabulary(counts: np.ndarray, least: int) -> tuple[str, ...]:
    """The special tokens, then every character seen `least` times, the most frequent first.

    Raises:
        ValueError: There are more than 65,000 of them.

    """
    known = np.flatnonzero(counts >= max(least, 1))
    if len(known) > 65_000:
        raise ValueError(
            f"{len(known)} characters occur {least} times or more; give a greater least."
        )
    ordered = known[np.lexsort([known, -counts[known]])]
    return (*SPECIAL, *map(chr, ordered.tolist()))


class Numbering:
    """Texts in one vocabulary; each ends in `<eos>` and has at most `most` tokens with it."""

    def __init__(self, tokens: tuple[str, ...], most: int):
        self.dtype = np.uint8 if len(tokens) <= 256 else np.uint16
        self.most = most
        self._number = np.full(_CODES, 1, dtype=self.dtype)
        codes = [ord(token) for token in tokens[len(SPECIAL) :]]
        self._number[codes] = np.arange(len(SPECIAL), len(tokens))

    def write(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """All texts one after the other, and their lengths."""
        cut = [text[: self.most - 1] for text in texts]
        lengths = np.array([len(text) + 1 for text in cut], dtype=np.int64)
        # A zero byte stands for the end for a moment; its number is then <eos>, whatever the text.
        values = self._number[_codes("".join(f"{text}\0" for text in cut))]
        values[np.cumsum(lengths) - 1] = SPECIAL.index("<eos>")
        return values, lengths


def _codes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le"), dtype="<u4").astype(np.int64)

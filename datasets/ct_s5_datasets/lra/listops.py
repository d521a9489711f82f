"""ListOps: what is `[MAX 4 [MIN 2 3 ] 9 ]`? Long Range Arena's task of 500 to 2000 tokens.

Reads the release's files, and those that `generate` of `listops_generator` makes; also the test
set of the original, shorter ListOps. Origin and details: `datasets/cards/lra_listops.md`.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from .._dataset import Column, read_card
from .._ragged import TokenSet
from .._splits import seeded_splits
from ._places import MADE, SOURCE, blocks, task_folder

PARTS = ("lra", "original")
OPERATORS = ("MAX", "MED", "MIN", "SM")
VOCABULARY = (
    "<pad>",
    "<unk>",
    "<eos>",
    *"0123456789",
    *(f"[{operator}" for operator in OPERATORS),
    "]",
)
FILES = {"train": "basic_train.tsv", "validation": "basic_val.tsv", "test": "basic_test.tsv"}

_ORIGINAL = "test_d20s.tsv"
_AGAIN = f"{SOURCE}, or make such files: python -m ct_s5_datasets.lra.listops_generator FOLDER."
_AGAIN_ORIGINAL = (
    "Get it from https://github.com/nyu-mll/spinn, python/spinn/data/listops (licence MIT)."
)
_HEADER = b"Source\tTarget"
# While a text is read each operator is one byte that no text has, so each token is one byte.
_BYTES = dict(zip(OPERATORS, (1, 2, 3, 4), strict=True))
_NUMBER = np.zeros(256, dtype=np.uint8)
_NUMBER[list(b"0123456789")] = np.arange(3, 13)
_NUMBER[list(_BYTES.values())] = np.arange(13, 17)
_NUMBER[ord("]")] = 17
_END = 2
_KNOWN = _NUMBER > 0
_KNOWN[list(b" ()\t\n")] = True


def load(root: str | Path, part: str = "lra") -> TokenSet:
    """Read the three files of the task, or the original's test set.

    Args:
        root: For "lra", the folder with `basic_train.tsv`, `basic_val.tsv` and `basic_test.tsv`
            (gzipped or not), the `listops-1000/` above it or the release's root. For "original",
            the folder with `test_d20s.tsv`.
        part: "lra" or "original".

    Returns:
        Tokens of `VOCABULARY` without parentheses, `<eos>` behind each expression; `labels` is the
        value, 0 to 9. Ids count the expressions as they come: training, validation, test. The
        files' own division is `splits["official"]`.

    Raises:
        FileNotFoundError: A file is absent.
        ValueError: A file is damaged, or the part unknown.

    """
    if part not in PARTS:
        raise ValueError(f"part={part!r}: lra/listops has the parts 'lra' and 'original'.")
    if part == "original":
        folder = Path(root)
        files = {"test": folder / _ORIGINAL}
        again, value_first = _AGAIN_ORIGINAL, True
    else:
        folder = task_folder(root, ("listops-1000", "listops"), holds=FILES["train"], again=_AGAIN)
        files = {name: folder / file for name, file in FILES.items()}
        again, value_first = _AGAIN, False
    read = {name: _read(path, value_first, again) for name, path in files.items()}
    counts = [len(labels) for _, _, labels in read.values()]
    lengths = np.concatenate([lengths for _, lengths, _ in read.values()])
    ids = pd.RangeIndex(sum(counts), name="unique_id")
    labels = pd.Series(
        np.concatenate([labels for _, _, labels in read.values()]), ids, name="value"
    )
    bounds = np.cumsum([0, *counts])
    official = {
        name: np.arange(start, stop)
        for name, start, stop in zip(read, bounds[:-1], bounds[1:], strict=True)
    }
    return TokenSet(
        labels=labels,
        splits={"official": official} | (seeded_splits(ids) if part == "original" else {}),
        card=read_card("lra_listops") + _counted(part, counts, lengths),
        values=np.concatenate([values for values, _, _ in read.values()]),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        vocabulary=VOCABULARY,
        answers=(Column("value", "of the expression, 0 to 9", ""),),
        made=(folder / MADE).is_file(),
    )


def tokenise(expression: str) -> np.ndarray:
    """The token numbers of one expression, parentheses dropped, `<eos>` at the end.

    Raises:
        ValueError: The expression has another word than the vocabulary's.

    """
    values, _, _ = _tokens(f"{expression}\t0\n".encode(), False, "expression", 1, "")
    return values


def _read(path: Path, value_first: bool, again: str) -> tuple[np.ndarray, ...]:
    found = list(_read_blocks(path, value_first, again))
    if not found:
        raise ValueError(f"{path} holds no expression. {again}")
    values, lengths, labels = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return values, lengths, labels


def _read_blocks(path: Path, value_first: bool, again: str) -> Iterator[tuple[np.ndarray, ...]]:
    line = 1
    for block in blocks(path, again):
        text = block.replace(b"\r\n", b"\n")
        n_lines, first = text.count(b"\n"), line
        if line == 1 and not value_first:
            header, _, text = text.partition(b"\n")
            first = 2
            if header != _HEADER:
                raise ValueError(
                    f"{path} does not begin with the header Source<TAB>Target but with "
                    f"{header[:60].decode(errors='replace')!r}. {again}"
                )
        if text:
            yield _tokens(text, value_first, str(path), first, again)
        line += n_lines


def _tokens(text: bytes, value_first: bool, path: str, line: int, again: str):
    """Token numbers, expression lengths and values of whole lines of text."""
    short = text
    for operator, byte in _BYTES.items():
        if (at := text.find(bytes([byte]))) >= 0:
            _refuse(text, text.count(b"\n", 0, at), path, line, again)
        short = short.replace(f"[{operator} ".encode(), bytes([byte, 32]))
    letters = np.frombuffer(short, dtype=np.uint8)
    token = _NUMBER[letters] > 0
    damaged = ~_KNOWN[letters]
    damaged[1:] |= token[1:] & token[:-1]
    if damaged.any():
        _refuse(text, short.count(b"\n", 0, int(damaged.argmax())), path, line, again)
    short = np.frombuffer(short.translate(None, b" ()"), dtype=np.uint8)
    ends = np.flatnonzero(short == ord("\n"))
    starts = np.concatenate([[0], ends[:-1] + 1])
    tabs = np.flatnonzero(short == ord("\t"))
    values_at = starts if value_first else ends - 1
    if len(tabs) != len(ends) or (tabs != (starts + 1 if value_first else ends - 2)).any():
        bad = [i for i, row in enumerate(text.split(b"\n")[:-1]) if not _shaped(row, value_first)]
        _refuse(text, bad[0], path, line, again)
    numbers = _NUMBER[short]
    labels = numbers[values_at].astype(np.int64) - 3
    step = (numbers >= 13).astype(np.int8) - 2 * (numbers == 17)
    depth = np.cumsum(step, dtype=np.int64)
    bad = (labels < 0) | (labels > 9) | (depth[ends] != 0) | (ends - starts < 3)
    bad |= np.minimum.reduceat(depth, starts) < 0
    if bad.any():
        _refuse(text, int(bad.argmax()), path, line, again)
    kept = numbers.copy()
    # Each line has one tab, one value and one end too many; the end of the line becomes <eos>.
    keep = np.ones(len(short), dtype=bool)
    keep[tabs] = keep[values_at] = False
    kept[ends] = _END
    return kept[keep], ends - starts - 1, labels


def _shaped(row: bytes, value_first: bool) -> bool:
    cells = row.split(b"\t")
    value = cells[0 if value_first else -1].strip()
    return len(cells) == 2 and len(value) == 1 and value.isdigit()


def _refuse(text: bytes, row: int, path: str, line: int, again: str) -> None:
    shown = text.split(b"\n", row + 1)[row].decode(errors="replace")
    shown = shown if len(shown) < 100 else f"{shown[:45]}...{shown[-45:]}"
    raise ValueError(
        f"{path}, line {line + row}: {shown!r} is not an expression of "
        f"{' '.join(VOCABULARY[3:])} and a value from 0 to 9 with a tab between. {again}".rstrip()
    )


def _counted(part: str, counts: list[int], lengths: np.ndarray) -> str:
    low, middle, high = np.quantile(lengths - 1, [0, 0.5, 1]).astype(int)
    return (
        "\n## Counted in this load\n\n"
        f"- part: {part}\n- expressions a file: {', '.join(map(str, counts))}\n"
        f"- tokens an expression, <eos> aside: {low} to {high}, median {middle}\n"
    )

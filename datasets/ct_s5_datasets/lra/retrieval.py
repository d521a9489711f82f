"""Retrieval: does one paper cite the other? Two texts a question, character by character.

Reads the release's files of pairs from the ACL Anthology Network (AAN). Origin and details:
`datasets/cards/lra_retrieval.md`.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .._arrays import Splits
from .._dataset import Column, read_card
from .._protocol import Protocol
from .._ragged import TokenSet
from ._characters import Numbering, count, vocabulary
from ._places import SOURCE, blocks, task_folder

FILES = {
    "train": "new_aan_pairs.train.tsv",
    "validation": "new_aan_pairs.eval.tsv",
    "test": "new_aan_pairs.test.tsv",
}

_ANSWERS = {"0.0": 0, "1.0": 1, "0": 0, "1": 1}
_AGAIN = f"{SOURCE}."
_LABEL = Column("cites", "1: one of the two papers cites the other", "")


class Pairs(NamedTuple):
    """The two texts of each question: question k is text k of `first` and text k of `second`.

    Both have the same labels, splits, vocabulary and manifest. It unpacks into the two, so `len` of
    it is 2; `len(pairs.labels)` is the number of questions.
    """

    first: TokenSet
    second: TokenSet

    @property
    def labels(self) -> pd.Series:
        """The answers, of both sides."""
        return self.first.labels

    @property
    def splits(self) -> Splits:
        """Of both sides."""
        return self.first.splits

    @property
    def static(self) -> None:
        """Nothing is known of the papers."""

    @property
    def groups(self) -> None:
        """Nobody: which questions share a paper is not kept."""

    @property
    def name(self) -> str:
        """What the pairs were loaded as."""
        return self.first.name

    @property
    def asked(self) -> Mapping[str, Any]:
        """What was asked for beyond the name."""
        return self.first.asked

    @property
    def files(self) -> Mapping[str, str]:
        """Bare name of each raw file -> SHA-256 of its content."""
        return self.first.files

    @property
    def made(self) -> bool:
        """The files are the provider's."""
        return self.first.made

    @property
    def doubt(self) -> str:
        """Why the files seem not to be whole."""
        return self.first.doubt

    @property
    def schema(self) -> dict[str, Column]:
        """Of both sides."""
        return self.first.schema

    @property
    def card(self) -> str:
        """Of both sides."""
        return self.first.card

    @property
    def split(self) -> Mapping[str, np.ndarray]:
        """The protocol's own split."""
        return self.first.split

    @property
    def protocol(self) -> Protocol | None:
        """The rules the pairs were loaded under."""
        return self.first.protocol

    def frame(self, ids: Any) -> pd.DataFrame:
        """Chosen first texts as a long frame; `second.frame(ids)` has the others."""
        return self.first.frame(ids)

    def scaled(self, ids: Any) -> pd.DataFrame:
        """Chosen first texts as the protocol scales them; `second.scaled(ids)` has the others."""
        return self.first.scaled(ids)

    @property
    def scaling(self) -> pd.DataFrame:
        """`shift` and `scale` of each channel, of both sides."""
        return self.first.scaling

    def manifest(self) -> dict[str, Any]:
        """All that fixes a score on these pairs; see `Manifested`."""
        return self.first.manifest()

    @property
    def manifest_hash(self) -> str:
        """SHA-256 of the manifest."""
        return self.first.manifest_hash

    def cite(self) -> dict[str, str]:
        """Name and hash, for a results file."""
        return self.first.cite()

    def with_origin(self, **changed: Any) -> "Pairs":
        """The same pairs with another name, protocol, splits or files."""
        return Pairs(*(side.with_origin(**changed) for side in self))


def load(root: str | Path, most: int = 4000, least: int = 1) -> Pairs:
    """Read the pairs of training, validation and test.

    The files are read in blocks, the training file twice, first for its characters: texts of
    gigabytes are never held as a whole, only their tokens, a byte each.

    Args:
        root: The folder with `new_aan_pairs.{train,eval,test}.tsv` (gzipped or not), the one with
            `tsv_data/`, or the release's root.
        most: Tokens a text, `<eos>` included; longer ones are cut at the end.
        least: Characters rarer than this in the training texts, as cut, become `<unk>`.

    Returns:
        `labels` is 1 where one of the two cites the other. Ids count the pairs as they come:
        training, validation, test. The files' own division is `splits["official"]`.

    Raises:
        FileNotFoundError: A file is absent.
        ValueError: A line is damaged.

    """
    if most < 2 or least < 1:
        raise ValueError(f"most={most}, least={least}: give most 2 or above, least 1 or above.")
    folder = task_folder(root, ("tsv_data",), holds=FILES["train"], again=_AGAIN)
    paths = {part: folder / name for part, name in FILES.items()}
    tokens = vocabulary(count(_cut(paths["train"], most)), least)
    numbering = Numbering(tokens, most)
    labels: list[int] = []
    sides: tuple[list, list] = ([], [])
    official, start = {}, 0
    for part, path in paths.items():
        for answers, *texts in _lines(path):
            labels += answers
            for side, its in zip(sides, texts, strict=True):
                side.append(numbering.write(its))
        if len(labels) == start:
            raise ValueError(f"{path} holds no pair. {_AGAIN}")
        official[part] = np.arange(start, len(labels))
        start = len(labels)
    answers = pd.Series(
        np.array(labels), pd.RangeIndex(len(labels), name="unique_id"), name="cites", dtype="int64"
    )
    card = read_card("lra_retrieval") + (
        f"\n## Counted in this load\n\n- pairs a file: "
        f"{', '.join(str(len(ids)) for ids in official.values())}\n"
        f"- kinds of tokens: {len(tokens)}\n"
    )
    torn = [path for path in paths.values() if _torn(path)]
    doubt = f"{torn[0]} ends inside a line: its last text may be cut short." if torn else ""
    both = []
    for side in sides:
        values, lengths = (np.concatenate(arrays) for arrays in zip(*side, strict=True))
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        both.append(
            TokenSet(
                answers,
                {"official": official},
                card,
                values,
                offsets,
                tokens,
                answers=(_LABEL,),
                doubt=doubt,
            )
        )
    return Pairs(*both)


def _cut(path: Path, most: int) -> Iterator[str]:
    for _, *sides in _lines(path):
        for texts in sides:
            yield "".join(text[: most - 1] for text in texts)


def _torn(path: Path) -> bool:
    """Whether a file ends inside a line; of a gzipped one gzip tells."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) != b"\n"


def _lines(path: Path) -> Iterator[tuple[list[int], list[str], list[str]]]:
    """Answers, first and second texts of a block of lines.

    Quotation marks are characters like others in these files, and only a line feed ends a line:
    a reader that unquotes, or that splits at every sign Unicode calls a line's end, tears pairs.
    """
    number = 0
    for block in blocks(path, _AGAIN):
        answers: list[int] = []
        first: list[str] = []
        second: list[str] = []
        for line in block.decode("utf-8", errors="replace").split("\n")[:-1]:
            number += 1
            cells = line.removesuffix("\r").split("\t")
            if len(cells) != 5 or cells[0] not in _ANSWERS:
                raise ValueError(
                    f"{path}, line {number}: {line[:60]!r} is not 0.0 or 1.0, two ids and two "
                    f"texts with tabs between; it has {len(cells)} cell(s). {_AGAIN}"
                )
            answers.append(_ANSWERS[cells[0]])
            first.append(cells[3])
            second.append(cells[4])
        yield answers, first, second

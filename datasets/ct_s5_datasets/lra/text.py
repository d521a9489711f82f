"""Text: is a film review good or bad, read character by character?

Reads the folders of the Large Movie Review Dataset (IMDB). Origin and details:
`datasets/cards/lra_text.md`.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from .._archives import Limits, read_members
from .._dataset import Column, read_card
from .._ragged import TokenSet
from .._splits import seeded_splits
from ._characters import Numbering, count, vocabulary

_NAME = re.compile(r"(?:.*/)?(?:train|test)/(?:pos|neg)/[0-9]+_[0-9]+\.txt")
_LIMITS = Limits(members=250_000, total=2**30)
_ARCHIVE = "aclImdb_v1.tar.gz"
_AGAIN = (
    "Get aclImdb_v1.tar.gz from https://ai.stanford.edu/~amaas/data/sentiment/ (no licence is "
    "stated there)."
)


def load(root: str | Path, most: int = 4096, least: int = 15) -> TokenSet:
    """Read all reviews that have a label.

    Args:
        root: Folder with `train/` and `test/`, with `aclImdb/`, or with `aclImdb_v1.tar.gz`, which
            is read where the folders do not have reviews of both kinds in both parts.
        most: Tokens a review, `<eos>` included; longer ones are cut at the end.
        least: Characters rarer than this in the training reviews, as cut, become `<unk>`.

    Returns:
        `labels` is 1 for a good review; ids are such as "train/pos/0_9". `splits["official"]` is
        the provider's own, train and test.

    Raises:
        FileNotFoundError: No reviews are there.
        ValueError: A review is there twice, is not UTF-8, or one of the parts is missing.

    """
    if most < 2 or least < 1:
        raise ValueError(f"most={most}, least={least}: give most 2 or above, least 1 or above.")
    root = Path(root)
    places = (root / "aclImdb", root / _ARCHIVE, root)
    there = [place for place in places if place.exists()]
    source = next((place for place in there if place.is_file() or _has_all(place)), None)
    source = source or next(iter(there), None)
    texts: dict[str, str] = {}
    for path, content in [] if source is None else _labelled(source):
        name = "/".join(path.removesuffix(".txt").split("/")[-3:])
        if name in texts:
            raise ValueError(f"{source}: review {name} is there twice. Keep one. {_AGAIN}")
        try:
            texts[name] = content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"{source}: {path} is not UTF-8 ({error}). {_AGAIN}") from error
    texts = dict(sorted(texts.items()))
    trained = np.array([name.startswith("train/") for name in texts], dtype=bool)
    if not trained.any() or trained.all():
        raise FileNotFoundError(
            f"{root} has no train/ or no test/ with pos/<id>_<stars>.txt and neg/. {_AGAIN}"
        )
    train = "".join(text[: most - 1] for name, text in texts.items() if name.startswith("train/"))
    tokens = vocabulary(count([train]), least)
    values, lengths = Numbering(tokens, most).write(list(texts.values()))
    ids = pd.Index(list(texts), name="unique_id")
    names = ids.to_numpy(dtype=object)
    good = [int("/pos/" in name) for name in texts]
    cut = sum(len(text) > most - 1 for text in texts.values())
    return TokenSet(
        labels=pd.Series(good, ids, name="good", dtype="int64"),
        splits={
            "official": {"train": names[trained], "test": names[~trained]},
            **seeded_splits(names),
        },
        card=read_card("lra_text")
        + f"\n## Counted in this load\n\n- train: {trained.sum()}\n- test: {(~trained).sum()}\n"
        + f"- kinds of tokens: {len(tokens)}\n- reviews cut at {most} tokens: {cut}\n",
        values=values,
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        vocabulary=tokens,
        answers=(Column("good", "1: the review is good; 0: bad", ""),),
    )


def _has_all(folder: Path) -> bool:
    kinds = ("train/pos", "train/neg", "test/pos", "test/neg")
    return all(any(folder.glob(f"**/{kind}/[!.]*.txt")) for kind in kinds)


def _labelled(source: Path) -> list[tuple[str, bytes]]:
    """The reviews that have a label: those in train/unsup have none, and are left out."""
    name = r"[0-9]+_[0-9]+\.txt"
    return read_members(source, name, again=_AGAIN, limits=_LIMITS, under=_NAME)

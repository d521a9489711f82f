"""Long Range Arena as S5 is trained and scored on it: all six tasks."""

from typing import Any

from .._normaliser import Normaliser
from .._protocol import Protocol

_SHARED: dict[str, Any] = {
    "key": "@s5",
    "metric": "accuracy on test",
    "source": "Smith, Warrington & Linderman 2023, arXiv:2208.04933",
}
_HALF = Normaliser("fixed", shift=0.5, scale=0.5)

PROTOCOLS = (
    Protocol(
        **_SHARED,
        set="lra/listops",
        status="exact",
        task="Up to 2048 tokens, padded, are seen: which of ten digits is the value?",
        split="official",
        sizes={"train": 96_000, "validation": 2000, "test": 2000},
        differs="Tokens have other numbers. Files made by this package's generator are other "
        "expressions of the same distribution; their hashes tell.",
    ),
    Protocol(
        **_SHARED,
        set="lra/text",
        status="exact",
        task="Up to 4096 characters, <eos> included, are seen: is the review good?",
        split="official",
        sizes={"train": 25_000, "test": 25_000},
        asks={"most": 4096, "least": 15},
        selection="test",
    ),
    Protocol(
        **_SHARED,
        set="lra/retrieval",
        status="rebuilt",
        task="Up to 4000 characters of each of two papers, <eos> included, are seen: does one cite "
        "the other?",
        split="official",
        asks={"most": 4000, "least": 1},
        differs="S5 reads the files with quotation marks as quotes: it drops some, and may join or "
        "tear lines. Here they are characters, as the makers of the files read them.",
    ),
    Protocol(
        **_SHARED,
        set="lra/image",
        status="exact",
        task="1024 grey pixels are seen, row by row: which of ten classes is it?",
        split="s5@1",
        sizes={"train": 45_000, "validation": 5000, "test": 10_000},
        seed=(42,),
        normaliser=Normaliser("fixed", shift=122.6 / 255, scale=61.0 / 255),
    ),
    *(
        Protocol(
            **_SHARED,
            set=f"lra/{name}",
            status="exact",
            task=f"{side * side:,} grey pixels are seen, row by row: are the dots on one path?",
            split="s5@1",
            seed=(42,),
            normaliser=_HALF,
            asks={"side": side, "difficulty": "hard"},
            differs="Images made by this package's generator are others of the same kind; their "
            "hash tells.",
        )
        for name, side in (("pathfinder", 32), ("pathx", 128))
    ),
)

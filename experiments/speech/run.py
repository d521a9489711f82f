"""Trained at one rate, tested at half of it without another look: who is told that time runs on?

Compared   S5 with true gaps (zoh, async, foh); S4 and GRU, which take no gaps; width 64, 2 layers.
Same       recordings, split, epochs, size of the networks within a tenth.
Run        python -m experiments.speech.run [SET] [MODEL ...]
           SET is one of `SETS`, by default digits-2khz, and MODEL any of `MODELS`, left out those
           of the set. "digits" takes hours on two cores. "commands" needs the files of Speech
           Commands, and takes days.
           A stopped run goes on: finished ones stand in out/speech.
Result     results/<set>.json, the table of README.md by `python -m experiments.speech.table`.
"""

import pathlib
from collections.abc import Callable
from typing import Any

from ct_s5.lab import compare
from experiments.data import load
from experiments.words import asked_names

RESULTS = pathlib.Path(__file__).parent / "results"
# Two run at once; S4 takes as long as the three others.
FOUR = ("s5", "gru", "s5-async", "s4")
MODELS = (*FOUR, "s5-foh")
JOBS = 2
# One channel that is always there: its value is all there is to see of it.
KEYWORDS: dict[str, Any] = {
    "width": 64,
    "states": 64,
    "depth": 2,
    "inputs": ("value",),
    "pooling": "mean",
    "max_epochs": 15,
    "patience": 15,
    "learning_rate": 4e-3,
    "weight_decay": 0.05,
    "dropout": 0.1,
    "batch_size": 32,
    # Samples are a model unit apart: the slowest states remember a second of 8000.
    "timescale": (1e-3, 1e-1),
}
# As S5's authors set it for Speech Commands: with states in blocks of eight none turns by more than
# two radians from a sample to the next, where one block of 64 turns by up to a hundred.
BLOCKS = KEYWORDS | {"n_blocks": 8, "norm": "batch", "batch_size": 16, "learning_rate": 8e-3}


def digits():
    """Free Spoken Digits: 3000 recordings of six people, 8 kHz."""
    found = load("spoken_digits")
    return found, found.splits["seeded-0"], found.frame(found.labels.index)


def digits_at_2khz():
    """The same, every fourth sample of it: what two busy cores train on in half an hour."""
    found, split, frame = digits()
    return found, split, frame[frame.groupby("unique_id").cumcount() % 4 == 0]


def commands():
    """Speech Commands: 105,829 recordings of 35 words, 16 kHz."""
    found = load("speech_commands/s5-35@1")
    return found, found.splits["s5-35@1"], found.frame(found.labels.index)


# What is read, how networks are set, who runs where none is named, and how often.
SETS: dict[str, tuple[Callable[[], Any], dict[str, Any], tuple[str, ...], int]] = {
    "digits-2khz": (digits_at_2khz, KEYWORDS, FOUR, 1),
    "digits": (digits, KEYWORDS, FOUR, 1),
    "digits-blocks": (digits, BLOCKS, ("s5-foh", "s5", "s4", "gru"), 1),
    "digits-thinned": (digits, BLOCKS | {"thinning": 0.3}, ("s5-foh", "s5"), 2),
    "commands": (commands, BLOCKS, MODELS, 1),
}


def main(words: list[str]) -> None:
    """Run sets by name, the small one by default, with the models that are named."""
    named = tuple(word for word in words if word in MODELS)
    names = [word for word in words if word not in MODELS]
    for name in names or ["digits-2khz"]:
        read, keywords, usual, seeds = SETS[name]
        models = named or usual
        found, split, frame = read()
        comparison = compare(
            frame,
            found.labels,
            split=split,
            models=models,
            treatments=("true",),
            corruptions=("rate=2",),
            corrupt_at="test",
            seeds=seeds,
            jobs=JOBS,
            task="classify",
            store=pathlib.Path("out/speech") / f"{name}.jsonl",
            command=" ".join(("python -m experiments.speech.run", name, *models)),
            progress=True,
            **keywords,
        )
        comparison.settings["data_set"] = found.cite()
        comparison.to_json(RESULTS / f"{name}.json")
        print(comparison, flush=True)


if __name__ == "__main__":
    main(asked_names("python -m experiments.speech.run", __doc__, [*SETS, *MODELS], "SET or MODEL"))

"""Trained at one rate, tested at half of it without another look: who is told that time runs on?

Compared   S5 with true gaps (zoh, async), S4 and GRU, which take no gaps; width 64, two layers.
Same       recordings, split, epochs, size of the networks within a tenth.
Run        CT_S5_SHARED_DATA=... python -m experiments.speech.run [SET] [MODEL ...]
           SET is digits-2khz, digits or commands, MODEL any of the four; left out, all of them.
           "digits" takes hours on two cores. "commands" needs the files of Speech Commands, and
           takes days.
           A stopped run goes on: finished ones stand in out/speech.
Result     results/<set>.json, the table of README.md by `python -m experiments.speech.table`.
"""

import os
import pathlib
import sys
from typing import Any

import ct_s5_datasets
from ct_s5.lab import compare

RESULTS = pathlib.Path(__file__).parent / "results"
# Two run at once; S4 takes as long as the three others.
MODELS = ("s5", "gru", "s5-async", "s4")
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


def digits():
    """Free Spoken Digits: 3000 recordings of six people, 8 kHz."""
    root = pathlib.Path(os.environ["CT_S5_SHARED_DATA"]) / "fsdd"
    found = ct_s5_datasets.load("spoken_digits", root=root)
    return found, found.splits["seeded-0"], found.frame(found.labels.index)


def digits_at_2khz():
    """The same, every fourth sample of it: what two busy cores train on in half an hour."""
    found, split, frame = digits()
    return found, split, frame[frame.groupby("unique_id").cumcount() % 4 == 0]


def commands():
    """Speech Commands: 105,829 recordings of 35 words, 16 kHz."""
    found = ct_s5_datasets.load("speech_commands/s5-35@1")
    return found, found.splits["s5-35@1"], found.frame(found.labels.index)


SETS = {"digits-2khz": digits_at_2khz, "digits": digits, "commands": commands}


def main(words: list[str]) -> None:
    """Run sets by name, the small one by default, with the models that are named, or all."""
    models = tuple(word for word in words if word in MODELS) or MODELS
    names = [word for word in words if word not in MODELS]
    for name in names or ["digits-2khz"]:
        found, split, frame = SETS[name]()
        comparison = compare(
            frame,
            found.labels,
            split=split,
            models=models,
            treatments=("true",),
            corruptions=("rate=2",),
            corrupt_at="test",
            seeds=1,
            jobs=JOBS,
            task="classify",
            store=pathlib.Path("out/speech") / f"{name}.jsonl",
            command=" ".join(("python -m experiments.speech.run", name, *models)),
            progress=True,
            **KEYWORDS,
        )
        comparison.settings["data_set"] = found.cite()
        comparison.to_json(RESULTS / f"{name}.json")
        print(comparison, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

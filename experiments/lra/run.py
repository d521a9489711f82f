"""How far does S5 with its published settings come on Long Range Arena, built from this library?

Compared   six tasks, one run a seed, against the accuracies that S5's paper reports.
Same       sizes, optimiser, schedule and splits as published; see README.md for what differs.
Run        python -m experiments.lra.run listops [--root FOLDER] [--preset tiny] [--seed 0 1 2]
Result     the tables in README.md here, made by `python -m experiments.lra.table`.

ListOps, Pathfinder and Path-X are generated where no --root is given. Stop a run with Ctrl-C, or
let it be killed: the same command goes on with it.
"""

import argparse
import dataclasses
import math
import os
import pathlib
from typing import Any

from experiments.lra import examples, recipe
from experiments.lra.train import train
from experiments.record import record

RESULTS = pathlib.Path(__file__).parent / "results"


def main(words: list[str] | None = None) -> dict[str, Any]:
    asked = _parser().parse_args(words)
    settings = recipe.read(asked.task, asked.preset, asked.epochs)
    root = asked.root
    if root is None:
        root = examples.generated(settings.data, asked.work / "data", asked.processes)
    else:
        # Given files are not the generator's: its arguments say nothing about them.
        data = dataclasses.replace(settings.data, generator=None)
        settings = dataclasses.replace(settings, data=data)
    data = examples.load(settings.data, root)
    parts = (asked.task, asked.preset, asked.epochs and f"{asked.epochs}-epochs")
    # Without the limit: a run may be given more time, and then goes on from the same checkpoint.
    stem = "-".join(filter(None, parts))
    name = f"{stem}-{asked.minutes:g}-minutes" if asked.minutes else stem
    most_seconds = 60 * asked.minutes if asked.minutes else math.inf

    def run(seed: int) -> dict[str, Any]:
        checkpoint = asked.work / f"{stem}-{seed}.safetensors"
        return train(settings, data, seed, checkpoint, most_seconds=most_seconds)

    held = f", {settings.data.held_out:.0%} of train held out" if settings.data.held_out else ""
    protocol: dict[str, Any] = {
        "name": f"{settings.data.set}, {settings.data.split}{held}",
        "hash": data.digest,
        "data": dict(data.origin),
    }
    told = dataclasses.asdict(settings) | ({"minutes": asked.minutes} if asked.minutes else {})
    return record(run, told, protocol, asked.seed, asked.out / f"{name}.json")


def _parser() -> argparse.ArgumentParser:
    told = argparse.ArgumentParser(
        prog="python -m experiments.lra.run",
        description="Train on a task of Long Range Arena with S5's published settings.",
    )
    told.add_argument("task", choices=recipe.TASKS)
    told.add_argument("--root", type=pathlib.Path, help="folder of the task's files")
    told.add_argument("--preset", help="tiny or small; the published settings when left out")
    told.add_argument("--epochs", type=int, help="in place of the settings' own number")
    told.add_argument("--minutes", type=float, help="of training at most; then it is scored")
    told.add_argument("--seed", type=int, nargs="+", default=[0])
    told.add_argument("--out", type=pathlib.Path, default=RESULTS, help="folder of results files")
    told.add_argument(
        "--work",
        type=pathlib.Path,
        default=pathlib.Path("out/lra"),
        help="folder of checkpoints and generated data",
    )
    told.add_argument(
        "--processes", type=int, default=os.cpu_count() or 1, help="that generate data"
    )
    return told


if __name__ == "__main__":
    main()

"""Is S5's result on irregular films of a pendulum reproduced, and how far below it can S5 come?

Compared   S5 as published, told the gap as an input, not told it, with readings left out in
           training, our best causal S5 of about its size; one that sees both ways stands apart.
Same       films, split, encoder, heads, optimiser; validation chooses the epoch, the test films
           are read once a seed.
Run        python -m experiments.pendulum.run [ROW[:SEED] ...] [--seeds 5]
Result     the tables in README.md here, made by `python -m experiments.pendulum.table`.

Stop a run with Ctrl-C, or let it be killed: the same command goes on with it, at most ten epochs
back.
"""

import argparse
import dataclasses
import pathlib
from collections.abc import Iterator

from experiments.pendulum import films
from experiments.pendulum.recipe import ROWS, TRIALS
from experiments.pendulum.train import train
from experiments.record import record

RESULTS = pathlib.Path(__file__).parent / "results"
_ALL = ROWS | TRIALS


def main(words: list[str] | None = None) -> None:
    """Run what is asked for: the first seed of every row before the second of any."""
    asked = _parser().parse_args(words)
    parts, protocol = films.load()
    for row, seed in _in_turn(asked.rows or list(ROWS), asked.seeds):
        recipe = _ALL[row]
        # A trial only helps to choose: it never sees the test films.
        seen = {name: part for name, part in parts.items() if name != "test" or row in ROWS}

        def run(seed: int, row=row, recipe=recipe, seen=seen):
            return train(recipe, seen, seed, asked.work / f"{row}-{seed}.safetensors")

        asked.out.mkdir(parents=True, exist_ok=True)
        told = dataclasses.asdict(recipe)
        record(run, told, protocol, [seed], asked.out / f"{row}.json")


def _in_turn(rows: list[str], n_seeds: int) -> Iterator[tuple[str, int]]:
    asked = [(row, seed) for seed in range(n_seeds) for row in rows if ":" not in row]
    asked += [(row.split(":")[0], int(row.split(":")[1])) for row in rows if ":" in row]
    for row, _ in asked:
        if row not in _ALL:
            raise SystemExit(f"There is no row {row!r}; there are {', '.join(_ALL)}.")
    yield from asked


def _parser() -> argparse.ArgumentParser:
    told = argparse.ArgumentParser(
        prog="python -m experiments.pendulum.run", description="Train rows of the table."
    )
    told.add_argument(
        "rows", nargs="*", help="rows, or ROW:SEED for one run; by default all the table has"
    )
    told.add_argument("--seeds", type=int, default=5, help="how many of each row without :SEED")
    told.add_argument("--out", type=pathlib.Path, default=RESULTS, help="folder of results files")
    told.add_argument(
        "--work",
        type=pathlib.Path,
        default=pathlib.Path("out/pendulum"),
        help="folder of checkpoints",
    )
    return told


if __name__ == "__main__":
    main()

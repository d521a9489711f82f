"""Do true gaps beat equal ones and a regular grid, on five real sets named beforehand?

Compared   one S5 (the estimator's defaults but for learning rate and batch size) told the true
           gaps, equal gaps, the gaps as a channel, or put on a grid of as many points as readings.
Same       split, seed of the weights, epochs, everything else of a seed.
Run        python -m experiments.true_gaps.run [PROBLEM ...]
           A stopped run goes on: finished ones stand in out/true_gaps.
Result     results/<problem>.json; the tables of README.md and docs/index.md by
           `python -m experiments.true_gaps.table`.
"""

import pathlib
import warnings

from ct_s5.lab import compare
from experiments.true_gaps.problems import PROBLEMS
from experiments.words import asked_names

RESULTS = pathlib.Path(__file__).parent / "results"
TREATMENTS = (
    "true",
    "equal",
    "appended",
    "resample-last",
    "resample-linear",
    "resample-mean",
)
N_SEEDS = 5


def main(names: list[str]) -> None:
    """Run problems by name, all by default: results are written after every seed."""
    run(names, N_SEEDS, RESULTS, "python -m experiments.true_gaps.run", treatments=TREATMENTS)


def run(names: list[str], seeds: int, results: pathlib.Path, command: str, **keywords) -> None:
    """Compare on problems by name, by default all: the first seed of each before any second.

    Args:
        names: Of `PROBLEMS`.
        seeds: How many.
        results: Folder of the results files; finished runs also stand in `out/`.
        command: What to type to get this again, but for the problem's name.
        **keywords: Of `compare`.
    """
    warnings.filterwarnings("ignore", message=".* have no reading at all")
    problems = {name: PROBLEMS[name]() for name in names or PROBLEMS}
    for n_seeds in range(1, seeds + 1):
        for name, problem in problems.items():
            found = compare(
                problem.frame,
                problem.labels,
                static=problem.static,
                groups=problem.groups,
                seeds=n_seeds,
                store=pathlib.Path("out/true_gaps") / f"{name}.jsonl",
                command=f"{command} {name}",
                progress=True,
                **keywords,
                **problem.keywords,
            )
            found.to_json(results / f"{name}.json")
            print(problem.title, found, sep="\n", end="\n\n", flush=True)


if __name__ == "__main__":
    main(asked_names("python -m experiments.true_gaps.run", __doc__, PROBLEMS, "PROBLEM"))

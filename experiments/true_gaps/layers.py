"""Is it the layer, or the data? Other layers that see gaps, given true ones and equal ones.

Compared   GRU-D, LinOSS and a Transformer with an encoding of time beside S5, each told the true
           gaps or equal gaps; networks of one size within a tenth. No Transformer on the wearable:
           it compares all pairs of a trial's up to 4638 rows, and a run had not ended after
           24 minutes of a core.
Same       the five sets of `run.py`; split, seed of the weights, epochs, everything else of a seed.
Run        python -m experiments.true_gaps.layers [PROBLEM ...]
           A stopped run goes on: finished ones stand in out/true_gaps.
Result     results/layers/<problem>.json; the table of README.md by
           `python -m experiments.true_gaps.table`.
"""

from experiments.true_gaps.problems import PROBLEMS
from experiments.true_gaps.run import RESULTS, run
from experiments.words import asked_names

# Gaps in three other ways: a learned decay, an oscillator's step, distances in time.
MODELS = ("s5", "gru-d", "linoss", "transformer")  # the last is the dearest
COMMAND = "python -m experiments.true_gaps.layers"
N_SEEDS = 3


def main(names: list[str]) -> None:
    """Run problems by name, all by default: results are written after every seed."""
    asked = list(names or PROBLEMS)
    shorter = [name for name in asked if name != "wearable"]
    longer = [name for name in asked if name == "wearable"]
    for some, models in ((shorter, MODELS), (longer, MODELS[:-1])):
        if some:
            told = {"models": models, "treatments": ("true", "equal")}
            run(some, N_SEEDS, RESULTS / "layers", COMMAND, **told)


if __name__ == "__main__":
    main(asked_names(COMMAND, __doc__, PROBLEMS, "PROBLEM"))

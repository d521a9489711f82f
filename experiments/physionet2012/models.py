"""Every model of the lab on in-hospital mortality, under `physionet2012/mtan-classif@1`.

Compared   all of `ct_s5.lab.MODELS`, told the true gaps; networks of one size within a tenth.
Same       the protocol's split, epochs, everything else of a seed; validation chooses the epoch.
Run        python -m experiments.physionet2012.models
           A stopped run goes on: finished ones stand in out/physionet2012.
Result     results/models.json, the table of README.md by
           `python -m experiments.physionet2012.table`.
"""

import pathlib

from experiments.data import load
from experiments.every_model import every_model

RESULTS = pathlib.Path(__file__).parent / "results"
N_SEEDS = 3
KEYWORDS = {"max_epochs": 20, "patience": 6, "batch_size": 64, "learning_rate": 2e-3}


def main() -> None:
    """Run every model, the first seed of all before any second."""
    data = {"models": load("physionet2012/mtan-classif@1")}
    command = "python -m experiments.physionet2012.models"
    every_model(data, RESULTS, N_SEEDS, command, task="classify", score="auroc", **KEYWORDS)


if __name__ == "__main__":
    main()

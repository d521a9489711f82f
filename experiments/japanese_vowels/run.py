"""Every model of the lab on one small ragged set, with 30, 50 and 70 % of the rows dropped.

Compared   all of `ct_s5.lab.MODELS`, told the true gaps; networks of one size within a tenth.
Same       the protocol's split, epochs, everything else of a seed.
Run        python -m experiments.japanese_vowels.run [50 30 70]
           A stopped run goes on: finished ones stand in out/japanese_vowels.
Result     results/drop-<rate>.json, the table of README.md by
           `python -m experiments.japanese_vowels.table`.
"""

import pathlib

from experiments.data import load
from experiments.every_model import every_model
from experiments.words import asked_names

RESULTS = pathlib.Path(__file__).parent / "results"
RATES = ("50", "30", "70")
N_SEEDS = 5
# Series of 4 to 20 rows: small networks, and enough epochs for all of them.
KEYWORDS = {"width": 40, "states": 40, "max_epochs": 60, "patience": 15, "learning_rate": 2e-3}


def main(rates: list[str]) -> None:
    """Run rates, all by default."""
    data = {f"drop-{rate}": load(f"uea/japanese-vowels-drop-{rate}@1") for rate in rates or RATES}
    command = f"python -m experiments.japanese_vowels.run {' '.join(rates)}".strip()
    every_model(data, RESULTS, N_SEEDS, command, task="classify", **KEYWORDS)


if __name__ == "__main__":
    main(asked_names("python -m experiments.japanese_vowels.run", __doc__, RATES, "RATE"))

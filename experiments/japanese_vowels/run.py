"""Every model of the lab on one small ragged set, with 30, 50 and 70 % of the rows dropped.

Compared   all of `ct_s5.lab.MODELS`, told the true gaps; networks of one size within a tenth.
Same       the protocol's split, epochs, everything else of a seed.
Run        CT_S5_SHARED_DATA=... python -m experiments.japanese_vowels.run [50 30 70]
           A stopped run goes on: finished ones stand in out/japanese_vowels.
Result     results/drop-<rate>.json, the table of README.md by
           `python -m experiments.japanese_vowels.table`.
"""

import os
import pathlib
import sys

import ct_s5_datasets
from ct_s5.lab import MODELS, compare

RESULTS = pathlib.Path(__file__).parent / "results"
RATES = ("50", "30", "70")
N_SEEDS = 5
# Series of 4 to 20 rows: small networks, and enough epochs for all of them.
KEYWORDS = {"width": 32, "states": 32, "max_epochs": 60, "patience": 15, "learning_rate": 2e-3}


def main(rates: list[str]) -> None:
    """Run rates, all by default: the first seed of each before the second of any."""
    root = pathlib.Path(os.environ["CT_S5_SHARED_DATA"]) / "uea"
    rates = rates or list(RATES)
    names = {rate: f"uea/japanese-vowels-drop-{rate}@1" for rate in rates}
    data = {rate: ct_s5_datasets.load(name, root=root) for rate, name in names.items()}
    for n_seeds in range(1, N_SEEDS + 1):
        for rate, found in data.items():
            comparison = compare(
                found.frame,
                found.labels,
                split=found.splits[names[rate].partition("/")[2]],
                models=tuple(MODELS),
                treatments=("true",),
                seeds=n_seeds,
                task="classify",
                store=pathlib.Path("out/japanese_vowels") / f"drop-{rate}.jsonl",
                command=f"python -m experiments.japanese_vowels.run {rate}",
                progress=True,
                **KEYWORDS,
            )
            comparison.settings["data_set"] = found.cite()
            comparison.to_json(RESULTS / f"drop-{rate}.json")
            print(comparison, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

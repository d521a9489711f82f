"""Which inputs, pooling, learning rate and dropout should the estimators start from?

Compared   the defaults, against each with one thing changed.
Same       two data sets (PhysioNet 2012 mortality, simulated oscillators), splits, seeds, budget.
Judged by  validation series only; no test series is ever looked at here.
Run        python -m experiments.defaults.run    (about an hour, two cores)
Result     the table in README.md here, made by `python -m experiments.defaults.table`.
"""

import itertools
import pathlib
import warnings

import numpy as np

from ct_s5 import S5Classifier
from ct_s5.lab import demo_data
from ct_s5.training import METRICS
from experiments.data import load
from experiments.record import record
from experiments.words import asked_names

RESULTS = pathlib.Path(__file__).parent / "results"
RAW = ("value", "observed")
CHANGES = {
    "defaults": {},
    "learning_rate_3e-3": {"learning_rate": 3e-3},
    "timescale_of_the_layer": {"timescale": (1e-3, 1e-1)},
    "inputs_without_decayed": {"inputs": (*RAW, "last", "count", "square")},
    "inputs_with_age": {"inputs": (*RAW, "last", "age", "count", "square", "decayed")},
    "inputs_raw": {"inputs": RAW},
    "inputs_with_last": {"inputs": (*RAW, "last")},
    "pooling_mean": {"pooling": "mean"},
    "pooling_last": {"pooling": "last"},
    "dropout_0.1": {"dropout": 0.1},
    "weight_decay_0.01": {"weight_decay": 0.01},
    "thinning_0.2": {"thinning": 0.2},
}
SEEDS = range(3)


def main(names: list[str]) -> None:
    warnings.filterwarnings("ignore", message="Static column|.* have no reading at all")
    sets = {"oscillators": (*demo_data(), None)}
    try:
        a = load("physionet2012/mtan-classif@1")
    except FileNotFoundError as error:
        print(f"On the oscillators alone. {error}", flush=True)
    else:
        ids = np.concatenate([a.splits["mtan-classif@1"][part] for part in ("train", "validation")])
        frame = a.frame[a.frame["unique_id"].isin(ids)]
        sets["physionet2012"] = frame, a.labels.loc[ids], a.static.loc[ids]
    # Seed by seed over all changes, so that a run that is stopped leaves rows to compare.
    for seed, change in itertools.product(SEEDS, names or CHANGES):
        for name, (frame, labels, static) in sets.items():

            def run(seed, frame=frame, labels=labels, static=static, change=change):
                return _validate(seed, frame, labels, static, CHANGES[change])

            keywords = S5Classifier(**CHANGES[change]).get_params()
            settings = {"data": name, "estimator": keywords}
            protocol = {"name": "80 / 20 by series, seeded; scored on the 20", "hash": "none"}
            record(run, settings, protocol, [seed], RESULTS / f"{name}-{change}.json")


def _validate(seed, frame, labels, static, keywords):
    ids = np.random.default_rng(seed).permutation(labels.index.to_numpy())
    held, kept = ids[: len(ids) // 5], ids[len(ids) // 5 :]

    def part(ids):
        chosen = frame[frame["unique_id"].isin(ids)]
        return chosen, labels.loc[ids], None if static is None else static.loc[ids]

    x, y, s = part(kept)
    model = S5Classifier(**keywords, random_state=seed).fit(x, y, static=s)
    x, y, s = part(held)
    shares = model.predict_proba(x, static=s).loc[held]
    codes = np.searchsorted(model.classes_, y)
    scores = np.log(np.maximum(shares.to_numpy(), 1e-12))
    return {
        "auroc": METRICS["auroc"](scores, codes),
        "log_loss": float(-scores[np.arange(len(codes)), codes].mean()),
        "best_epoch": model.best_epoch_,
        "epochs": len(model.history_),
    }


if __name__ == "__main__":
    main(asked_names("python -m experiments.defaults.run", __doc__, CHANGES, "CHANGE"))

"""What does it save to pack several series into one row?

Compared   training with packed rows and with length buckets, in turns, each from a cold compiler.
Same       the 2560 training records of PhysioNet 2012 (mtan-classif@1), network, batch size, seed.
Measured   steps an epoch (padding included), seconds of the first epoch, which compiles, and of the
           others; for the S5 and for a GRU, whose loop over steps gets longer in a packed row.
Run        python -m experiments.speed.packing    (five minutes)
Result     results/packing.json; the table in README.md.
"""

import pathlib
import sys

import jax
import numpy as np

from ct_s5 import S5Model, encode, fit
from ct_s5.nn import ModelSettings
from ct_s5.training import FitSettings, Targets
from experiments.data import load
from experiments.record import record

RESULTS = pathlib.Path(__file__).parent / "results" / "packing.json"
PROTOCOL = "mtan-classif@1"
EPOCHS = 4


def measure(seed: int) -> dict[str, float]:
    """One round of all four."""
    data = load(f"physionet2012/{PROTOCOL}")
    ids = data.splits[PROTOCOL]["train"]
    frame = data.frame[data.frame["unique_id"].isin(ids)]
    series = encode(frame, static=data.static.loc[ids]).series
    deaths = data.labels.loc[ids].to_numpy(np.int32)
    found: dict[str, float] = {"steps": float(series.lengths.sum())}
    for mixer in ("s5", "gru"):
        for name, packing in (("buckets", False), ("packed", True)):
            jax.clear_caches()
            model = S5Model(
                ModelSettings(
                    n_channels=series.values.shape[1],
                    n_static=series.static.shape[1],
                    n_outputs=2,
                    head="class",
                    mixer=mixer,
                ),
                key=jax.random.key(seed),
            )
            settings = FitSettings(max_epochs=EPOCHS, packing=packing, seed=seed)
            targets = Targets(deaths, np.ones(len(ids)))
            result = fit(model, series, targets, loss="class", settings=settings)
            first, *others = result.history["seconds"]
            found[f"{mixer} | {name} | first epoch"] = first
            found[f"{mixer} | {name} | epoch"] = float(np.median(others))
            found[f"{mixer} | {name} | compilations"] = float(result.n_compilations)
    return found


if __name__ == "__main__":
    settings = {"data": f"physionet2012/{PROTOCOL}", "part": "train", "epochs": EPOCHS}
    protocol = {"name": "packed and bucketed training in turns", "hash": "none"}
    try:
        record(measure, settings, protocol, range(3), RESULTS)
    except FileNotFoundError as error:
        sys.exit(f"Not run: {error}")

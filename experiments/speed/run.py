"""What does it cost to import ct_s5, and to get from a long frame to batches?

Run        python -m experiments.speed.run        (a minute)
Result     results/frames.json; the table in README.md, made by `python -m experiments.speed.table`.
"""

import pathlib
import subprocess
import sys
import time

import numpy as np
import pandas as pd

from ct_s5 import encode
from ct_s5.batch import bucket_lengths, minibatches
from experiments.record import record

RESULTS = pathlib.Path(__file__).parent / "results"
N_ROWS, N_SERIES, N_CHANNELS = 100_000, 1_000, 10


def _import_seconds(name: str) -> float:
    clock = f"import time; t = time.perf_counter(); import {name}; print(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-c", clock], capture_output=True, text=True, check=True)
    return float(done.stdout)


def _frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    owner = np.sort(rng.integers(0, N_SERIES, N_ROWS))
    times = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(
        np.cumsum(rng.exponential(60, N_ROWS)), unit="s"
    )
    values = rng.normal(size=(N_ROWS, N_CHANNELS))
    values[rng.random(values.shape) < 0.7] = np.nan
    channels = {f"channel_{c}": values[:, c] for c in range(N_CHANNELS)}
    return pd.DataFrame({"unique_id": owner, "ds": times, **channels})


def measure(seed: int) -> dict[str, float]:
    """One round of everything, so that the parts of a ratio meet the same machine."""
    ours, theirs = _import_seconds("ct_s5"), _import_seconds("equinox")
    frame = _frame()
    started = time.perf_counter()
    series = encode(frame).series
    for _ in minibatches(series, bucket_lengths(series.lengths), 32, seed=seed, epoch=1):
        pass
    return {
        "import_ct_s5_seconds": ours,
        "import_equinox_seconds": theirs,
        "import_ratio": ours / theirs,
        "frame_to_batches_seconds": time.perf_counter() - started,
    }


if __name__ == "__main__":
    settings = {"rows": N_ROWS, "series": N_SERIES, "channels": N_CHANNELS, "missing": 0.7}
    protocol = {"name": "wall clock, fresh process for imports", "hash": "none"}
    record(measure, settings, protocol, range(5), RESULTS / "frames.json")

"""What does one series of a million readings cost to train on?

Measured   one epoch of a forecaster (width 32, two blocks; windows that carry the state) on an
           autoregressive walk at random times, its calibration on the late fifth, one forecast:
           seconds of the fit, the memory of the process at its peak, and before the fit.
Run        python -m experiments.speed.long_series    (some minutes)
Result     results/long_series.json; the table in README.md.
"""

import pathlib
import resource
import time

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from ct_s5 import S5Forecaster
from experiments.record import record

RESULTS = pathlib.Path(__file__).parent / "results" / "long_series.json"
N = 1_000_000
MODEL = {"width": 32, "states": 32, "max_epochs": 1}


def measure(seed: int) -> dict[str, float]:
    """Seconds and gigabytes; the peak is that of the process, so a process takes one seed."""
    rng = np.random.default_rng(seed)
    walk = np.asarray(lfilter([1.0], [1.0, -0.99], 0.1 * rng.normal(size=N)))
    times = np.cumsum(rng.exponential(size=N))
    frame = pd.DataFrame({"unique_id": 0, "ds": times, "level": walk})
    before = _peak()
    started = time.perf_counter()
    model = S5Forecaster(horizon=10.0, random_state=seed, **MODEL).fit(frame)
    seconds = time.perf_counter() - started
    told = model.predict(frame, at=[times[-1] + 5.0])
    assert np.isfinite(told["level"]).all()
    return {"before_gigabytes": before, "peak_gigabytes": _peak(), "fit_seconds": seconds}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # from kilobytes, on Linux


if __name__ == "__main__":
    protocol = {"name": "wall clock and peak of one process", "hash": "none"}
    record(measure, MODEL | {"readings": N}, protocol, range(1), RESULTS)

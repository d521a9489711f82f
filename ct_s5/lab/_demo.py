"""The embedded default: a few hundred oscillators whose class lies in the gaps."""

from typing import Any

import pandas as pd

from ct_s5.ode import simulate_oscillators

DEMO_KEYWORDS: dict[str, Any] = {
    "width": 32,
    "states": 32,
    "pooling": "mean",
    "timescale": (3e-3, 3e-1),
    "learning_rate": 0.01,
    # Clean data: the estimator's own, stronger regularisation costs a tenth of the accuracy here.
    "dropout": 0.1,
    "weight_decay": 0.01,
    "max_epochs": 40,
    "patience": 15,
    "examples": 3,
}
"""What `compare` gets for the demo: a model small enough for a laptop."""

# All series then pad to one length in every split, so that each form of the model compiles once.
# Compiling is most of what a small comparison costs.
_MOST_READINGS = 72


def demo_data(n_series: int = 360, *, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    """Damped oscillators seen through drop-outs, jitter and bursts; which of three is it?

    Simulated with Diffrax; `ct_s5.ode.simulate_oscillators` says how, and why only the gaps tell a
    slow oscillator read often from a fast one read seldom.

    Args:
        n_series: How many series.
        seed: The same seed gives the same data.

    Returns:
        A frame with the columns `unique_id`, `ds` (timedeltas since the series began), `position`
        and `velocity` (NaN where that sensor did not report), 30 to 72 rows a series; and the
        labels "slow", "medium" and "fast", a Series by id.
    """
    found = simulate_oscillators(n_series, seed=seed)
    names = pd.Index([f"oscillator-{n:03d}" for n in range(n_series)], name="unique_id")
    frame = pd.DataFrame(
        {
            "unique_id": names.take(found.ids).to_numpy(),
            "ds": pd.to_timedelta((found.times * 1e6).round().astype("int64"), unit="us"),
            "position": found.values[:, 0],
            "velocity": found.values[:, 1],
        }
    )
    frame = frame.groupby("unique_id", sort=False).head(_MOST_READINGS).reset_index(drop=True)
    return frame, pd.Series(found.labels, index=names, name="frequency")

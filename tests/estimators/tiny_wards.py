"""A small ward of twelve patients, and estimators that take a second to fit."""

import numpy as np
import pandas as pd

from ct_s5.estimators import S5Classifier, S5Regressor

IDS = [f"p{i}" for i in range(12)]
# Depth 0 compiles in a second; `DEEP` has an S5 layer, for what a recurrence could break.
TINY = {
    "width": 8,
    "states": 8,
    "depth": 0,
    "dropout": 0.0,
    "batch_size": 8,
    "max_epochs": 3,
    "random_state": 0,
}
DEEP = {"depth": 1, "bidirectional": True, "dropout": 0.1}
# What `DEEP` is not: causal, with other holds, another pooling.
FORWARD = {"depth": 1, "hold": "zoh_forward", "pooling": "last", "max_epochs": 1}
STRAIGHT = {"depth": 1, "hold": "foh", "max_epochs": 1}


def classifier(**changes) -> S5Classifier:
    return S5Classifier(**(TINY | changes))


def regressor(**changes) -> S5Regressor:
    return S5Regressor(**(TINY | changes))


def ward(seed=0, ids=IDS, n_rows=4) -> pd.DataFrame:
    """Some rows a patient in order of time, patients interleaved; whole seconds, in Berlin."""
    rng = np.random.default_rng(seed)
    seconds = rng.integers(600, 7200, size=(len(ids), n_rows)).cumsum(axis=1)
    start = pd.Timestamp("2024-03-31 00:30", tz="Europe/Berlin")  # the clocks change that night
    frame = pd.DataFrame(
        {
            "unique_id": np.repeat(ids, n_rows),
            "ds": start + pd.to_timedelta(seconds.ravel(), unit="s"),
            "hr": rng.normal(80, 10, size=n_rows * len(ids)),
            "temp": np.where(
                rng.random(n_rows * len(ids)) < 0.4, np.nan, rng.normal(37, 1, n_rows * len(ids))
            ),
        }
    )
    return frame.sort_values("ds", kind="stable").reset_index(drop=True)


def labels(ids=IDS) -> pd.Series:
    return pd.Series(np.arange(len(ids)) % 2, index=ids).iloc[::-1]


def numbers(ids=IDS) -> pd.Series:
    return pd.Series(np.random.default_rng(1).normal(size=len(ids)), index=ids)


def as_list(frame) -> list[pd.DataFrame]:
    """One frame a patient, without ids, in the order of `IDS`."""
    parts = dict(list(frame.groupby("unique_id")))
    return [parts[i].drop(columns="unique_id") for i in IDS]

"""Does S5Imputer fill in hidden cells better than simple rules, and do its intervals hold?

Compared   S5 (the estimator's defaults, so many epochs), last value, linear interpolation in time,
           mean of the channel.
Same       series and hidden cells: half of those observed, singly, drawn once.
Run        python -m experiments.imputation.run [ushcn | wearable]
Result     the table in README.md here, made by `python -m experiments.imputation.table`.
"""

import dataclasses
import hashlib
import pathlib
from typing import Any

import numpy as np
import pandas as pd

from ct_s5 import S5Imputer
from ct_s5.training import named_arrays
from experiments.data import load
from experiments.record import record
from experiments.words import asked_names

RESULTS = pathlib.Path(__file__).parent / "results"
LEVEL, HIDDEN = 90, 0.5


@dataclasses.dataclass(frozen=True)
class Problem:
    """Series to learn from, and series of which half of the cells are hidden."""

    name: str
    data: dict[str, str]
    """Name and manifest hash of the set behind it."""
    train: pd.DataFrame
    validation: pd.DataFrame
    shown: pd.DataFrame
    truth: pd.DataFrame
    """Rows as those of `shown`; NaN but in hidden cells."""
    keywords: dict

    @property
    def channels(self) -> list[str]:
        """What is filled in."""
        return [name for name in self.shown.columns if name not in ("unique_id", "ds")]

    @property
    def protocol(self) -> dict[str, Any]:
        """Its name, a hash over the parts and the hidden cells, and the set behind it."""
        digest = hashlib.sha256()
        for part in (self.train, self.validation, self.shown, self.truth):
            digest.update(pd.util.hash_pandas_object(part, index=False).to_numpy().tobytes())
        return {"name": self.name, "hash": digest.hexdigest(), "data": self.data}


def _problem(name: str, data, frame, parts, channels: list[str], max_epochs: int) -> Problem:
    frame = frame[["unique_id", "ds", *channels]]
    train, validation, test = (frame[frame["unique_id"].isin(ids)] for ids in parts)
    rng = np.random.default_rng(0)
    observed = test[channels].notna().to_numpy()
    hidden = observed & (rng.random(observed.shape) < HIDDEN)
    shown, truth = test.copy(), test.copy()
    shown[channels] = test[channels].where(~hidden)
    truth[channels] = test[channels].where(hidden)
    keywords = {"max_epochs": max_epochs}
    return Problem(name, data.cite(), train, validation, shown, truth, keywords)


def ushcn() -> Problem:
    """Daily weather of 1999 and 2000 at 300 stations, dealt 180 / 60 / 60."""
    data = load("ushcn")
    frame = data.frame[data.frame["ds"] >= "1999-01-01"]
    stations = np.random.default_rng(0).permutation(frame["unique_id"].unique())[:300]
    channels = ["PRCP", "SNOW", "SNWD", "TMAX", "TMIN"]
    parts = np.split(stations, [180, 240])
    return _problem("ushcn 1999-2000, half of the cells hidden", data, frame, parts, channels, 8)


def wearable() -> Problem:
    """Accelerations and signal strength of a batteryless sensor, 60 trials dealt 36 / 12 / 12."""
    data = load("wearable")
    trials = np.random.default_rng(0).permutation(data.frame["unique_id"].unique())
    channels = ["frontal", "vertical", "lateral", "rssi"]
    parts = np.split(trials, [36, 48])
    name = "wearable S1, half of the cells hidden"
    return _problem(name, data, data.frame, parts, channels, 40)


def scores(problem: Problem, answers: pd.DataFrame) -> dict:
    """Errors of the hidden cells in spreads of the channel, averaged by channel; and coverage."""
    channels = problem.channels
    truth = problem.truth[channels].to_numpy()
    spread = problem.train[channels].std().to_numpy()
    error = (answers[channels].to_numpy() - truth) / spread
    hidden = ~np.isnan(truth)
    told = {
        "test_mse": float(np.nanmean(error**2, axis=0).mean()),
        "test_mae": float(np.nanmean(np.abs(error), axis=0).mean()),
        "by_channel": {
            c: float(e) for c, e in zip(channels, np.nanmean(error**2, axis=0), strict=True)
        },
        "cells": int(hidden.sum()),
    }
    if f"{channels[0]}-lo-{LEVEL}" in answers:
        low, high = (
            answers[[f"{c}-{side}-{LEVEL}" for c in channels]].to_numpy() for side in ("lo", "hi")
        )
        told["coverage"] = float(((low <= truth) & (truth <= high))[hidden].mean())
    return told


def network(problem: Problem, seed: int) -> dict:
    """Fit, fill in, score."""
    model = S5Imputer(**problem.keywords, random_state=seed)
    model.fit(problem.train, validation=problem.validation)
    answers = model.transform(problem.shown, level=LEVEL)
    return scores(problem, answers) | {
        "best_epoch": model.best_epoch_,
        "epochs": len(model.history_),
        "seconds_an_epoch": round(float(model.history_["seconds"].iloc[1:].median()), 2),
        "parameters": sum(array.size for array in named_arrays(model.model_).values()),
        "validation_loss": float(model.history_["validation_loss"].min()),
    }


def _by_series(problem: Problem, fill) -> pd.DataFrame:
    """A rule series by series; where one has no value of a channel, the training mean."""
    parts = [fill(part) for _, part in problem.shown.groupby("unique_id", sort=False)]
    filled = pd.concat(parts).loc[problem.shown.index]
    return filled.fillna(problem.train[problem.channels].mean())


def last_value(problem: Problem) -> pd.DataFrame:
    """The last value before, or the first one after."""
    return _by_series(problem, lambda part: part[problem.channels].ffill().bfill())


def linear_interpolation(problem: Problem) -> pd.DataFrame:
    """A straight line in time between the values on both sides; the nearest one at the ends."""

    def fill(part):
        timed = part.set_index("ds")[problem.channels]
        if timed.index.inferred_type == "timedelta64":
            timed.index = pd.Timestamp(0) + timed.index
        line = timed.interpolate(method="time", limit_direction="both")
        return line.set_axis(part.index)

    return _by_series(problem, fill)


def mean(problem: Problem) -> pd.DataFrame:
    """The mean of the channel in training."""
    means = problem.train[problem.channels].mean()
    return problem.shown[problem.channels].fillna(means)


RULES = {"last_value": last_value, "linear_interpolation": linear_interpolation, "mean": mean}
PROBLEMS = {"ushcn": ushcn, "wearable": wearable}


def main(names: list[str]) -> None:
    """Run problems by name, all by default."""
    for name in names or PROBLEMS:
        problem = PROBLEMS[name]()
        for rule, fill in RULES.items():
            record(
                lambda _, fill=fill: scores(problem, fill(problem)),  # noqa: B023
                {"model": rule},
                problem.protocol,
                [0],
                RESULTS / f"{name}_{rule}.json",
            )
        record(
            lambda seed: network(problem, seed),  # noqa: B023
            {"estimator": S5Imputer(**problem.keywords).get_params()},
            problem.protocol,
            range(3),
            RESULTS / f"{name}_s5.json",
        )


if __name__ == "__main__":
    main(asked_names("python -m experiments.imputation.run", __doc__, PROBLEMS, "PROBLEM"))

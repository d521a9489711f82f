"""Does S5Forecaster foresee better than simple rules and a GRU, and do its intervals hold?

Compared   S5 (the estimator's defaults but where a problem says otherwise), a GRU of equal size
           that is told the gaps, one that knows ages and how far ahead it is asked, last value,
           mean of the history, linear trend of the last six readings.
Same       series, questions, scales; validation chooses the epoch, the test part is read once.
Run        python -m experiments.forecasting.run [PROBLEM ...]
Result     the table in README.md here, made by `python -m experiments.forecasting.table`.
"""

import pathlib
import warnings

import numpy as np
import pandas as pd

from ct_s5 import S5Forecaster
from ct_s5.training import named_arrays
from experiments.forecasting.problems import PROBLEMS, Problem
from experiments.record import record
from experiments.words import asked_names

RESULTS = pathlib.Path(__file__).parent / "results"
# Width 45 makes a GRU as large, within a few percent, as the S5 network.
NETWORKS = {
    "s5": {},
    "gru": {"mixer": "gru", "width": 45},
    "gru_gap": {"mixer": "gru-gap", "width": 45},
}
LEVEL, N_SEEDS = 90, 3


def main(names: list[str]) -> None:
    """Run problems by name, all by default: the first seed of each before the second of any."""
    warnings.filterwarnings("ignore", message=".* have no reading at all")
    problems = {name: PROBLEMS[name]() for name in names or PROBLEMS}
    for name, problem in problems.items():
        for rule, foresee in RULES.items():
            record(
                lambda _, foresee=foresee: scores(problem, foresee(problem)),  # noqa: B023
                {"model": rule},
                problem.protocol,
                [0],
                RESULTS / f"{name}_{rule}.json",
            )
    for n_seeds in range(1, N_SEEDS + 1):
        for model, changes in NETWORKS.items():
            for name, problem in problems.items():
                keywords = {"horizon": problem.horizon} | problem.keywords | changes
                record(
                    lambda seed: network(problem, keywords, seed),  # noqa: B023
                    {"estimator": S5Forecaster(**keywords).get_params()},
                    problem.protocol,
                    range(n_seeds),
                    RESULTS / f"{name}_{model}.json",
                )


def network(problem: Problem, keywords: dict, seed: int) -> dict:
    """Fit, foresee, score."""
    model = S5Forecaster(**keywords, random_state=seed)
    of = _static(problem)
    model.fit(
        problem.train,
        static=of(problem.train),
        validation=(problem.validation, of(problem.validation)),
    )
    history, pairs = problem.history, problem.truth[["unique_id", "ds"]]
    static = None
    if problem.static is not None:  # a stay without a reading so far is known by its statics
        ids = np.union1d(history["unique_id"].unique(), pairs["unique_id"].unique())
        static = problem.static.loc[ids]
    answers = model.predict(history, pairs, static=static, level=LEVEL)
    return scores(problem, answers) | {
        "best_epoch": model.best_epoch_,
        "epochs": len(model.history_),
        "seconds_an_epoch": round(float(model.history_["seconds"].iloc[1:].median()), 2),
        "parameters": sum(array.size for array in named_arrays(model.model_).values()),
        "validation_loss": float(model.history_["validation_loss"].min()),
    }


def _static(problem: Problem):
    def of(frame):
        return None if problem.static is None else problem.static.loc[frame["unique_id"].unique()]

    return of


def scores(problem: Problem, answers: pd.DataFrame) -> dict:
    """Of all questions, and of those that are scored apart."""
    told = _scores(problem, problem.truth, answers)
    if problem.apart:
        told["apart"] = {
            name: _scores(problem, problem.truth[these], answers[these])
            for name, these in problem.apart.items()
        }
    return told


def _scores(problem: Problem, truth: pd.DataFrame, answers: pd.DataFrame) -> dict:
    """Errors averaged over the questions of a channel, then over channels; and coverage."""
    channels = problem.channels
    truth = truth[channels]
    error = (answers[channels].to_numpy() - truth.to_numpy()) / problem.scale[channels].to_numpy()
    asked = ~np.isnan(truth.to_numpy())
    some = asked.any(axis=0)
    by_channel = np.nanmean(error[:, some] ** 2, axis=0)
    told = {
        "test_mse": float(by_channel.mean()),
        "test_mae": float(np.nanmean(np.abs(error[:, some]), axis=0).mean()),
        "questions": int(asked.sum()),
    }
    if f"{channels[0]}-lo-{LEVEL}" in answers:
        inside = np.stack(
            [
                (answers[f"{c}-lo-{LEVEL}"].to_numpy() <= truth[c].to_numpy())
                & (truth[c].to_numpy() <= answers[f"{c}-hi-{LEVEL}"].to_numpy())
                for c in channels
            ],
            axis=1,
        )
        told["coverage"] = float(inside[asked].mean())
    return told


def _history(problem: Problem) -> pd.DataFrame:
    """Channels of the histories, a row a (series, time)."""
    return problem.history.set_index("unique_id")


def _at_questions(problem: Problem, table: pd.DataFrame) -> pd.DataFrame:
    """One row a series to one row a question; where a series has no value, the training mean."""
    means = problem.train[problem.channels].mean()
    told = table.reindex(problem.truth["unique_id"])[problem.channels].fillna(means)
    return told.reset_index(drop=True)


def last_value(problem: Problem) -> pd.DataFrame:
    """The last value of each channel."""
    return _at_questions(problem, _history(problem).groupby(level=0)[problem.channels].last())


def mean(problem: Problem) -> pd.DataFrame:
    """The mean of each channel over the history."""
    return _at_questions(problem, _history(problem).groupby(level=0)[problem.channels].mean())


def linear_trend(problem: Problem) -> pd.DataFrame:
    """The line through the last six readings of each channel; the last one, with fewer than 3."""
    answers = last_value(problem)
    zero = problem.history["ds"].iloc[0]
    asked_at = (problem.truth["ds"] - zero).to_numpy() / np.timedelta64(1, "s")
    for channel in problem.channels:
        seen = problem.history[["unique_id", "ds", channel]].dropna()
        recent = seen.groupby("unique_id").tail(6)
        at = (recent["ds"] - zero) / pd.Timedelta("1s")
        by = recent["unique_id"]
        n, mid, level = by.map(by.value_counts()), at.groupby(by).transform("mean"), recent[channel]
        center = level.groupby(by).transform("mean")
        slope = ((at - mid) * (level - center)).groupby(by).sum() / ((at - mid) ** 2).groupby(
            by
        ).sum()
        table = pd.DataFrame({"slope": slope, "mid": mid.groupby(by).first()})
        table["center"], table["n"] = center.groupby(by).first(), n.groupby(by).first()
        table = table.reindex(problem.truth["unique_id"])
        line = table["center"].to_numpy() + table["slope"].to_numpy() * (asked_at - table["mid"])
        fits = (table["n"].to_numpy() >= 3) & np.isfinite(line.to_numpy())
        answers[channel] = np.where(fits, line, answers[channel])
    return answers


RULES = {"last_value": last_value, "mean": mean, "linear_trend": linear_trend}

if __name__ == "__main__":
    main(asked_names("python -m experiments.forecasting.run", __doc__, PROBLEMS, "PROBLEM"))

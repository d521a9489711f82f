"""Three forecasting problems in one form: histories, the times asked for, and what came then."""

import dataclasses
import hashlib
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool
from sklearn.model_selection import train_test_split

from experiments.data import load

HERE = {"unique_id", "ds"}


@dataclasses.dataclass(frozen=True)
class Problem:
    """Whole series to learn from; histories that end at an origin, and questions after it."""

    name: str
    horizon: str
    train: pd.DataFrame
    validation: pd.DataFrame
    history: pd.DataFrame
    truth: pd.DataFrame
    """One row a question: id, time, and what the channels then showed, NaN where nothing."""
    scale: pd.Series
    """What errors are divided by, a channel."""
    data: tuple[dict[str, str], ...]
    """Name and manifest hash of each set behind it."""
    static: pd.DataFrame | None = None
    keywords: dict = dataclasses.field(default_factory=dict)
    apart: dict[str, Bool[np.ndarray, " Q"]] = dataclasses.field(default_factory=dict)
    """Questions that are scored by themselves too, by name."""

    @property
    def channels(self) -> list[str]:
        """What is foreseen."""
        return [name for name in self.truth.columns if name not in HERE]

    @property
    def protocol(self) -> dict[str, Any]:
        """Its name, a hash over the parts, the questions and the scales, and the sets behind it."""
        digest = hashlib.sha256(self.horizon.encode())
        for part in (self.train, self.validation, self.history):
            digest.update(part["unique_id"].astype(str).str.cat(sep=",").encode())
        digest.update(pd.util.hash_pandas_object(self.truth, index=False).to_numpy().tobytes())
        digest.update(self.scale.to_numpy().tobytes())
        return {"name": self.name, "hash": digest.hexdigest(), "data": list(self.data)}


def physionet2012() -> Problem:
    """24 hours, then the next 24, as t-PatchGNN splits, scales and scores them.

    On set-a and set-b alone, 8000 of its 12,000 records: approximate.
    """
    data = load("physionet2012", part=("a", "b"))
    ids = data.labels.index.to_numpy()
    seen, test = train_test_split(ids, train_size=0.8, random_state=42, shuffle=True)
    train, validation = train_test_split(seen, train_size=0.75, shuffle=False)
    frame = data.frame
    told = frame[frame["unique_id"].isin(seen)].drop(columns=["unique_id", "ds"])
    day = pd.Timedelta("24h")
    of_test = frame[frame["unique_id"].isin(test)]
    return Problem(
        "physionet2012/tpatchgnn-forecast@1, sets a and b only",
        "24h",
        frame[frame["unique_id"].isin(train)],
        frame[frame["unique_id"].isin(validation)],
        of_test[of_test["ds"] <= day],
        of_test[of_test["ds"] > day],
        (told.max() - told.min()).replace(0.0, 1.0),  # MechVent is always 1
        (data.cite(),),
        data.static,
        {"cut": "24h", "monitor": "negative_mse", "max_epochs": 10, "batch_size": 64}
        | {"learning_rate": 2e-3},
    )


def ushcn() -> Problem:
    """Daily weather with half of the cells hidden; the next week, from three days of 1999.

    Stations are dealt 60 / 20 / 20 at random; training sees 1996 to 1998.
    """
    data = load("ushcn")
    rng = np.random.default_rng(0)
    stations = rng.permutation(data.frame["unique_id"].unique())[:500]
    frame = data.frame[data.frame["unique_id"].isin(stations)].reset_index(drop=True)
    frame = frame.drop(columns=[c for c in frame if c.startswith("_")])
    channels = [c for c in frame if c not in HERE]
    kept = rng.random((len(frame), len(channels))) < 0.5
    sparse = frame.assign(**{c: frame[c].where(kept[:, k]) for k, c in enumerate(channels)})
    sparse = sparse[sparse[channels].notna().any(axis=1)]
    train, validation, test = np.split(stations, [300, 400])
    early = sparse[sparse["ds"] < "1999-01-01"]
    learned = early[early["unique_id"].isin(train)]
    of_test = sparse[sparse["unique_id"].isin(test)]
    cuts = pd.to_datetime(["1999-03-15", "1999-06-15", "1999-10-15"])
    history, truth = _cut(of_test, cuts, pd.Timedelta("7D"), pd.Timedelta("365D"))
    return Problem(
        "ushcn, half of the cells, next seven days",
        "7D",
        learned,
        early[early["unique_id"].isin(validation)],
        history,
        truth,
        learned[channels].std(),
        (data.cite(),),
        keywords={"max_epochs": 24, "monitor": "negative_mse"},
    )


def glucose() -> Problem:
    """Continuous glucose monitors: 30 and 60 minutes ahead, on people never seen in training."""
    # Dealt within each collection: glucose varies twice as much in the one with diabetes, and
    # intervals are only as wide as the people whom they were set right on.
    dealer, parts, dealt, sets = np.random.default_rng(0), [], [], []
    for collection, cuts in (("BIGIDEAs", [10, 13]), ("PhysioCGM", [5, 7])):
        data = load("glucose", part=collection)
        sets.append(data.cite() | {"part": collection})
        part = data.frame
        parts.append(part[["unique_id", "ds", "glucose"]].astype({"unique_id": str}))
        dealt.append(np.split(dealer.permutation(parts[-1]["unique_id"].unique()), cuts))
    frame = pd.concat(parts)
    train, validation, test = map(np.concatenate, zip(*dealt, strict=True))
    learned = frame[frame["unique_id"].isin(train)]
    rng = np.random.default_rng(1)
    histories, truths, leads = [], [], []
    for person in test:
        own = frame[frame["unique_id"] == person]
        origins = np.sort(rng.choice(own["ds"].iloc[300:-20], 120, replace=False))
        told, asked = _cut(
            own, pd.DatetimeIndex(origins), pd.Timedelta("65min"), pd.Timedelta("1D")
        )
        origin = (
            asked["unique_id"].str.rsplit("@", n=1).str[1].astype(int).map(dict(enumerate(origins)))
        )
        lead = (asked["ds"] - origin) / pd.Timedelta("1min")
        near = ((lead - 30).abs() <= 2.5) | ((lead - 60).abs() <= 2.5)
        histories.append(told)
        truths.append(asked[near])
        leads.append(lead[near].to_numpy())
    channels = [c for c in frame if c not in HERE]
    return Problem(
        "glucose, 30 and 60 minutes ahead, five people of 25, dealt by collection",
        "65min",
        learned,
        frame[frame["unique_id"].isin(validation)],
        pd.concat(histories),
        pd.concat(truths),
        learned[channels].std(),
        tuple(sets),
        # Fifteen people are few steps an epoch: the validation loss asked for more of them.
        keywords={"max_epochs": 12, "batch_size": 8, "learning_rate": 1e-3, "window": 512},
        apart={
            f"{minutes} min": np.abs(np.concatenate(leads) - minutes) <= 2.5 for minutes in (30, 60)
        },
    )


def _cut(frame: pd.DataFrame, origins, ahead: pd.Timedelta, back: pd.Timedelta):
    """A series `<id>@<k>` for each origin k: what came before it, and what came then."""
    histories, truths = [], []
    for k, origin in enumerate(origins):
        own = frame.assign(unique_id=frame["unique_id"].astype(str) + f"@{k}")
        since = own["ds"] - origin
        histories.append(own[(since <= pd.Timedelta(0)) & (since > -back)])
        truths.append(own[(since > pd.Timedelta(0)) & (since <= ahead)])
    history, truth = pd.concat(histories), pd.concat(truths)
    return history, truth[truth["unique_id"].isin(history["unique_id"])]


PROBLEMS = {"physionet2012": physionet2012, "ushcn": ushcn, "glucose": glucose}

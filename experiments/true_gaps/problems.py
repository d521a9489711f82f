"""Five real sets, named before anything was run: readings, answers, and how a model is trained."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from experiments.data import load

HERE = {"unique_id", "ds"}


@dataclasses.dataclass(frozen=True)
class Problem:
    """What `ct_s5.lab.compare` is given of a set."""

    title: str
    frame: pd.DataFrame
    labels: pd.Series | str
    static: pd.DataFrame | None = None
    groups: pd.Series | None = None
    """Whose a series is, where somebody has several."""
    keywords: dict[str, Any] = dataclasses.field(default_factory=dict)


def physionet2012() -> Problem:
    """Two days of intensive care; who dies in hospital?"""
    data = load("physionet2012")
    keywords = {"task": "classify", "score": "auroc", "test_fraction": 0.2, "batch_size": 64}
    keywords |= {"learning_rate": 2e-3}
    return Problem(
        "PhysioNet 2012, set a: death in hospital",
        data.frame,
        data.labels,
        data.static,
        None,
        keywords,
    )


def ushcn() -> Problem:
    """Sixty days of weather at a station, thinned as GRU-ODE-Bayes does: TMAX three days later."""
    data = load("ushcn")
    rng = np.random.default_rng(0)
    stations = rng.permutation(data.frame["unique_id"].unique())[:300]
    frame = data.frame[data.frame["unique_id"].isin(stations)]
    channels = ["PRCP", "SNOW", "SNWD", "TMAX", "TMIN"]
    whole = frame.set_index(["unique_id", "ds"])["TMAX"]
    # Half of the days go, then a fifth of the cells that are left.
    kept = frame[rng.random(len(frame)) < 0.5]
    hidden = rng.random((len(kept), len(channels))) < 0.2
    kept = kept.assign(**{c: kept[c].mask(hidden[:, k]) for k, c in enumerate(channels)})
    kept = kept.dropna(subset=channels, how="all").sort_values(["unique_id", "ds"])
    windows, asked = [], []
    days = pd.date_range("1996-04-01", "1999-12-01", freq="D")
    for station, own in kept.groupby("unique_id", sort=True):
        for origin in np.sort(rng.choice(days, 5, replace=False)):
            asked.append((station, origin, whole.get((station, origin + pd.Timedelta("3D")))))
            since = own["ds"] - origin
            windows.append(own[(since <= pd.Timedelta(0)) & (since > -pd.Timedelta("60D"))])
    return _windows(
        "USHCN, half of the days: TMAX three days ahead",
        windows,
        asked,
        data.static,
        {"task": "regress", "batch_size": 64, "learning_rate": 2e-3},
    )


def glucose() -> Problem:
    """Four hours of a glucose monitor: what it shows half an hour later."""
    rng = np.random.default_rng(0)
    windows, asked = [], []
    for collection in ("BIGIDEAs", "PhysioCGM"):
        frame = load("glucose", part=collection).frame
        frame = frame[["unique_id", "ds", "glucose"]].astype({"unique_id": str})
        for person, own in frame.groupby("unique_id", sort=True):
            own = own.sort_values("ds")
            for origin in np.sort(rng.choice(own["ds"].to_numpy()[60:-20], 120, replace=False)):
                since = own["ds"] - origin
                later = own[(since - pd.Timedelta("30min")).abs() <= pd.Timedelta("150s")]
                truth = later["glucose"].iloc[0] if len(later) else None
                asked.append((person, origin, truth))
                windows.append(own[(since <= pd.Timedelta(0)) & (since > -pd.Timedelta("4h"))])
    return _windows(
        "glucose, half an hour ahead",
        windows,
        asked,
        None,
        {"task": "regress", "batch_size": 64, "learning_rate": 2e-3},
    )


def wearable() -> Problem:
    """A batteryless tag on older people, read when it is: what they do at each reading."""
    data = load("wearable")
    keywords = {"task": "classify", "per": "reading", "batch_size": 8, "learning_rate": 3e-3}
    return Problem(
        "wearable: activity at each reading", data.frame, "activity", data.static, None, keywords
    )


def japanese_vowels() -> Problem:
    """Nine speakers by two vowels, half of the frames dropped."""
    data = load("uea/japanese-vowels-drop-50@1")
    keywords = {"task": "classify"}
    return Problem(
        "Japanese Vowels, half of the rows: who speaks",
        data.frame,
        data.labels,
        None,
        None,
        keywords,
    )


def _windows(title, windows, asked, static, keywords) -> Problem:
    """A series `<owner>@<k>` for each window whose answer is known."""
    found = pd.DataFrame(asked, columns=["owner", "origin", "answer"])
    found["unique_id"] = found["owner"] + "@" + found.groupby("owner").cumcount().astype(str)
    known = found["answer"].notna() & np.array([len(window) >= 5 for window in windows])
    frame = pd.concat(
        [w.assign(unique_id=name) for w, name in zip(windows, found["unique_id"], strict=True)]
    )
    found = found[known].set_index("unique_id")
    frame = frame[frame["unique_id"].isin(found.index)]
    features = None
    if static is not None:
        features = static.loc[found["owner"]].set_axis(found.index)
    return Problem(title, frame, found["answer"].astype(float), features, found["owner"], keywords)


PROBLEMS = {
    "physionet2012": physionet2012,
    "ushcn": ushcn,
    "glucose": glucose,
    "wearable": wearable,
    "japanese_vowels": japanese_vowels,
}

"""Small frames for the lab: a ward of four, and hand-made runs."""

import numpy as np
import pandas as pd
import pytest
from recorder import Recorder

from ct_s5.lab import Comparison
from ct_s5.lab._learners import ESTIMATORS


@pytest.fixture
def ward():
    """Four series of uneven length and gaps, in days of a spring with a change of clocks."""
    rng = np.random.default_rng(5)
    lengths = {"b": 7, "a": 5, "d": 1, "c": 12}
    start = pd.Timestamp("2024-03-30 20:00", tz="Europe/Berlin")
    rows = []
    for name, length in lengths.items():
        hours = np.cumsum(rng.exponential(3, length))
        rows.append(
            pd.DataFrame(
                {
                    "unique_id": name,
                    "ds": start + pd.to_timedelta((hours * 3600).round(), unit="s"),
                    "hr": rng.normal(80, 5, length),
                    "temp": np.where(rng.random(length) < 0.4, np.nan, rng.normal(37, 1, length)),
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


@pytest.fixture
def recorder(monkeypatch):
    monkeypatch.setattr(Recorder, "given", [])
    monkeypatch.setitem(ESTIMATORS, "classify", Recorder)
    return Recorder


RUNS = {  # accuracy by (treatment, seed); None is a run that diverged
    ("true", 0): 0.9,
    ("true", 1): 0.95,
    ("true", 2): 0.8,
    ("equal", 0): 0.5,
    ("equal", 1): 0.45,
    ("equal", 2): 0.85,
    ("shuffled", 0): 0.4,
    ("shuffled", 1): None,
    ("shuffled", 2): 0.6,
}


@pytest.fixture
def comparison():
    records = []
    for (treatment, seed), score in RUNS.items():
        record = {"model": "s5", "treatment": treatment, "seed": seed, "seconds": 2.0 + seed}
        record |= {"corruption": None}
        if score is None:
            record |= {"status": "diverged", "reason": "The loss became NaN at step 3."}
        else:
            record |= {"status": "ok", "accuracy": score, "auroc": None if seed else 0.75}
            record |= {"best_epoch": 2, "n_epochs": 3, "n_compilations": 1, "n_parameters": 7000}
            record["history"] = {"loss": [1.0, 0.5, 0.4], "validation_loss": [1.1, 0.6, None]}
        records.append(record)
    script = "<script>alert('x')</script>"
    settings = {
        "task": "classify",
        "per": "series",
        "score": "accuracy",
        "corruptions": [],
        "corrupt_at": "test",
        "matched": None,
        "grid": None,
        "grouped": False,
        "treatments": ["true", "equal", "shuffled"],
        "models": {"s5": {"width": 8, "timescale": [0.001, 0.1]}},
        "seeds": [0, 1, 2],
        "test_fraction": 0.25,
        "validation_fraction": 0.2,
        "command": f"ct-s5 compare --out '{script}'",
        "data": {
            "n_series": 12,
            "n_rows": 40,
            "n_readings": 38,
            "channels": [script, "a$b$"],
            "missing": {script: "10.0%", "a$b$": "0.0%"},
            "empty_series": 1,
            "time_kind": "timedelta",
            "time_unit": "0 days 00:01:00",
            "gaps": {"5%": 1.0, "25%": 20.0, "50%": 60.0, "75%": 90.0, "95%": 9e3, "longest": 9e4},
            "gap_histogram": {"edges": [1.0, 100.0, 1e4, 1e6], "counts": [20, 5, 1]},
            "fingerprint": "0" * 64,
            "classes": {"<b>ill</b>": 7, "well": 5},
            "examples": [
                {
                    "id": script,
                    "label": "<b>ill</b>",
                    "times": [0.0, 60.0, 61.0],
                    "values": [[1.0, None], [2.0, 3.0], [None, 1.0]],
                }
            ],
        },
    }
    machine = {"platform": "test", "cores": 2, "device": "cpu"}
    return Comparison(records, settings, {"python": "3.11"}, None, machine)

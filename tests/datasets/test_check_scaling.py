"""Which scalings `check` knows by their numbers, and which it rightly lets pass."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from ct_s5_datasets import Dataset, check, load

N, L = 30, 20
SPLIT = {"train": np.arange(18), "validation": np.arange(18, 24), "test": np.arange(24, 30)}
CHANNELS = ["hr", "temp", "glucose"]


def _raw(digits=None):
    """Three channels, each with its least and its greatest value in test."""
    rng = np.random.default_rng(0)
    values = rng.gamma(4, size=(N * L, 3)) * [20, 1, 5] + [30, 35, 2]
    values[-5], values[-9] = values.max(axis=0) * 1.01, values.min(axis=0) * 0.99
    frame = pd.DataFrame(values if digits is None else values.round(digits), columns=CHANNELS)
    frame.insert(0, "unique_id", np.repeat(np.arange(N), L))
    frame.insert(1, "ds", pd.to_timedelta(rng.exponential(60, N * L).cumsum(), unit="s"))
    return frame


STATISTICS = {
    "z-score": lambda x: (x.mean(), x.std()),
    "min-max": lambda x: (x.min(), x.max() - x.min()),
    "min-over-max": lambda x: (x.min(), x.max()),
}


def _scaled(frame, how, over):
    """The frame scaled by the statistics of `over`, a function from a row's series to its group."""
    values = frame[CHANNELS]
    whose = frame["unique_id"].map(over)
    scaled = values.copy()
    for group in whose.unique():
        counted = values[(whose == group) if group != "others" else whose == "train"]
        shift, scale = STATISTICS[how](counted)
        scaled[whose == group] = (values[whose == group] - shift) / scale
    return Dataset(frame.assign(**scaled), None, None, {}, {"ours@1": SPLIT}, "# ours")


def part_of(series):
    return next(part for part, ids in SPLIT.items() if series in ids)


def everywhere(_):
    return "everything"


def of_training(series):
    return "train" if series in SPLIT["train"] else "others"


@pytest.mark.parametrize("digits", [1, None])
@pytest.mark.parametrize("how", STATISTICS)
def test_scaling_is_told_by_the_rows_it_counts(how, digits):
    frame = _raw(digits)
    (found,) = check(_scaled(frame, how, everywhere))
    assert "over all parts and not over train in 'hr', 'temp'" in found
    (found,) = check(_scaled(frame, how, part_of))
    assert "over test by itself as well as train in 'hr', 'temp', 'glucose'" in found
    assert check(_scaled(frame, how, of_training)) == []
    assert check(_scaled(frame, how, lambda series: series)) == []  # each series by itself


def test_rows_beside_the_split_may_be_counted_too():
    data = _scaled(_raw(), "z-score", everywhere)
    parts = {"train": SPLIT["train"], "test": SPLIT["test"]}
    (found,) = check(dataclasses.replace(data, splits={"ours@1": parts}))
    assert "deviation 1 over the whole frame" in found


def test_what_begins_at_0_and_ends_at_1_by_nature_is_let_pass():
    rng = np.random.default_rng(0)
    rows = (N * L, 3)
    grey = rng.integers(0, 256, rows) / 255
    share = np.clip(rng.normal(0.5, 0.5, rows), 0, 1)
    counts = rng.poisson(0.2, rows).astype(float)
    counts[: 18 * L] += 1  # never none in training
    speed = np.maximum(rng.normal(size=rows), 0)
    for values in (grey, share, counts, speed):
        frame = _raw().assign(**dict(zip(CHANNELS, values.T, strict=True)))
        assert check(Dataset(frame, None, None, {}, {"ours@1": SPLIT}, "# ours")) == []


@pytest.mark.parametrize("name", ["mtan-classif", "latent-ode-interp", "cru-interp"])
def test_published_scalings_are_known_by_their_numbers_alone(real, name):
    for twin, n_found in (("", 1), ("-leakfree", 0)):
        data = load(f"physionet2012/{name}{twin}@1", root=real("physionet2012"))
        assert len(check(data.with_origin(protocol=None, frame=data.scaled()))) == n_found


def test_a_bare_frame_has_no_parts_to_leak_between():
    with pytest.raises(TypeError, match=r"check takes a Dataset, not a DataFrame. Put a frame"):
        check(_raw())

"""Oscillators: against a numerical solution, and a fit that knows, or does not know, the gaps."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import solve_ivp

from ct_s5_datasets._oscillators import DAMPINGS, FREQUENCIES, PARTS, draw_motion, load


@pytest.fixture(scope="module")
def loaded():
    return {part: load(part=part) for part in PARTS}


@pytest.mark.parametrize("part", PARTS)
def test_without_noise_the_readings_solve_the_equation(part):
    data = load(part=part, n_series=12, seed=3, noise=0)
    motion, classes = draw_motion(np.random.default_rng(3), 12, part)
    assert data.labels.tolist() == classes.tolist()
    for series, rows in data.frame.groupby("unique_id"):
        amplitude, phase, frequency, damping = (each[series] for each in motion)
        angular = 2 * np.pi * frequency
        stiffness = angular**2 + damping**2
        start = [np.cos(phase), -damping * np.cos(phase) - angular * np.sin(phase)]
        seconds = rows["ds"] / pd.Timedelta("1s")
        path = solve_ivp(
            lambda _, y, k=stiffness, d=damping: [y[1], -k * y[0] - 2 * d * y[1]],
            (0, seconds.max()),
            start,
            t_eval=seconds,
            method="DOP853",
            rtol=1e-10,
            atol=1e-12,
        ).y
        truth = amplitude * np.stack([path[0], path[1] / angular], axis=1)
        read = rows[["position", "velocity"]].to_numpy()
        seen = ~np.isnan(read)
        assert read[seen] == pytest.approx(truth[seen], abs=1e-7)


@pytest.mark.parametrize("part", PARTS)
def test_parameters_lie_in_their_class(part):
    motion, classes = draw_motion(np.random.default_rng(0), 3000, part)
    middles = {"frequency": FREQUENCIES, "damping": DAMPINGS}[part]
    ratio = getattr(motion, part) / pd.Series(classes).map(middles)
    assert ratio.min() == pytest.approx(0.85, abs=0.001)
    assert ratio.max() == pytest.approx(1.15, abs=0.001)


@pytest.mark.parametrize("part", PARTS)
def test_rows_classes_and_splits(loaded, part):
    data = loaded[part]
    frame = data.frame
    assert list(frame) == ["unique_id", "ds", "position", "velocity"]
    assert list(data.schema) == [*frame, part]
    assert data.labels.name == part
    assert data.labels.value_counts().tolist() == [120, 120, 120]
    assert data.labels.index.tolist() == list(range(360))
    assert set(frame["unique_id"]) == set(data.labels.index)
    assert not frame.duplicated(["unique_id", "ds"]).any()
    ordered = frame.sort_values(["unique_id", "ds"], kind="stable")
    assert ordered.index.equals(frame.index)
    assert frame.groupby("unique_id")["ds"].min().eq(pd.Timedelta(0)).all()
    assert list(data.splits) == [f"seeded-{seed}" for seed in range(5)]
    assert f"- rows: {len(frame)}\n" in data.card


def test_each_row_has_a_reading_and_most_have_one(loaded):
    values = loaded["frequency"].frame[["position", "velocity"]].notna()
    assert values.any(axis=1).all()
    assert values.all(axis=1).mean() == pytest.approx(0.2, abs=0.01)
    assert values.mean().tolist() == pytest.approx([0.6, 0.6], abs=0.01)


def test_times_have_jitter_bursts_and_dropouts(loaded):
    frame = loaded["frequency"].frame
    seconds = frame["ds"] / pd.Timedelta("1s")
    gaps = seconds.groupby(frame["unique_id"]).diff().dropna()
    relative = gaps / gaps.groupby(frame["unique_id"]).transform("median")
    longest = relative.groupby(frame["unique_id"]).max()
    assert (longest > 5).all()
    assert (relative < 0.2).groupby(frame["unique_id"]).sum().ge(3).mean() > 0.95
    assert relative.between(0.5, 1.5).mean() > 0.5
    rows = frame.groupby("unique_id").size()
    assert rows.between(50, 104).all()


def test_the_gaps_alone_do_not_tell_the_class(loaded):
    data = loaded["frequency"]
    last = data.frame.groupby("unique_id")["ds"].max() / pd.Timedelta("1s")
    means = last.groupby(data.labels).mean()
    assert means.max() / means.min() < 1.15


@pytest.mark.parametrize("part", PARTS)
def test_a_fit_names_the_class_from_true_gaps_and_not_from_equal_ones(loaded, part):
    data = loaded[part]
    true, equal = (share_named(data, part, known) for known in (True, False))
    assert true > 0.9
    assert equal < 0.6


def share_named(data, part, gaps_are_known):
    """Share of series whose least-squares fit of a damped wave falls in the right class."""
    frequencies = np.geomspace(0.3, 1.5, 100)[:, None]
    dampings = np.geomspace(0.04, 0.36, 13) if part == "damping" else np.array([0.042])
    angular = 2 * np.pi * frequencies
    middles = {"frequency": FREQUENCIES, "damping": DAMPINGS}[part]
    names, centres = list(middles), np.log(list(middles.values()))
    right = 0
    typical = data.frame.groupby("unique_id")["ds"].max().mean() / pd.Timedelta("1s")
    for series, rows in data.frame.groupby("unique_id"):
        seconds = (rows["ds"] / pd.Timedelta("1s")).to_numpy()
        if not gaps_are_known:
            seconds = np.linspace(0, typical, len(seconds))
        t = seconds[:, None, None]
        envelope, lag = np.exp(-dampings * t), dampings / angular
        cosine, sine = envelope * np.cos(angular * t), envelope * np.sin(angular * t)
        first = np.concatenate([cosine, -sine - lag * cosine])
        second = np.concatenate([-sine, -cosine + lag * sine])
        values = rows[["position", "velocity"]].to_numpy().T.ravel()
        seen = ~np.isnan(values)
        first, second, values = first[seen], second[seen], values[seen, None, None]
        aa, bb, ab = (first**2).sum(0), (second**2).sum(0), (first * second).sum(0)
        ay, by = (first * values).sum(0), (second * values).sum(0)
        explained = (bb * ay**2 - 2 * ab * ay * by + aa * by**2) / (aa * bb - ab**2)
        row, column = np.unravel_index(explained.argmax(), explained.shape)
        found = frequencies[row, 0] if part == "frequency" else dampings[column]
        right += names[np.abs(np.log(found) - centres).argmin()] == data.labels[series]
    return right / len(data.labels)


def test_the_seed_decides():
    first, again, other = (load(n_series=9, seed=seed) for seed in (5, 5, 6))
    pd.testing.assert_frame_equal(first.frame, again.frame)
    assert not first.frame.equals(other.frame)


@pytest.mark.parametrize(
    ("keywords", "told"),
    [
        ({"part": "phase"}, r"part='phase': oscillators has the parts 'frequency' and 'damping'"),
        ({"n_series": 0}, r"n_series=0: ask for at least one series"),
        ({"noise": -0.1}, r"noise=-0\.1: give a share of the amplitude, 0 or more"),
        ({"noise": float("nan")}, r"noise=nan: give a share"),
    ],
)
def test_wrong_arguments_are_refused(keywords, told):
    with pytest.raises(ValueError, match=told):
        load(**keywords)


def test_neither_ct_s5_nor_jax_is_loaded():
    code = (
        "import sys; from ct_s5_datasets import _oscillators, _pendulum; "
        "assert not {'ct_s5', 'jax', 'diffrax', 'PIL'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

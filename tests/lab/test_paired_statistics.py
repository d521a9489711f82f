"""Intervals of paired runs, against simulations with a known truth and a loop."""

import dataclasses
import math
import time

import numpy as np
import pytest

from ct_s5.lab._statistics import Paired, paired


def runs(errors, score="mse", start=0, **more):
    """A run a seed, from its errors by test series; each seed has others, unless it is said."""
    value = (lambda e: 1 - e.mean()) if score == "accuracy" else (lambda e: e.mean())
    return [
        {
            "seed": seed,
            score: float(value(e)),
            "errors": list(e),
            "units": [seed * len(e) + n for n in range(len(e))],
        }
        | more
        for seed, e in enumerate(errors, start)
    ]


def covered(between, within, n_seeds, n_series=60, repeats=300, one_split=False):
    """How often the interval holds the truth, where seeds and series both vary."""
    rng = np.random.default_rng(7)
    more = {"units": list(range(n_series))} if one_split else {}
    hits = 0
    for _ in range(repeats):
        gain = 0.2 + between * rng.normal(size=(n_seeds, 1))
        shared = 2 + rng.normal(size=(n_seeds, n_series))
        second = shared + within * rng.normal(size=(1 if one_split else n_seeds, n_series))
        found = paired(runs(shared - gain, **more), runs(second, **more), "mse")
        hits += found.lo <= 0.2 <= found.hi
    return hits / repeats


@pytest.mark.parametrize(("between", "within"), [(0.1, 0.01), (0.001, 0.5), (0.05, 0.4)])
@pytest.mark.parametrize(("n_seeds", "most"), [(5, 1.0), (10, 0.99)])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(between, within, n_seeds, most):
    # Five seeds are on the safe side where the series make all the difference.
    assert 0.90 <= covered(between, within, n_seeds) <= most


@pytest.mark.parametrize(("between", "within"), [(0.1, 0.01), (0.001, 0.5), (0.05, 0.4)])
def test_it_does_so_where_all_seeds_are_tested_on_the_same_series(between, within):
    assert covered(between, within, n_seeds=5, repeats=100, one_split=True) >= 0.90


def test_with_one_seed_the_test_series_alone_vary():
    assert 0.90 <= covered(0.0, 0.5, 1) <= 0.98


def test_one_seed_is_the_plain_paired_bootstrap():
    rng = np.random.default_rng(0)
    a = rng.exponential(1, 40)
    b = a + rng.normal(0.1, 0.3, 40) ** 2
    found = paired(runs([a]), runs([b]), "mse")
    gains, shares = [], []
    for _ in range(4000):
        picks = rng.integers(0, 40, 40)
        gains.append(np.mean([b[i] - a[i] for i in picks]))
        shares.append(1 - a[picks].sum() / b[picks].sum())
    width = found.hi - found.lo
    assert [found.lo, found.hi] == pytest.approx(np.quantile(gains, [0.025, 0.975]), abs=width / 12)
    ends = [found.relative_lo, found.relative_hi]
    assert ends == pytest.approx(np.quantile(shares, [0.025, 0.975]), abs=np.ptp(ends) / 12)


@pytest.mark.parametrize("n_seeds", [1, 2, 6])
def test_to_swap_the_sides_is_to_turn_the_interval_around(n_seeds):
    rng = np.random.default_rng(1)
    a, b = rng.exponential(1, (2, n_seeds, 30))
    there, back = (paired(runs(x), runs(y), "mse") for x, y in ((a, b), (b, a)))
    assert (there.difference, there.lo, there.hi) == pytest.approx(
        (-back.difference, -back.hi, -back.lo)
    )
    # What is lower by a half is, seen from there, higher by one whole.
    assert 1 - there.relative == pytest.approx(1 / (1 - back.relative))
    assert 1 - there.relative_lo == pytest.approx(1 / (1 - back.relative_hi))
    assert there.wins + back.wins + there.ties == there.pairs == n_seeds


def test_the_unit_of_the_errors_changes_no_share():
    rng = np.random.default_rng(2)
    a, b = rng.exponential(1, (2, 4, 30))
    one, large = (paired(runs(a * unit), runs(b * unit), "mse") for unit in (1.0, 1e6))
    for name in ("relative", "relative_lo", "relative_hi"):
        assert getattr(one, name) == pytest.approx(getattr(large, name))
    assert large.lo == pytest.approx(1e6 * one.lo)
    assert large.wins == one.wins


def test_r2_is_told_through_the_squared_errors():
    rng = np.random.default_rng(3)
    a, b = rng.exponential(1, (2, 4, 30))
    first, second = (
        [run | {"r2": 1 - run["mse"] / 5} for run in runs(errors)] for errors in (a, b)
    )
    r2, mse = (paired(first, second, score) for score in ("r2", "mse"))
    assert r2.relative_lo == pytest.approx(mse.relative_lo)
    assert r2.lo == pytest.approx(mse.lo / 5)


def test_the_draws_are_of_the_series_that_both_have():
    a = [{"seed": 0, "mse": 1.0, "errors": [1.0, 2.0, 0.0], "units": [4, 9, 2]}]
    b = [{"seed": 0, "mse": 1.5, "errors": [2.0, 1.0, 9.0], "units": [9, 4, 7]}]
    found = paired(a, b, "mse")
    # On both common series they are the same: no draw tells them apart but by their own scale.
    scale = np.array([1 / 1.5, 1.5 / 1.5])
    assert found.relative == found.relative_lo == found.relative_hi
    assert found.relative == pytest.approx(1 - scale[0])


def test_only_seeds_that_both_have_count():
    rng = np.random.default_rng(4)
    a, b = rng.exponential(1, (2, 5, 20))
    whole = paired(runs(a[2:], start=2), runs(b[2:], start=2), "mse")
    ragged = [*runs(b[1:], start=1)]
    ragged[0]["mse"] = None
    assert paired(runs(a), ragged, "mse") == whole
    assert whole.pairs == 3


def test_auroc_draws_seeds_alone():
    first, second = (
        [{"seed": n, "auroc": s, "errors": [0, 1], "units": [0, 1]} for n, s in enumerate(scores)]
        for scores in ([0.9, 0.8, 0.85], [0.7, 0.7, 0.8])
    )
    found = paired(first, second, "auroc")
    assert found.difference == pytest.approx(np.mean([0.2, 0.1, 0.05]))
    assert (found.lo, found.hi) == pytest.approx((0.05, 0.2))
    alone = paired(first[:1], second[:1], "auroc")
    assert alone.relative == pytest.approx(2 / 3)
    assert math.isnan(alone.lo)
    assert not alone.clear


def test_no_common_seed_says_nothing():
    found = paired(runs([np.ones(3)]), runs([np.ones(3)], start=1), "mse")
    assert (found.wins, found.ties, found.pairs) == (0, 0, 0)
    numbers = dataclasses.astuple(found)[:6]
    assert all(math.isnan(number) for number in numbers)
    assert not Paired().clear


def test_no_error_left_to_lower_is_no_crash():
    right, wrong = np.zeros(10), np.r_[1.0, np.zeros(9)]
    same = paired(runs([right], "accuracy"), runs([right], "accuracy"), "accuracy")
    worse = paired(runs([wrong], "accuracy"), runs([right], "accuracy"), "accuracy")
    for found in (same, worse):
        shares = found.relative, found.relative_lo, found.relative_hi
        assert all(math.isnan(share) for share in shares)
    assert (same.lo, same.hi) == (0, 0)
    assert worse.lo < worse.difference < worse.hi <= 0


def test_many_series_are_drawn_as_a_normal_with_the_same_spread():
    rng = np.random.default_rng(5)
    a, b = rng.exponential(1, (2, 2, 2500))
    found = paired(runs(a[:1]), runs(b[:1]), "mse")
    width = 2 * 1.96 * np.std(a[0] - b[0]) / 50
    assert found.hi - found.lo == pytest.approx(width, rel=0.1)


def test_a_comparison_of_a_thousand_series_takes_no_time():
    rng = np.random.default_rng(6)
    a, b = (runs(rng.random((5, 1000)) < share, "accuracy") for share in (0.2, 0.3))
    paired(a, b, "accuracy")
    took = []
    for _ in range(5):
        begun = time.perf_counter()
        paired(a, b, "accuracy")
        took.append(time.perf_counter() - begun)
    assert min(took) < 0.5, took

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.signal

from ct_s5.ode import simulate_oscillators
from ct_s5.ode._oscillators import FREQUENCIES, solve_oscillators

N = 150


@pytest.fixture(scope="module")
def series():
    return simulate_oscillators(N)


def strongest_frequency(series, times, grid):
    """Where each series' Lomb-Scargle periodogram, summed over both sensors, is highest, in Hz."""
    peaks = []
    for n in range(len(series.labels)):
        power = np.zeros(len(grid))
        for values in series.values[series.ids == n].T:
            seen = ~np.isnan(values)
            wave = values[seen] - values[seen].mean()
            clock = times[series.ids == n][seen]
            power += scipy.signal.lombscargle(clock, wave, 2 * np.pi * grid) / wave.var()
        peaks.append(grid[np.argmax(power)])
    return np.array(peaks)


def accuracy(series, frequencies):
    """Share of series whose class is the nearest one to its frequency, by ratio."""
    middles = np.log(list(FREQUENCIES.values()))
    nearest = np.abs(np.log(frequencies)[:, None] - middles).argmin(axis=1)
    return np.mean(np.array(list(FREQUENCIES))[nearest] == series.labels)


def test_the_answer_lies_in_the_gaps(series):
    starts = np.flatnonzero(np.diff(series.ids, prepend=-1))
    lengths = np.diff(starts, append=len(series.ids))
    steps = np.arange(len(series.ids)) - np.repeat(starts, lengths)
    mean_gaps = np.maximum.reduceat(series.times, starts) / (lengths - 1)
    hertz = np.linspace(0.4, 1.45, 300)
    assert accuracy(series, strongest_frequency(series, series.times, hertz)) > 0.95

    # Equal gaps: cycles a reading. Whatever one gap is taken to be worth, the classes stay mixed.
    per_step = strongest_frequency(series, steps.astype(float), np.geomspace(0.02, 0.5, 300))
    guesses = [accuracy(series, per_step / gap) for gap in np.geomspace(1 / 12, 1 / 2, 30)]
    assert max(guesses) < 0.55
    # Nor does how often a series is read give its class away.
    assert abs(np.corrcoef(np.log(mean_gaps), np.log(series.frequencies))[0, 1]) < 0.2


def test_the_rows_are_what_they_are_said_to_be(series):
    lengths = np.bincount(series.ids)
    assert len(lengths) == N
    assert 30 <= lengths.min() < 40
    assert 90 < lengths.max() <= 100
    assert 55 < lengths.mean() < 65
    same = np.diff(series.ids) == 0
    assert (np.diff(series.times)[same] > 0).all()
    observed = ~np.isnan(series.values)
    assert observed.any(axis=1).all()
    assert observed.mean() == pytest.approx(0.55, abs=0.02)
    assert dict(zip(*np.unique(series.labels, return_counts=True), strict=True)) == dict.fromkeys(
        FREQUENCIES, N // 3
    )


def test_the_same_seed_gives_the_same_rows(series):
    again, other = simulate_oscillators(N), simulate_oscillators(N, seed=1)
    for name in ("ids", "times", "values", "labels", "frequencies"):
        np.testing.assert_array_equal(getattr(again, name), getattr(series, name))
    assert not np.array_equal(other.labels, series.labels)


def test_the_motion_is_that_of_a_damped_oscillator(precision):
    rng = np.random.default_rng(0)
    angular, zeta = rng.uniform(3, 8, 5), rng.uniform(0, 0.3, 5)
    start = rng.normal(size=(5, 2))
    times = np.cumsum(rng.integers(0, 3, (5, 20)) / 16, axis=1)  # some times are equal
    given = [jnp.asarray(x, precision) for x in (angular, zeta, start, times)]
    motion = solve_oscillators(*given)

    angle, zeta = angular[:, None] * times, zeta[:, None]
    turn = np.sqrt(1 - zeta**2)
    (x, v), cos, sin = start.T[..., None], np.cos(turn * angle), np.sin(turn * angle) / turn
    position = np.exp(-zeta * angle) * (x * cos + (v + zeta * x) * sin)
    velocity = np.exp(-zeta * angle) * (v * cos - (x + zeta * v) * sin)
    np.testing.assert_allclose(motion, np.stack([position, velocity], axis=-1), atol=1e-4)


def test_no_series_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        simulate_oscillators(0)


@pytest.mark.parametrize(
    "keywords", [{"spread": 1.0}, {"spread": -0.1}, {"noise": -1.0}, {"noise": np.nan}]
)
def test_a_spread_or_noise_that_is_none_is_refused(keywords):
    with pytest.raises(ValueError, match=f"{next(iter(keywords))} "):
        simulate_oscillators(3, **keywords)

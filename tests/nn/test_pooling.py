import jax.numpy as jnp
import numpy as np
import pytest

from ct_s5.nn import POOLINGS, pool

L, H = 9, 4


@pytest.mark.parametrize("n_readings", [0, 1, 5, L])
@pytest.mark.parametrize("kind", POOLINGS)
def test_pooling_is_what_numpy_makes_of_the_readings(kind, n_readings, precision):
    rng = np.random.default_rng(n_readings)
    reading = np.isin(np.arange(L), rng.choice(L, n_readings, replace=False))
    features = rng.normal(size=(L, H)).astype(precision)
    gaps = rng.exponential(size=L).astype(precision)
    features[~reading] = np.nan
    encoded = rng.normal(size=(L, H)).astype(precision)
    # Three series: of 4 steps, of none, and of the other 5.
    segments = np.repeat([0, 2], [4, L - 4])
    answer = pool(kind, *map(jnp.asarray, (features, encoded, gaps, reading, segments)), 3)
    assert answer.dtype == precision
    expected = np.zeros((3, 2 * H if kind == "summary" else H))
    for series in range(3):
        chosen = reading & (segments == series)
        if not chosen.any():
            continue
        rows, weights = features[chosen], gaps[chosen]
        expected[series] = {
            "last": lambda rows, _: rows[-1],
            "mean": lambda rows, _: rows.mean(axis=0),
            "gap_mean": lambda rows, weights: np.average(rows, axis=0, weights=weights),
            "summary": lambda rows, _: np.append(rows.mean(axis=0), encoded[chosen][-1]),  # noqa: B023
        }[kind](rows, weights)
    np.testing.assert_allclose(answer, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", POOLINGS)
def test_what_one_series_holds_never_reaches_another(kind):
    features = jnp.asarray([[1.0], [jnp.nan], [3.0]])
    steps = (features, features, jnp.ones(3), jnp.ones(3, bool), jnp.arange(3))
    assert np.isnan(pool(kind, *steps, 3)).any(axis=1).tolist() == [False, True, False]


def test_readings_at_one_time_weigh_the_same():
    features = jnp.asarray([[1.0], [3.0], [100.0]])
    reading = jnp.asarray([True, True, False])
    steps = (features, features, jnp.zeros(3), reading, jnp.zeros(3, int))
    np.testing.assert_allclose(pool("gap_mean", *steps, 1), [[2.0]])


def test_an_unknown_pooling_is_refused():
    steps = (jnp.ones((2, 1)), jnp.ones((2, 1)), jnp.ones(2), jnp.ones(2, bool))
    with pytest.raises(ValueError, match=r"pooling must be one of last, mean, .*; got 'max'"):
        pool("max", *steps, jnp.zeros(2, int), 1)

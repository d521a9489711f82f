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
    answer = pool(kind, *map(jnp.asarray, (features, encoded, gaps, reading)))
    assert answer.dtype == precision
    expected = np.zeros(2 * H if kind == "summary" else H)
    if n_readings:
        rows, weights = features[reading], gaps[reading]
        expected = {
            "last": lambda: rows[-1],
            "mean": lambda: rows.mean(axis=0),
            "gap_mean": lambda: np.average(rows, axis=0, weights=weights),
            "summary": lambda: np.append(rows.mean(axis=0), encoded[reading][-1]),
        }[kind]()
    np.testing.assert_allclose(answer, expected, rtol=1e-5, atol=1e-6)


def test_readings_at_one_time_weigh_the_same():
    features = jnp.asarray([[1.0], [3.0], [100.0]])
    reading = jnp.asarray([True, True, False])
    np.testing.assert_allclose(pool("gap_mean", features, features, jnp.zeros(3), reading), [2.0])


def test_an_unknown_pooling_is_refused():
    with pytest.raises(ValueError, match=r"pooling must be one of last, mean, .*; got 'max'"):
        pool("max", jnp.ones((2, 1)), jnp.ones((2, 1)), jnp.ones(2), jnp.ones(2, bool))

import jax.numpy as jnp
import numpy as np
import pytest
from drawn import EXACT, error, few, seeds
from hypothesis import given

from ct_s5.ssm import diagonal_scan


def slow_scan(decay, drive, initial, reset, reverse):
    """Each state from the one before it, where that belongs to the same series."""
    n_steps = len(decay)
    states, state = np.zeros_like(drive), initial
    for k in reversed(range(n_steps)) if reverse else range(n_steps):
        # Backwards, the series on the other side of a boundary is the one that starts at k + 1.
        if (k + 1 < n_steps and reset[k + 1]) if reverse else reset[k]:
            state = np.zeros_like(initial)
        state = states[k] = decay[k] * state + drive[k]
    return states


@given(seed=seeds)
@few
@pytest.mark.parametrize("reverse", [False, True])
def test_the_scan_is_a_loop(reverse, precision, seed):
    rng = np.random.default_rng(seed)
    dtype = {"float32": "complex64", "float64": "complex128"}[precision]

    def draw(*shape):
        return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(dtype)

    decay, drive, initial = draw(7, 4) / 2, draw(7, 4), draw(4)
    reset = rng.random(7) < 0.2
    states = diagonal_scan(
        jnp.asarray(decay),
        jnp.asarray(drive),
        initial=jnp.asarray(initial),
        reset=jnp.asarray(reset),
        reverse=reverse,
    )
    assert states.dtype == dtype
    expected = slow_scan(decay, drive, initial, reset, reverse)
    for part in (np.real, np.imag):
        assert error(part(states), part(expected)) < EXACT[precision]


@pytest.mark.parametrize("n_steps", [0, 1, 7])
def test_a_scan_begins_with_nothing_unless_told(n_steps):
    ones = jnp.ones((n_steps, 2), complex)
    states = diagonal_scan(ones, ones)
    assert states.shape == (n_steps, 2)
    np.testing.assert_array_equal(states[:, 0].real, np.arange(1, n_steps + 1))


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match=r"decay has shape \(3, 2\), drive \(3, 1\)"):
        diagonal_scan(jnp.ones((3, 2), complex), jnp.ones((3, 1), complex))


def test_nothing_of_one_series_reaches_the_next_not_even_an_infinity():
    decay = jnp.full((4, 1), 0.5 + 0.1j, jnp.complex64)
    drive = jnp.array([[1.0], [jnp.inf], [2.0], [1.0]], jnp.complex64)
    reset = jnp.array([True, False, True, False])
    packed = diagonal_scan(decay, drive, reset=reset)
    alone = diagonal_scan(decay[2:], drive[2:])
    np.testing.assert_array_equal(packed[2:], alone)


@pytest.mark.parametrize("scan", ["associative", "sequential"])
def test_entries_of_another_shape_are_refused(scan):
    decay, drive = jnp.ones((3, 2), jnp.complex64), jnp.ones((3, 2), jnp.complex64)
    with pytest.raises(ValueError, match=r"reset has shape \(1,\); it must be \(3,\)"):
        diagonal_scan(decay, drive, reset=jnp.ones(1, bool), scan=scan)
    with pytest.raises(ValueError, match=r"initial has shape \(1,\); it must be \(2,\)"):
        diagonal_scan(decay, drive, initial=jnp.ones(1, jnp.complex64), scan=scan)

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ct_s5.nn import FARTHEST, Anchor, ChannelHistory


def history(value, age, seen=True):
    told = (jnp.full((1, 1), float(x)) for x in (value, age, seen))
    return ChannelHistory(*told)


def conditional_mean(rate, times, values):
    """Of an Ornstein-Uhlenbeck process at time 0, by its covariance matrix."""
    times = np.array(times, float)
    among = np.exp(-rate * np.abs(times[:, None] - times[None, :]))
    return np.exp(-rate * np.abs(times)) @ np.linalg.solve(among, np.array(values, float))


@pytest.mark.parametrize("rate", [0.01, 0.3, 4.0])
@pytest.mark.parametrize("apart", [(0.2, 0.7), (3.0, 0.1), (20.0, 50.0)])
def test_the_anchor_is_the_conditional_mean_of_an_ornstein_uhlenbeck_process(rate, apart):
    before, after = apart
    with jax.enable_x64(True):
        anchor = Anchor((0,), rate)
        past, ahead = history(1.7, before), history(-0.4, after)
        alone, between = anchor(past, None), anchor(past, ahead)
        coming = anchor(history(9.0, 5.0, False), ahead)
    np.testing.assert_allclose(alone, conditional_mean(rate, [-before], [1.7]), rtol=1e-12)
    np.testing.assert_allclose(coming, conditional_mean(rate, [after], [-0.4]), rtol=1e-12)
    wanted = conditional_mean(rate, [-before, after], [1.7, -0.4])
    np.testing.assert_allclose(between, wanted, rtol=1e-9)


def test_a_slow_anchor_is_the_straight_line_and_an_unseen_channel_the_mean():
    anchor = Anchor((0,), 1e-6)
    line = anchor(history(2.0, 1.0), history(6.0, 3.0))
    np.testing.assert_allclose(line, 3.0, rtol=1e-5)
    unseen = history(5.0, 1e30, False)
    assert anchor(unseen, unseen) == 0.0
    assert anchor(unseen, None) == 0.0


def test_a_glitch_counts_as_no_more_than_the_farthest():
    told = Anchor((0,))(history(1e30, 0.0), None)
    assert told == FARTHEST


def test_gradients_are_finite_at_a_reading_and_where_nothing_was_seen():
    def total(anchor, past, ahead):
        return jnp.sum(anchor(past, ahead))

    for past, ahead in [
        (history(1.0, 0.0), history(1.0, 0.0)),
        (history(0.0, 1e30, False), history(0.0, 0.0, False)),
        (history(1.0, 3e38), None),
    ]:
        told = jax.grad(lambda log_rate: total(_with(log_rate), past, ahead))  # noqa: B023
        assert np.isfinite(told(jnp.zeros(1))).all()


def _with(log_rate):
    anchor = Anchor((0,))
    object.__setattr__(anchor, "log_rate", log_rate)
    return anchor


def test_its_rates_keep_their_type_under_an_update():
    assert not Anchor((0, 1)).log_rate.weak_type

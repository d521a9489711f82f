"""Damped oscillators, read now and then: a data set whose answer lies in the gaps."""

import dataclasses

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Shaped

FREQUENCIES = {"slow": 0.5, "medium": 0.8, "fast": 1.25}
"""Cycles a second in the middle of each class."""
SHORTEST, LONGEST = 30, 100  # readings of one series


@dataclasses.dataclass(frozen=True)
class Oscillators:
    """N series as R flat rows, sorted by series and time.

    Attributes:
        ids: The series, 0 to N - 1, that each row belongs to.
        times: Seconds since each series began.
        values: Position and scaled velocity (see `simulate_oscillators`); NaN where not observed.
        labels: "slow", "medium" or "fast".
        frequencies: The true natural frequencies, in Hz.
    """

    ids: Int[np.ndarray, " R"]
    times: Float[np.ndarray, " R"]
    values: Float[np.ndarray, "R 2"]
    labels: Shaped[np.ndarray, " N"]
    frequencies: Float[np.ndarray, " N"]


def simulate_oscillators(
    n_series: int = 300, *, seed: int = 0, spread: float = 0.1, noise: float = 0.1
) -> Oscillators:
    """Simulate oscillators that can be told apart only by someone who knows the gaps.

    Each series is `x'' + 2 zeta w x' + w^2 x = 0` with its own amplitude, phase, damping and
    frequency, and the question is which of three frequencies. Two sensors, one for x and one for
    x'/w, report at moments of their own: rows are partly observed. Readings come with jitter, in
    bursts, and with drop-outs.

    A series' clock is drawn in units of its own mean gap, and that gap, log-uniform over a factor
    of six, says nothing of the class. So the values in their order depend on the frequency only
    through cycles *a reading*: whoever sees no gaps is right half the time at best, even if they
    could read that off exactly, because three boxes of width log 6 and log 1.6 apart overlap so
    much. With the true times the highest peak of a Lomb-Scargle periodogram names nearly every
    class.

    Args:
        n_series: N; classes are as even as N allows.
        seed: The same seed gives the same rows.
        spread: Half-width of a class, as a share of its frequency.
        noise: Standard deviation of a reading's error, as a share of the series' amplitude.

    Returns:
        Between 30 and 100 readings a series, 60 on average.

    Raises:
        ValueError: No series asked for, a spread outside 0 to below 1, or a noise that is negative
            or not finite.
    """
    if n_series < 1:
        raise ValueError(f"n_series={n_series}: ask for at least one series.")
    if not 0 <= spread < 1:
        raise ValueError(f"spread is a share from 0 to below 1; got {spread}.")
    if not 0 <= noise < np.inf:
        raise ValueError(f"noise must be a finite number of at least 0; got {noise}.")
    rng = np.random.default_rng(seed)
    names = rng.permutation(np.resize(list(FREQUENCIES), n_series))
    frequencies = np.array([FREQUENCIES[name] for name in names])
    frequencies = frequencies * rng.uniform(1 - spread, 1 + spread, n_series)
    lengths = np.round(rng.triangular(SHORTEST, 50, LONGEST, n_series)).astype(int)
    # Two to twelve readings a second on average, whatever the class.
    mean_gaps = np.exp(rng.uniform(np.log(1 / 12), np.log(1 / 2), n_series))
    clocks = [gap * _clock(rng, length) for gap, length in zip(mean_gaps, lengths, strict=True)]

    amplitude = np.exp(rng.uniform(np.log(0.5), np.log(2), n_series))
    phase = rng.uniform(0, 2 * np.pi, n_series)
    damping = rng.uniform(0.005, 0.02, n_series)
    start = amplitude[:, None] * np.stack([np.cos(phase), np.sin(phase)], axis=1)
    # One shape for all, whatever the seed, so that JAX compiles once: the last time is repeated.
    padded = np.stack([np.pad(t, (0, LONGEST - len(t)), mode="edge") for t in clocks])
    motion = solve_oscillators(*map(jnp.asarray, (2 * np.pi * frequencies, damping, start, padded)))

    real = np.arange(LONGEST) < lengths[:, None]
    ids = np.repeat(np.arange(n_series), lengths)
    values = np.asarray(motion, np.float64)[real]
    values += noise * amplitude[ids, None] * rng.normal(size=values.shape)
    # Nine rows in twenty have only the position, as many only the velocity, the rest both.
    sensor = rng.random(len(ids))
    values[sensor < 0.45, 1] = np.nan
    values[sensor > 0.55, 0] = np.nan
    return Oscillators(ids, np.concatenate(clocks), values, names, frequencies)


def _clock(rng, length):
    """Times of one series, from 0, in units of the mean gap: jitter, bursts and drop-outs."""
    gaps = rng.gamma(4.0, 1.0, length)
    in_burst = np.repeat(rng.random(length // 8 + 1) < 0.5, 8)[:length]
    gaps[in_burst] /= 8
    silent = rng.choice(np.arange(1, length), size=3, replace=False)
    gaps[silent] += gaps.mean() * rng.uniform(5, 15, 3)
    gaps[0] = 0
    return np.cumsum(gaps) / (gaps.sum() / (length - 1))


@eqx.filter_jit
def solve_oscillators(
    angular: Float[Array, " N"],
    damping: Float[Array, " N"],
    start: Float[Array, "N 2"],
    times: Float[Array, "N L"],
) -> Float[Array, "N L 2"]:
    """Position x and x'/w of `x'' + 2 zeta w x' + w^2 x = 0` at each series' own times.

    Args:
        angular: w, in radians a second.
        damping: zeta, the share of critical damping.
        start: (x, x'/w) at time 0.
        times: Seconds, not negative, sorted; equal times are fine.
    """

    def solve(angular, damping, start, times):
        # Time in radians: all series then turn at one pace, and share the solver's steps.
        def turn(_, y, damping):
            return jnp.stack([y[1], -y[0] - 2 * damping * y[1]])

        angles = angular * times
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(turn),
            diffrax.Dopri8(),
            t0=0.0,
            t1=angles[-1],
            dt0=None,
            y0=start,
            args=damping,
            saveat=diffrax.SaveAt(ts=angles),
            stepsize_controller=diffrax.PIDController(rtol=1e-6, atol=1e-7),
            max_steps=100_000,
        )
        assert solution.ys is not None  # SaveAt(ts=...) saves
        return solution.ys

    return jax.vmap(solve)(angular, damping, start, times)

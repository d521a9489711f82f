"""LinOSS: forced harmonic oscillators, stepped over the true gaps by one of two rules."""

import math
from typing import Literal, NamedTuple, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Complex, Float, PRNGKeyArray

from ct_s5.ssm._choice import choose
from ct_s5.ssm._pairs import Pair, join, scaled, select, split, times, zeros_like
from ct_s5.ssm._rows import checked_rows
from ct_s5.ssm._scan import scan_pairs
from ct_s5.ssm._starts import drawn_timescales
from ct_s5.ssm._steps import checked_gaps

Scheme = Literal["implicit", "implicit-explicit"]

# A step squared times the stiffness, below 4 where the split rule ends.
_STEEPEST = 3.9


class LinOSSLayer(eqx.Module):
    """P/2 uncoupled oscillators, `x'' = -A x + B u`, read through `y = C x + D u`.

    A reading drives the oscillators over the gap that ends with it; a query moves them over its gap
    without drive and leaves no trace. The two schemes treat a gap differently, because one of them
    stands steps of any length and the other does not:

    "implicit" (LinOSS-IM) takes each gap as one step `d = timescale * gap` of the implicit Euler
    rule. It loses energy, a factor of `1 / (1 + d^2 A)` at every step without drive, for whatever
    gaps: a long gap forgets what was before and leaves the oscillator where its input holds it in
    balance, `x = B u / A`.

    "implicit-explicit" (LinOSS-IMEX) keeps energy at equal steps, as long as `d^2 A < 4`. Steps
    that follow uneven gaps would lose that: over a thousand exponential gaps their product grows,
    from the published start, by over 10^3 in the median oscillator and 10^9 in the worst. So its
    step is `d = timescale`, the published one at a gap of 1, and a gap of g takes g such steps, g
    any number: a turn by g times the angle of one step. Then no sequence of gaps makes it grow, a
    long gap forgets nothing, and gaps that are whole numbers give the published recurrence with
    the input held. `d^2 A < 4` is kept by the parameterisation.

    References:
        Rusch and Rus, Oscillatory State-Space Models, arXiv:2410.03943, sections 2.2 and 2.3, which
        has one step size; here there is a gap a step. Real B and C as in the paper's text. On
        uneven steps: Hairer, Lubich and Wanner, Geometric Numerical Integration, chapter VIII.
    """

    stiffness: Float[Array, " Q"]
    """What `A` is made from: softplus of it ("implicit", where the paper has ReLU, whose gradient
    can vanish for good), or the sigmoid as the share of the largest (the other scheme)."""
    log_timescale: Float[Array, " Q"]
    input_weight: Float[Array, "Q H"]
    """B."""
    output_weight: Float[Array, "H Q"]
    """C."""
    feedthrough: Float[Array, " H"]
    """The diagonal map D from input straight to output."""

    n_features: int = eqx.field(static=True)
    n_states: int = eqx.field(static=True)
    scheme: Scheme = eqx.field(static=True)
    rescale: float = eqx.field(static=True)

    def __init__(
        self,
        n_features: int,
        n_states: int,
        *,
        scheme: Scheme = "implicit",
        timescale: tuple[float, float] = (0.5, 0.73),
        rescale: float = 1.0,
        key: PRNGKeyArray,
    ):
        """Start with A uniform from 0 to 1.

        Args:
            n_features: H, features in and out.
            n_states: P, even: positions and velocities of P/2 oscillators.
            scheme: How gaps are crossed; see above.
            timescale: Range of the initial timescales, log-uniform, in 1 / model unit. The paper's
                is the sigmoid of numbers from 0 to 1.
            rescale: A fixed factor on every gap.
            key: Seeds all parameters. B and C are uniform up to one over the root of H and of P/2,
                D is standard normal.
        """
        if scheme not in get_args(Scheme):
            raise ValueError(
                f"scheme must be one of {', '.join(get_args(Scheme))}; got {scheme!r}."
            )
        if n_states < 2 or n_states % 2:
            raise ValueError(
                f"n_states={n_states} must be even: a position and a velocity of each oscillator."
            )
        dtype, n_half = jnp.result_type(float), n_states // 2
        keys = jax.random.split(key, 5)
        self.log_timescale = drawn_timescales(keys[0], n_half, timescale, rescale)
        stiffness = jax.random.uniform(keys[1], (n_half,), dtype, minval=1e-6)
        if scheme == "implicit":
            self.stiffness = jnp.log(jnp.expm1(stiffness))
        else:
            share = stiffness * jnp.exp(2 * self.log_timescale) / _STEEPEST
            share = jnp.minimum(share, 0.999)  # of timescales above 1.9: as steep as is stable
            self.stiffness = jnp.log(share / (1 - share))

        def uniform(key, shape, bound):
            return jax.random.uniform(key, shape, dtype, minval=-bound, maxval=bound)

        self.input_weight = uniform(keys[2], (n_half, n_features), 1 / np.sqrt(n_features))
        self.output_weight = uniform(keys[3], (n_features, n_half), 1 / np.sqrt(n_half))
        self.feedthrough = jax.random.normal(keys[4], (n_features,), dtype)
        self.n_features = n_features
        self.n_states = n_states
        self.scheme = scheme
        self.rescale = rescale

    @property
    def timescales(self) -> Float[Array, " Q"]:
        """Positive factors on the gaps, one an oscillator."""
        return jnp.exp(self.log_timescale)

    @property
    def stiffnesses(self) -> Float[Array, " Q"]:
        """A: the squares of the oscillators' angular frequencies, above 0."""
        return self._frequencies() ** 2

    def __call__(
        self,
        inputs: Float[Array, "L H"],
        gaps: Float[Array, " L"],
        *,
        gaps_after: Float[Array, " L"] | None = None,
        reading: Bool[Array, " L"] | None = None,
        real: Bool[Array, " L"] | None = None,
        reset: Bool[Array, " L"] | None = None,
    ) -> Float[Array, "L H"]:
        """The outputs at every step; see `S5Layer` for the arguments."""
        return self.run(inputs, gaps, None, reading=reading, real=real, reset=reset)[0]

    def run(
        self,
        inputs: Float[Array, "L H"],
        gaps: Float[Array, " L"],
        state: Complex[Array, " Q"] | None = None,
        *,
        reading: Bool[Array, " L"] | None = None,
        real: Bool[Array, " L"] | None = None,
        reset: Bool[Array, " L"] | None = None,
    ) -> tuple[Float[Array, "L H"], Complex[Array, " Q"]]:
        """Some steps of a series, going on from a state, and the state after them."""
        dtype = self.feedthrough.dtype
        inputs, kinds = checked_rows(self.n_features, inputs, gaps, reading, real, reset, dtype)
        state = self.initial_state() if state is None else state
        if inputs.shape[0] == 0:
            return inputs, state
        crossing = _implicit if self.scheme == "implicit" else _split
        gaps = self.rescale * checked_gaps(gaps, real, "gaps", dtype)[:, None]
        decay, gain = crossing(gaps, self.timescales[None], self._frequencies()[None])
        drive = scaled(inputs @ self.input_weight.T, gain)
        moves, drives = decay, drive
        if kinds.reading is not None:
            # Whatever is no reading leaves the state alone ...
            is_reading, one = kinds.reading[:, None], jnp.ones_like(decay[0])
            moves = select(is_reading, decay, (one, jnp.zeros_like(one)))
            drives = select(is_reading, drive, zeros_like(drive))
        less_one = (moves[0] - 1, moves[1])
        x = scan_pairs(choose("auto").inner, less_one, drives, split(state), kinds.reset)
        end = join((x[0][-1], x[1][-1]))
        seen = x[0]
        if kinds.reading is not None:
            # ... and a query sees it as it is by then.
            seen = jnp.where(kinds.reading[:, None], seen, times(decay, x)[0])
        outputs = seen @ self.output_weight.T + self.feedthrough[None] * inputs
        if kinds.real is not None:
            outputs = jnp.where(kinds.real[:, None], outputs, jnp.zeros_like(outputs))
        return outputs, end

    def initial_state(self) -> Complex[Array, " Q"]:
        """All oscillators at rest."""
        return lax.complex(jnp.zeros_like(self.stiffness), jnp.zeros_like(self.stiffness))

    def _frequencies(self):
        if self.scheme == "implicit":
            return jnp.sqrt(jax.nn.softplus(self.stiffness))
        # Through the logarithm, so that the root has a gradient however small it is.
        share = jnp.exp(jax.nn.log_sigmoid(self.stiffness) / 2)
        return math.sqrt(_STEEPEST) * share / self.timescales


class _Crossing(NamedTuple):
    """A step, on complex numbers whose real part is the position: `x_k = decay x + gain B u`."""

    decay: Pair
    gain: Pair


def _implicit(gap, timescale, frequency) -> _Crossing:
    """One implicit Euler step, with `z + i x' / frequency` for the state.

    It is then `c_k = (c + i d B u / frequency) / (1 + i d frequency)`.
    """
    d = timescale * gap
    turn = d * frequency
    # 1 / (1 + i turn), scaled so that no square leaves the range.
    size = jnp.maximum(1, turn)
    a, b = 1 / size, turn / size
    decay = scaled(1 / (size * (a * a + b * b)), (a, -b))
    return _Crossing(decay, times((jnp.zeros_like(d), d / frequency), decay))


def _split(gap, timescale, frequency) -> _Crossing:
    """`gap` steps of the split rule (velocity first, then position with the new velocity).

    One step in position x and `timescale * velocity` is `[[1, -s^2], [1, 1 - s^2]]` in the order
    velocity, position, with s = timescale * frequency. Its eigenvalues are `e^(-+ 2 i half)`,
    sin half = s / 2, and in `x + i y` with y as below it is the turn by `e^(-2 i half)`. Its fixed
    point under a constant input is x = B u / A with no velocity, y = -x tan half.
    """
    sine = timescale * frequency / 2
    cosine = jnp.sqrt(1 - sine * sine)
    # In turns, of which whole ones are left out: any gap has an angle then, if not an exact one.
    turns = gap * (jnp.arcsin(sine) / np.pi)
    angle = np.pi * (turns - jnp.round(turns))
    # 1 - e^(-2 i angle) = 2 sin(angle) (sin(angle) + i cos(angle)).
    less = scaled(2 * jnp.sin(angle), (jnp.sin(angle), jnp.cos(angle)))
    fixed = scaled(1 / (frequency * frequency), (jnp.ones_like(sine), -sine / cosine))
    return _Crossing((1 - less[0], -less[1]), times(less, fixed))

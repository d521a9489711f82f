"""The S5 layer: a state that moves through continuous time, one gap a step."""

import dataclasses
import functools
import warnings

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Complex, Float, PRNGKeyArray

from ct_s5.ssm._choice import Scan, choose
from ct_s5.ssm._direction import Carried, Flags, Maps, Rows, going_over
from ct_s5.ssm._hippo import check_states, hippo_normal
from ct_s5.ssm._holds import HOLDS, Hold
from ct_s5.ssm._pairs import join, split
from ct_s5.ssm._rows import checked_flags
from ct_s5.ssm._scan import begins_backwards
from ct_s5.ssm._side_by_side import over_row
from ct_s5.ssm._start import OutputInit, input_start, output_start
from ct_s5.ssm._starts import check_timescale, kept_rates, worked_out
from ct_s5.ssm._steps import LONGEST_GAP, checked_gaps, shifted_gaps
from ct_s5.ssm._turns import speeds_of
from ct_s5.ssm._twofold import two_exp


class S5State(eqx.Module):
    """What a causal S5 layer carries from one chunk of a series to the next."""

    x: Complex[Array, " Q"]
    """The state at the last reading."""
    held: Complex[Array, " Q"]
    """`B u` of the last reading, which `zoh_forward` and `foh` still need; 0 before the first."""


class S5Layer(eqx.Module):
    """A diagonal state space layer whose discretisation follows the true gap of every step.

    Between readings the state obeys `x' = timescale * (rate x + B u(t))`, solved exactly over each
    gap under the chosen `hold`; the output is `y = 2 Re(C x) + D u`. See `docs/time.md` for the
    four kinds of step (reading, query, padding, reset) and `ct_s5.ssm.discretise` for the holds.

    References:
        Smith, Warrington and Linderman, Simplified State Space Layers for Sequence Modeling,
        arXiv:2208.04933. Gaps in both directions as in the authors' pendulum experiment.
    """

    rate_real: Float[Array, " Q"]
    """Before minus softplus, which keeps Re(rate) below 0 with a gradient everywhere."""
    rate_imag: Float[Array, " Q"]
    log_timescale: Float[Array, " Q"]
    input_weight: Float[Array, "2 Q H"]
    """Real and imaginary part of the input map."""
    output_weight: Float[Array, "2 H DQ"]
    """Real and imaginary part of the output map; D = 2 directions when bidirectional."""
    feedthrough: Float[Array, " H"]
    """The diagonal map D from input straight to output."""

    n_features: int = eqx.field(static=True)
    n_states: int = eqx.field(static=True)
    hold: Hold = eqx.field(static=True)
    bidirectional: bool = eqx.field(static=True)
    first_gap: float = eqx.field(static=True)
    rescale: float = eqx.field(static=True)
    scan: Scan = eqx.field(static=True)

    def __init__(
        self,
        n_features: int,
        n_states: int,
        *,
        n_blocks: int = 1,
        hold: Hold = "zoh",
        bidirectional: bool = False,
        timescale: tuple[float, float] = (1e-3, 1e-1),
        first_gap: float = 1.0,
        rescale: float = 1.0,
        output_init: OutputInit = "trunc_standard_normal",
        scan: Scan = "auto",
        key: PRNGKeyArray,
    ):
        """Start from HiPPO-N.

        Args:
            n_features: H, features in and out.
            n_states: P, the full number of states as in the papers' tables; conjugate symmetry
                halves it inside.
            n_blocks: J, blocks of the initial state matrix. P / J must be even.
            hold: What the input does between readings.
            bidirectional: Also run from the last step to the first, with the gaps after each step.
            timescale: Range of the initial timescales, log-uniform, in 1 / model unit. A state
                forgets at `-Re(rate) * timescale` (initially half the timescale) a model unit.
            first_gap: Gap of the first reading met backwards, in model units, where `gaps_after` is
                left to the layer.
            rescale: A fixed factor on every timescale, for a model used at another sampling rate
                than it was trained at.
            output_init: Distribution of the output map before it is turned into eigenvector
                coordinates. Standard deviation of the real and the imaginary part of an entry,
                there and after: "trunc_standard_normal" 1 / sqrt(P); "lecun_normal"
                1 / sqrt(H P), which is sqrt(H) times smaller; "complex_normal" sqrt(1/2), drawn in
                eigenvector coordinates. The input map is drawn real with standard deviation
                1 / sqrt(P) and then turned, as published; the feedthrough is standard normal.
            scan: How the steps are gone through: "auto" takes what suits the platform, or a name
                of `ct_s5.ssm.SCANS`. Answers are the same to 1e-5; of long rows "associative"
                has gradients to 2e-4, the others to 1e-5.
            key: Seeds all parameters.

        Raises:
            ValueError: Sizes that do not fit, or an unknown option.
        """
        if hold not in HOLDS:
            raise ValueError(f"hold must be one of {', '.join(HOLDS)}; got {hold!r}.")
        if hold == "bilinear":
            warnings.warn(
                "hold='bilinear': at gaps far above 1 / |rate * timescale| its decay tends to -1, "
                "so a long silence flips the state where it should forget it. 'zoh' has no such "
                "limit.",
                stacklevel=2,
            )
        check_timescale(timescale)
        low, high = timescale
        if not 0 <= first_gap <= LONGEST_GAP:
            raise ValueError(
                f"first_gap is from 0 to {LONGEST_GAP:g} model units; got {first_gap}."
            )
        if not 0 < rescale < np.inf:
            raise ValueError(f"rescale must be a positive number; got {rescale}.")
        if n_features < 1:
            raise ValueError(f"n_features must be at least 1; got {n_features}.")
        choose(scan)
        check_states(n_states, n_blocks)

        def start():
            rates, vectors = hippo_normal(n_states, n_blocks)
            return *kept_rates(rates), np.real(vectors), np.imag(vectors)

        half, every = (n_states // 2,), (n_states, n_states // 2)
        self.rate_real, self.rate_imag, re, im = worked_out(start, half, half, every, every)
        dtype = jnp.result_type(float)
        input_key, output_key, feedthrough_key, timescale_key = jax.random.split(key, 4)
        uniform = jax.random.uniform(timescale_key, half, dtype)
        self.log_timescale = np.log(low).astype(dtype) + uniform * np.log(high / low).astype(dtype)
        self.input_weight = input_start(input_key, n_features, (re, im))
        self.output_weight = jnp.concatenate(
            [
                output_start(direction, n_features, (re, im), output_init)
                for direction in jax.random.split(output_key, 2 if bidirectional else 1)
            ],
            axis=-1,
        )
        self.feedthrough = jax.random.normal(feedthrough_key, (n_features,), dtype)
        self.n_features = n_features
        self.n_states = n_states
        self.hold = hold
        self.bidirectional = bidirectional
        self.first_gap = first_gap
        self.rescale = rescale
        self.scan = scan

    @property
    def rates(self) -> Complex[Array, " Q"]:
        """Continuous-time eigenvalues; real parts are negative by construction."""
        return lax.complex(-jax.nn.softplus(self.rate_real), self.rate_imag)

    @property
    def timescales(self) -> Float[Array, " Q"]:
        """Positive factors on the gaps, one a state, `rescale` included."""
        return jnp.exp(self.log_timescale) * self.rescale

    @property
    def input_map(self) -> Complex[Array, "Q H"]:
        """B, in eigenvector coordinates."""
        return lax.complex(self.input_weight[0], self.input_weight[1])

    @property
    def output_map(self) -> Complex[Array, "H DQ"]:
        """C, in eigenvector coordinates; (H, P) when bidirectional, the forward half first."""
        return lax.complex(self.output_weight[0], self.output_weight[1])

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
        """The outputs at every step of one series, or of several packed into one row.

        Args:
            inputs: One row a step.
            gaps: Time since the last reading before each step, in model units, `gaps[0]` included:
                the layer takes it as given. `ct_s5.gaps_from_times` makes them.
            gaps_after: Time to the first reading after each step. Only a bidirectional layer uses
                it, and may derive it from `gaps` as long as there are no queries.
            reading: False where a step is a query: it reads the state at its time and leaves no
                trace. All real steps are readings when left out.
            real: False on padding, which does nothing; its output is 0.
            reset: True where another series begins in the same row.

        Raises:
            ValueError: Shapes that do not fit, or queries in a bidirectional layer without
                `gaps_after`.
            EquinoxRuntimeError: A gap of a real step that is negative, NaN or beyond 1e30.
        """
        outputs, _ = self._apply(inputs, gaps, gaps_after, reading, real, reset, None)
        return outputs

    def run(
        self,
        inputs: Float[Array, "L H"],
        gaps: Float[Array, " L"],
        state: S5State | None = None,
        *,
        reading: Bool[Array, " L"] | None = None,
        real: Bool[Array, " L"] | None = None,
        reset: Bool[Array, " L"] | None = None,
    ) -> tuple[Float[Array, "L H"], S5State]:
        """One chunk of a series, going on from `state`: the numbers `__call__` gives on the whole.

        Args:
            inputs: One row a step.
            gaps: As in `__call__`; that of the first step counts from the last reading before the
                chunk.
            state: What the chunk before gave back; the empty state when left out.
            reading: As in `__call__`.
            real: As in `__call__`.
            reset: As in `__call__`; a reset forgets `state` too.

        Returns:
            The outputs at every step, and the state to go on from.

        Raises:
            ValueError: The layer is bidirectional: its answers need readings yet to come.
        """
        self._refuse_bidirectional("run")
        state = self.initial_state() if state is None else state
        return self._apply(inputs, gaps, None, reading, real, reset, state)

    def step(
        self, input: Float[Array, " H"], gap: Float[Array, ""], state: S5State
    ) -> tuple[Float[Array, " H"], S5State]:
        """Take one reading as it arrives.

        Args:
            input: The reading's features.
            gap: Model units since the last reading; of the first, what the layer is to take for
                it, such as `first_gap`.
            state: After the last reading; `initial_state()` before the first.

        Returns:
            The output at the reading, and the state after it. Step by step these are the numbers
            of `__call__` and `run` on the whole.

        Raises:
            ValueError: An input of another shape, or a bidirectional layer.
            EquinoxRuntimeError: A gap that is negative, NaN or beyond 1e30.
        """
        self._refuse_bidirectional("step")
        if jnp.shape(input) != (self.n_features,) or jnp.shape(gap) != ():
            raise ValueError(
                f"A step takes one input of shape (H,) = ({self.n_features},) and one gap; got "
                f"shapes {jnp.shape(input)} and {jnp.shape(gap)}. Several steps at once: run(...)."
            )
        gap = jnp.asarray(gap, self.feedthrough.dtype)
        outputs, state = self._apply(input[None, :], gap[None], None, None, None, None, state)
        return outputs[0], state

    def initial_state(self) -> S5State:
        """The empty state, before any reading."""
        zeros = jnp.zeros_like(self.rate_imag)
        return S5State(lax.complex(zeros, zeros), lax.complex(zeros, zeros))

    def with_scan(self, scan: Scan) -> "S5Layer":
        """A copy that goes through the steps in another way: the same numbers."""
        choose(scan)
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        copy = object.__new__(type(self))
        for name, value in (fields | {"scan": scan}).items():
            object.__setattr__(copy, name, value)  # a module is frozen once it is made
        return copy

    def _refuse_bidirectional(self, verb: str) -> None:
        if self.bidirectional:
            raise ValueError(
                f"A bidirectional layer cannot {verb}: the outputs of its backward half depend on "
                "readings yet to come. Call the layer on the whole series, or build it with "
                "bidirectional=False."
            )

    def _apply(self, inputs, gaps, gaps_after, reading, real, reset, state):
        dtype = self.feedthrough.dtype
        inputs = jnp.asarray(inputs, dtype)
        flags = {"reading": reading, "real": real, "reset": reset}
        reading, real, reset = checked_flags(
            self.n_features, inputs, **flags, gaps=gaps, gaps_after=gaps_after
        )
        n_steps = inputs.shape[0]
        if self.bidirectional and reading is not None and gaps_after is None:
            raise ValueError(
                "A bidirectional layer with queries needs gaps_after, the time to the first "
                "reading after each step: gaps, gaps_after = ct_s5.gaps_from_times(times, reading)."
            )

        gaps = checked_gaps(gaps, real, "gaps", dtype)
        if self.bidirectional:
            if gaps_after is None:
                gaps_after = shifted_gaps(gaps, real, reset, self.first_gap)
            gaps_after = checked_gaps(gaps_after, real, "gaps_after", dtype)
        state = self.initial_state() if state is None else state
        if not n_steps:
            return inputs, state

        way = choose(self.scan)
        needs_held = self.hold in ("zoh_forward", "foh")
        step = going_over(self.hold, way.inner)
        pass_over = functools.partial(over_row, step, at_once=way.block)

        def carried(state):
            return Carried(split(state.x), split(state.held) if needs_held else None)

        first, *rest = self._maps()
        told = Flags(reading, real, reset)
        outputs, end = pass_over(first, Rows(inputs, gaps), told, carried(state))
        for maps in rest:
            # Backwards, a series begins at its last step.
            told = Flags(reading, real, None if reset is None else begins_backwards(reset))
            start = carried(self.initial_state())
            back, _ = pass_over(maps, Rows(inputs, gaps_after), told, start, reverse=True)
            outputs = outputs + back
        return outputs, S5State(join(end.x), state.held if end.held is None else join(end.held))

    def _maps(self) -> list[Maps]:
        """The parameters of each direction, as the scan takes them; D goes with the first."""
        rates = (-jax.nn.softplus(self.rate_real), self.rate_imag)
        timescales = lax.stop_gradient(self.log_timescale)
        speeds = speeds_of(self.rate_imag, two_exp(timescales), self.rescale)
        into = self.input_weight.reshape(self.n_states, self.n_features)
        halves = jnp.split(self.output_weight, 2 if self.bidirectional else 1, axis=-1)
        maps = []
        for re, im in halves:
            out_of = 2 * jnp.concatenate([re, -im], axis=-1).T
            feedthrough = None if maps else self.feedthrough
            maps.append(Maps(rates, self.timescales, speeds, into, out_of, feedthrough))
        return maps

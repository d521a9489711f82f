"""S4: a HiPPO state space of its own for each feature, as a convolution or step by step."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ct_s5.ssm._equal_steps import EqualStepsLayer, Move
from ct_s5.ssm._hippo import check_states, hippo_normal
from ct_s5.ssm._s4_kernel import LowRank, Mover, kernel, move, mover
from ct_s5.ssm._starts import drawn_outputs, drawn_timescales, each_alike, kept_rates, worked_out


class S4Layer(EqualStepsLayer):
    """A structured state space layer. It takes readings as equally spaced: gaps are not used.

    Every feature has a state space of its own with one input and one output,

        x' = A x + B u,   A = diag(rate) - P P*,   y = 2 Re(C x) + D u,

    discretised once, by the bilinear rule with a learned step. A row is answered at once by a
    convolution, and `run` goes on step by step with the same numbers. The state stands still
    between readings, so a query is told the state at the last reading.

    References:
        Gu, Goel and Re, Efficiently Modeling Long Sequences with Structured State Spaces,
        arXiv:2111.00396. The low-rank part is -P P* as in Goel et al., arXiv:2202.09729, section 4,
        which keeps the state from growing whatever is learned.
    """

    rate_real: Float[Array, "H Q"]
    """Before minus softplus."""
    rate_imag: Float[Array, "H Q"]
    low_rank: Float[Array, "2 H Q"]
    """Real and imaginary part of P."""
    log_timescale: Float[Array, " H"]
    input_weight: Float[Array, "2 H Q"]
    """Real and imaginary part of B."""
    output_weight: Float[Array, "2 H Q"]
    """Real and imaginary part of C."""
    feedthrough: Float[Array, " H"]

    n_features: int = eqx.field(static=True)
    n_states: int = eqx.field(static=True)
    rescale: float = eqx.field(static=True)

    def __init__(
        self,
        n_features: int,
        n_states: int = 64,
        *,
        timescale: tuple[float, float] = (1e-3, 1e-1),
        rescale: float = 1.0,
        key: PRNGKeyArray,
    ):
        """Start from HiPPO-LegS, the whole matrix.

        Args:
            n_features: H, features in and out.
            n_states: N, even: states of each feature, N H in all. Conjugate symmetry halves it
                inside. A convolution costs H N^3 log L once a batch, whatever the batch.
            timescale: Range of the initial steps, log-uniform, in 1 / reading.
            rescale: A fixed factor on every step, for rows sampled at another rate than trained on:
                2 at half the rate.
            key: Seeds steps, output map and feedthrough.
        """
        check_states(n_states)

        def start():
            rates, vectors = hippo_normal(n_states)
            order = np.arange(n_states)
            # In eigenvector coordinates.
            turned = [vectors.conj().T @ np.sqrt(part) for part in (order + 0.5, 2 * order + 1)]
            low_rank, into = (np.stack([np.real(part), np.imag(part)]) for part in turned)
            return *kept_rates(rates), low_rank, into

        half = n_states // 2
        found = worked_out(start, (half,), (half,), (2, half), (2, half))
        real, imag, low_rank, into = (each_alike(part, n_features) for part in found)
        step_key, output_key, feedthrough_key = jax.random.split(key, 3)
        self.rate_real, self.rate_imag, self.low_rank = real, imag, low_rank
        self.log_timescale = drawn_timescales(step_key, n_features, timescale, rescale)
        self.input_weight = into
        self.output_weight = drawn_outputs(output_key, (n_features, n_states // 2))
        self.feedthrough = jax.random.normal(feedthrough_key, (n_features,), jnp.result_type(float))
        self.n_features = n_features
        self.n_states = n_states
        self.rescale = rescale

    def _kernel(self, n_steps: int) -> Float[Array, "H L"]:
        return kernel(self._mover(), tuple(self.output_weight), n_steps)

    def _move(self) -> Move:
        return functools.partial(move, self._mover())

    def _mover(self) -> Mover:
        rates = (-jax.nn.softplus(self.rate_real), self.rate_imag)
        parts = (tuple(self.low_rank), tuple(self.input_weight))
        return mover(LowRank(rates, *parts, self.timescales[:, None]))

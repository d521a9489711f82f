"""S4D: S4 with a diagonal state matrix."""

import math
from collections.abc import Callable
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex, Float, PRNGKeyArray

from ct_s5.ssm._equal_steps import EqualStepsLayer, Move
from ct_s5.ssm._hippo import check_states, hippo_normal
from ct_s5.ssm._pairs import Pair, plus, scaled, times
from ct_s5.ssm._phi import cross_held, crossing, decay_over
from ct_s5.ssm._starts import drawn_outputs, drawn_timescales, each_alike, kept_rates, worked_out

Rates = Literal["legs", "lin", "inv"]


class S4DLayer(EqualStepsLayer):
    """A diagonal state space layer. It takes readings as equally spaced: gaps are not used.

    Every feature has N/2 complex states of its own, `x' = rate x + u`, `y = 2 Re(C x) + D u`, a
    reading held over one learned step (zero-order hold). The input map is 1: only its product with
    C would count. A row is answered at once by a convolution, and `run` goes on step by step with
    the same numbers. The state stands still between readings, so a query is told the state at the
    last reading.

    References:
        Gu, Gupta, Goel and Re, On the Parameterization and Initialization of Diagonal State Space
        Models, arXiv:2206.11893.
    """

    rate_real: Float[Array, "H Q"]
    """Before minus softplus."""
    rate_imag: Float[Array, "H Q"]
    log_timescale: Float[Array, " H"]
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
        rates: Rates = "legs",
        timescale: tuple[float, float] = (1e-3, 1e-1),
        rescale: float = 1.0,
        key: PRNGKeyArray,
    ):
        """Start from one set of rates for all features.

        Args:
            n_features: H, features in and out.
            n_states: N, even: states of each feature, N H in all.
            rates: "legs", the eigenvalues of HiPPO-N; "lin", `-1/2 + i pi n`; "inv",
                `-1/2 + i N / pi (N / (2n + 1) - 1)`, which is near "legs".
            timescale: Range of the initial steps, log-uniform, in 1 / reading.
            rescale: A fixed factor on every step, for rows sampled at another rate than trained on:
                2 at half the rate.
            key: Seeds steps, output map and feedthrough.
        """
        check_states(n_states)
        if rates not in _STARTS:
            raise ValueError(f"rates must be one of {', '.join(_STARTS)}; got {rates!r}.")

        half = (n_states // 2,)
        real, imag = worked_out(lambda: kept_rates(_STARTS[rates](n_states)), half, half)
        step_key, output_key, feedthrough_key = jax.random.split(key, 3)
        self.rate_real = each_alike(real, n_features)
        self.rate_imag = each_alike(imag, n_features)
        self.log_timescale = drawn_timescales(step_key, n_features, timescale, rescale)
        self.output_weight = drawn_outputs(output_key, (n_features, n_states // 2))
        self.feedthrough = jax.random.normal(feedthrough_key, (n_features,), jnp.result_type(float))
        self.n_features = n_features
        self.n_states = n_states
        self.rescale = rescale

    def _move(self) -> Move:
        decay, gain = self._discretised()
        return lambda x, u: plus(times(decay, x), scaled(u[:, None], gain))

    def _discretised(self) -> tuple[Pair, Pair]:
        """Decay and gain of one step."""
        step = jnp.broadcast_to(self.timescales[:, None], self.rate_imag.shape)
        return cross_held(crossing(-jax.nn.softplus(self.rate_real), self.rate_imag, step))

    def _kernel(self, n_steps: int) -> Float[Array, "H L"]:
        """What an input of 1 adds 0, 1, .. readings later: `2 Re(C gain decay^l)`.

        As `l = j w + i` with w near the root of L, every power is the product of one of w and one
        of L / w: a matrix product over the states, in place of L exponentials a state.
        """
        width = math.ceil(math.sqrt(n_steps))
        n_rows = math.ceil(n_steps / width)
        rates = (-jax.nn.softplus(self.rate_real)[:, :, None], self.rate_imag[:, :, None])
        step = self.timescales[:, None, None]

        def powers(exponents):
            exponents = jnp.arange(*exponents, dtype=step.dtype)[None, None, :]
            shape = (*self.rate_imag.shape, exponents.shape[2])
            every = (*rates, step * exponents)
            return decay_over(crossing(*(jnp.broadcast_to(part, shape) for part in every)))

        fine, coarse = powers((0, width)), powers((0, n_rows * width, width))
        weight = scaled(jnp.full_like(step[:, :, 0], 2), self._discretised()[1])
        weight = times(tuple(self.output_weight), weight)
        coarse = times((weight[0][:, :, None], weight[1][:, :, None]), coarse)
        rows = jnp.concatenate([coarse[0], -coarse[1]], axis=1)
        columns = jnp.concatenate(fine, axis=1)
        kernel = jnp.matmul(rows.swapaxes(1, 2), columns, precision=lax.Precision.HIGHEST)
        return kernel.reshape(self.n_features, -1)[:, :n_steps]


_STARTS: dict[str, Callable[[int], Complex[np.ndarray, " Q"]]] = {
    "legs": lambda n: hippo_normal(n)[0],
    "lin": lambda n: -0.5 + 1j * np.pi * np.arange(n // 2),
    "inv": lambda n: -0.5 + 1j * n / np.pi * (n / (2 * np.arange(n // 2) + 1) - 1),
}
"""The rates of each name, for N states."""

"""Neural CDE: the state is driven by the path that the readings draw."""

import math
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ct_s5.ode._fixed import solve_unit
from ct_s5.ssm import RecurrentLayer


class NeuralCDEState(NamedTuple):
    """What a neural CDE goes on from."""

    hidden: Float[Array, " H"]
    held: Float[Array, " H"]
    """Features of the last reading, where the path stands."""
    begun: Float[Array, ""]
    """1 from the first reading on."""


class NeuralCDELayer(RecurrentLayer[NeuralCDEState]):
    """`dz = f(z) dX`, where X is time beside the features of the readings, over sqrt(H).

    The path X is rectilinear: time goes on to the next reading while the features hold, and then
    these move straight to the new ones while time holds. So nothing before a reading depends on it,
    as with the splines of the first paper it would, readings that share a time are no special case,
    and a query is told the state at its own time. Where the path begins, z is a linear map of the
    first reading; before, it is 0.

    f is tanh(V tanh(W z + b) + c) as a matrix, (H, 1 + H). Both pieces between two readings are
    solved by Heun's method in a fixed number of steps. Each step of a series so costs
    `2 n_solver_steps` times two products of about `n_hidden * H` and `n_hidden * H^2` numbers, one
    after another; the parameters are about `n_hidden * H^2` too, which is why `n_hidden` is small.

    Reference: Kidger et al. 2020, arXiv:2005.08926; the rectilinear path for online use, Morrill et
    al. 2021, arXiv:2106.11028.
    """

    start: eqx.nn.Linear
    inner: eqx.nn.Linear
    along_time: eqx.nn.Linear
    along_inputs: eqx.nn.Linear
    n_solver_steps: int = eqx.field(static=True)

    def __init__(
        self, n_features: int, *, n_hidden: int = 8, n_solver_steps: int = 2, key: PRNGKeyArray
    ):
        """Make a layer.

        Args:
            n_features: H, features in, out and of the state.
            n_hidden: Units of f's hidden layer.
            n_solver_steps: Solver steps in each of the two pieces between readings.
            key: Seeds the weights.

        Raises:
            ValueError: No solver step.
        """
        if n_solver_steps < 1:
            raise ValueError(f"n_solver_steps={n_solver_steps}: a gap takes at least one.")
        start_key, inner_key, time_key, inputs_key = jax.random.split(key, 4)
        self.start = eqx.nn.Linear(n_features, n_features, key=start_key)
        self.inner = eqx.nn.Linear(n_features, n_hidden, key=inner_key)
        self.along_time = eqx.nn.Linear(n_hidden, n_features, key=time_key)
        self.along_inputs = eqx.nn.Linear(n_hidden, n_features * n_features, key=inputs_key)
        self.n_solver_steps = n_solver_steps

    def initial_state(self) -> NeuralCDEState:
        """The state before any reading."""
        like, width = self.start.weight, self.start.weight.shape[0]
        shapes = ((width,), (width,), ())
        return NeuralCDEState(*(jnp.zeros_like(like, shape=shape) for shape in shapes))

    def cross(self, state: NeuralCDEState, gap: Float[Array, ""]) -> NeuralCDEState:
        """Time goes on, the features hold."""
        length = gap * state.begun

        def field(hidden):
            return length * jnp.tanh(self.along_time(jnp.tanh(self.inner(hidden))))

        return state._replace(hidden=solve_unit(field, state.hidden, self.n_solver_steps))

    def absorb(
        self, state: NeuralCDEState, value: Float[Array, " H"], gap: Float[Array, ""]
    ) -> NeuralCDEState:
        """The features move to the new ones, time holds; or the path begins."""
        change = (value - state.held) / math.sqrt(value.size)

        def field(hidden):
            slopes = jnp.tanh(self.along_inputs(jnp.tanh(self.inner(hidden))))
            return slopes.reshape(hidden.size, change.size) @ change

        moved = solve_unit(field, state.hidden, self.n_solver_steps)
        hidden = jnp.where(state.begun > 0, moved, self.start(value))
        return NeuralCDEState(hidden, value, jnp.ones_like(state.begun))

    def told(self, state: NeuralCDEState) -> Float[Array, " H"]:
        """The state z."""
        return state.hidden

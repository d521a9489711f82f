"""ODE-RNN: between readings the state follows a learned differential equation."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ct_s5.ode._fixed import solve_unit
from ct_s5.ssm import RecurrentLayer


class ODERNNState(NamedTuple):
    """What an ODE-RNN goes on from."""

    hidden: Float[Array, " H"]
    begun: Float[Array, ""]
    """1 from the first reading on: before it nothing moves."""


class ODERNNLayer(RecurrentLayer[ODERNNState]):
    """A GRU over the readings, whose state h moves by `h' = f(h)` from one to the next.

    f has one hidden layer, tanh(V tanh(W h + b) + c), so that no state moves faster than one a
    model unit. A query is told the state that f has carried to its time. Before the first reading
    the state is 0 and stays there.

    Any gap is crossed by Heun's method in the same few steps, so that a scan over unlike gaps is
    one program; in the paper an adaptive solver chooses the steps. Long gaps are crossed less
    exactly: with the first weights four steps are off by 0.0004 over a gap of 1 model unit, 0.01
    over one of 3 and 0.3 over one of 10. Each step of a series costs `2 n_solver_steps` evaluations
    of f, one after another.

    Reference: Rubanova, Chen and Duvenaud 2019, arXiv:1907.03907, algorithm 1.
    """

    cell: eqx.nn.GRUCell
    inner: eqx.nn.Linear
    outer: eqx.nn.Linear
    n_solver_steps: int = eqx.field(static=True)

    def __init__(
        self,
        n_features: int,
        *,
        n_hidden: int | None = None,
        n_solver_steps: int = 4,
        key: PRNGKeyArray,
    ):
        """Make a layer.

        Args:
            n_features: H, features in, out and of the state.
            n_hidden: Units of f's hidden layer; H when left out.
            n_solver_steps: Solver steps in each gap.
            key: Seeds the weights.

        Raises:
            ValueError: No solver step.
        """
        if n_solver_steps < 1:
            raise ValueError(f"n_solver_steps={n_solver_steps}: a gap takes at least one.")
        n_hidden = n_features if n_hidden is None else n_hidden
        cell_key, inner_key, outer_key = jax.random.split(key, 3)
        self.cell = eqx.nn.GRUCell(n_features, n_features, key=cell_key)
        self.inner = eqx.nn.Linear(n_features, n_hidden, key=inner_key)
        self.outer = eqx.nn.Linear(n_hidden, n_features, key=outer_key)
        self.n_solver_steps = n_solver_steps

    def initial_state(self) -> ODERNNState:
        """The state before any reading."""
        nothing = jnp.zeros_like(self.cell.weight_hh, shape=(self.cell.hidden_size,))
        return ODERNNState(nothing, jnp.zeros_like(nothing, shape=()))

    def cross(self, state: ODERNNState, gap: Float[Array, ""]) -> ODERNNState:
        """It follows f."""
        length = gap * state.begun

        def field(hidden):
            return length * jnp.tanh(self.outer(jnp.tanh(self.inner(hidden))))

        return state._replace(hidden=solve_unit(field, state.hidden, self.n_solver_steps))

    def absorb(
        self, state: ODERNNState, value: Float[Array, " H"], gap: Float[Array, ""]
    ) -> ODERNNState:
        """One update of the cell."""
        return ODERNNState(self.cell(value, state.hidden), jnp.ones_like(state.begun))

    def told(self, state: ODERNNState) -> Float[Array, " H"]:
        """The hidden state."""
        return state.hidden

"""What layers that take readings as equally spaced make of the four kinds of step.

Their state stands still between readings. A query is told what the state at the last reading
gives, with `D u` of its own; it leaves no trace.
"""

from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ct_s5.ssm._convolve import causal_convolution
from ct_s5.ssm._rows import Kinds

State = TypeVar("State")


def convolved(
    kernel: Float[Array, "H L"],
    feedthrough: Float[Array, " H"],
    inputs: Float[Array, "L H"],
    kinds: Kinds,
) -> Float[Array, "L H"]:
    """All outputs at once: the readings moved together, convolved, and moved apart again."""
    reading, _, reset = kinds
    if reading is None and reset is None:
        return _finished(causal_convolution(inputs.T, kernel).T, feedthrough, inputs, kinds)
    n_steps = inputs.shape[0]
    reading = jnp.ones(n_steps, bool) if reading is None else reading
    # The place of the last reading up to each step, among readings alone; -1 where there is none.
    place = jnp.cumsum(reading) - 1
    target = jnp.where(reading, place, n_steps)  # out of bounds: dropped

    def moved_together(part):
        return jnp.zeros_like(part).at[target].set(part, mode="drop")

    begins, known = None, place >= 0
    place = jnp.maximum(place, 0)
    if reset is not None:
        owner = jnp.cumsum(reset)
        owners = moved_together(owner)
        begins = jnp.concatenate([jnp.ones_like(reset[:1]), owners[1:] != owners[:-1]])
        known = known & (owners[place] == owner)
    together = causal_convolution(moved_together(inputs).T, kernel, begins).T
    seen = jnp.where(known[:, None], together[place], jnp.zeros_like(together))
    return _finished(seen, feedthrough, inputs, kinds)


def stepped(
    move: Callable[[State, Float[Array, " H"]], State],
    look: Callable[[State], Float[Array, " H"]],
    feedthrough: Float[Array, " H"],
    inputs: Float[Array, "L H"],
    kinds: Kinds,
    state: State,
) -> tuple[Float[Array, "L H"], State]:
    """One step after the other, going on from a state: what each looks at, and the state after."""

    def choose(first, a, b):
        return jax.tree.map(lambda one, other: jnp.where(first, one, other), a, b)

    def step(state, row):
        value, is_reading, begins = row
        if begins is not None:
            state = choose(begins, jax.tree.map(jnp.zeros_like, state), state)
        moved = move(state, value)
        state = moved if is_reading is None else choose(is_reading, moved, state)
        return state, look(state)

    state, seen = lax.scan(step, state, (inputs, kinds.reading, kinds.reset))
    return _finished(seen, feedthrough, inputs, kinds), state


def _finished(seen, feedthrough, inputs, kinds: Kinds):
    outputs = seen + feedthrough[None, :] * inputs
    if kinds.real is None:
        return outputs
    return jnp.where(kinds.real[:, None], outputs, jnp.zeros_like(outputs))

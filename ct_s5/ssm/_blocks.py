"""A pass over long rows, one block of steps at a time, whose gradient needs no more than a block.

Forwards, only the state at the start of every block is kept. Backwards, each block is computed once
more from that state, and its own gradient taken while it is still in the processor's cache. So the
memory beside inputs and outputs does not grow with the length, but for one state a block; and since
large intermediate arrays cost page faults, that is also the faster way (`docs/scan.md`).
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, PyTree

Step = Callable[..., tuple[Float[Array, "B N _"], PyTree]]
"""From (shared, rows, flags, fresh, state) of some steps of N series, steps first, to outputs as
long and wide as the first of the rows, and the state after them. Where `fresh` (B,) is given and
False, a step must do nothing and put out 0."""

_SHORTEST = 64


def over_blocks(
    step: Step,
    shared: PyTree,
    rows: PyTree,
    flags: PyTree,
    state: PyTree,
    *,
    at_once: int,
    reverse: bool,
) -> tuple[Float[Array, "N L _"], PyTree]:
    """`step` on the whole rows of N series, in blocks.

    Args:
        step: A function of arrays alone: what it closes over gets no gradient.
        shared: What every block needs: parameters.
        rows: Floating arrays (N, L, ...).
        flags: The same for arrays without gradient; None entries are passed on.
        state: Before the first step met, (N, ...).
        at_once: Steps of a block, counted over all series; but no block is shorter than 64.
        reverse: Begin with the last step; `step` then sees mirrored blocks.

    Returns:
        The outputs, in the order of the rows, and the state at the end.
    """
    n_series, n_steps = jax.tree.leaves(rows)[0].shape[:2]
    length = max(at_once // max(n_series, 1), _SHORTEST)
    if n_steps > length:
        return _passage(step, n_steps, length, reverse)(shared, rows, flags, state)
    rows, flags = _swapped(mirrored((rows, flags), reverse))
    outputs, state = step(shared, rows, flags, None, state)
    return mirrored(_swapped(outputs), reverse), state


@functools.lru_cache(256)
def _passage(step: Step, n_steps: int, length: int, reverse: bool):
    # The same functions for the same rows, and compiled as such: without `jit` around the whole,
    # every gradient would compile its loops anew. Within one they are part of it.
    compiled = functools.partial(jax.jit, inline=True)
    n_blocks = -(-n_steps // length)
    # As even as they can be. Where they do not divide the row, the last overlaps the one before,
    # whose steps are then not `fresh`.
    length = -(-n_steps // n_blocks)
    overlaps = n_blocks * length != n_steps

    def start_of(block):
        """The first row of a block, and which of its steps, as they are met, are fresh."""
        if not reverse:
            start = jnp.minimum(block * length, n_steps - length)
            fresh = start + jnp.arange(length) >= block * length
        else:
            start = jnp.maximum(n_steps - (block + 1) * length, 0)
            fresh = (start + jnp.arange(length) < n_steps - block * length)[::-1]
        return start, fresh if overlaps else None

    def take(tree, start):
        def part_of(whole):
            return lax.dynamic_slice_in_dim(whole, start, length, axis=1)

        return _swapped(mirrored(jax.tree.map(part_of, tree), reverse))

    def put(wholes, tree, start):
        def part_into(whole, part):
            return lax.dynamic_update_slice_in_dim(whole, part, start, axis=1)

        return jax.tree.map(part_into, wholes, mirrored(_swapped(tree), reverse))

    @compiled
    def forward(shared, rows, flags, state):
        def body(carried, block):
            state, outputs = carried
            start, fresh = start_of(block)
            new, after = step(shared, take(rows, start), take(flags, start), fresh, state)
            if fresh is not None:
                new = jnp.where(fresh[:, None, None], new, take(outputs, start))
            return (after, put(outputs, new, start)), state

        outputs = jnp.zeros_like(jax.tree.leaves(rows)[0])
        (state, outputs), kept = lax.scan(body, (state, outputs), jnp.arange(n_blocks))
        return outputs, state, kept

    @jax.custom_vjp
    def passage(shared, rows, flags, state):
        return forward(shared, rows, flags, state)[:2]

    def passage_forward(shared, rows, flags, state):
        outputs, state, kept = forward(shared, rows, flags, state)
        return (outputs, state), (shared, rows, flags, kept)

    @compiled
    def passage_backward(saved, gradients):
        shared, rows, flags, kept = saved
        of_outputs, of_state = gradients

        def body(carried, inputs):
            of_shared, of_rows, of_state = carried
            block, state = inputs
            start, fresh = start_of(block)
            here = take(flags, start)
            _, pull = jax.vjp(
                lambda *moving: step(moving[0], moving[1], here, fresh, moving[2]),
                *(shared, take(rows, start), state),
            )
            added, new, of_state = pull((take(of_outputs, start), of_state))
            # Blocks come last first, so rows that two share end with what their own block says.
            of_rows = put(of_rows, new, start)
            return (jax.tree.map(jnp.add, of_shared, added), of_rows, of_state), None

        zeros: tuple[Any, Any] = jax.tree.map(jnp.zeros_like, (shared, rows))
        blocks = (jnp.arange(n_blocks), kept)
        carried, _ = lax.scan(body, (*zeros, of_state), blocks, reverse=True)
        of_shared, of_rows, of_state = carried
        return of_shared, of_rows, None, of_state

    passage.defvjp(passage_forward, passage_backward)
    return passage


def mirrored(tree: PyTree, reverse: bool, axis: int = 1) -> PyTree:
    """The steps from the last to the first, if `reverse`."""
    return jax.tree.map(lambda part: jnp.flip(part, axis), tree) if reverse else tree


def _swapped(tree: PyTree) -> PyTree:
    """From series first to steps first, or back."""
    return jax.tree.map(lambda part: part.swapaxes(0, 1), tree)

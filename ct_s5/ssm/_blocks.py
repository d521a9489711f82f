"""A pass over a long row, one block of steps at a time, whose gradient needs no more than a block.

Forwards, only the state at the start of every block is kept. Backwards, each block is computed once
more from that state, and its own gradient taken while it is still in the processor's cache. So the
memory beside inputs and outputs does not grow with the length, but for one state a block; and since
large intermediate arrays cost page faults, that is also the faster way (`docs/scan.md`).
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, PyTree

Step = Callable[..., tuple[Float[Array, "B _"], PyTree]]
"""From (shared, rows, flags, fresh, state) of some steps to outputs (B, ...) and the state after
them. Where `fresh` is given and False, a step must do nothing and put out 0."""


def over_blocks(
    step: Step,
    shared: PyTree,
    rows: PyTree,
    flags: PyTree,
    state: PyTree,
    *,
    length: int,
    reverse: bool = False,
) -> tuple[Float[Array, "L _"], PyTree]:
    """`step` on the whole row, in blocks.

    Args:
        step: A function of arrays alone: what it closes over gets no gradient.
        shared: What every block needs: parameters.
        rows: Floating arrays whose first axis are the L steps.
        flags: The same for arrays without gradient; None entries are passed on.
        state: Before the first step met.
        length: Steps of a block at most. Blocks are as even as they can be; where they do not
            divide the row, the last overlaps the one before, whose steps are then not `fresh`.
        reverse: Begin with the last step; `step` then sees mirrored blocks.

    Returns:
        The outputs, in the order of the rows, and the state at the end.
    """
    n_steps = jax.tree.leaves(rows)[0].shape[0]
    if n_steps <= length:
        flip = _flip if reverse else _same
        outputs, state = step(shared, flip(rows), flip(flags), None, state)
        return flip(outputs), state
    return _passage(step, n_steps, length, reverse)(shared, rows, flags, state)


def _passage(step: Step, n_steps: int, length: int, reverse: bool):
    n_blocks = -(-n_steps // length)
    length = -(-n_steps // n_blocks)
    overlaps = n_blocks * length != n_steps
    flip = _flip if reverse else _same

    def start_of(block):
        """The first row of a block, and where its steps are fresh (in the order of the rows)."""
        if not reverse:
            start = jnp.minimum(block * length, n_steps - length)
            fresh = start + jnp.arange(length) >= block * length
        else:
            start = jnp.maximum(n_steps - (block + 1) * length, 0)
            fresh = start + jnp.arange(length) < n_steps - block * length
        return start, fresh if overlaps else None

    def take(tree, start):
        return flip(jax.tree.map(lambda a: lax.dynamic_slice_in_dim(a, start, length), tree))

    def forward(shared, rows, flags, state):
        def run(block, state):
            start, fresh = start_of(block)
            told = None if fresh is None else flip(fresh)
            return start, fresh, step(shared, take(rows, start), take(flags, start), told, state)

        shape = jax.eval_shape(lambda state: run(0, state)[2][0], state)
        outputs = jnp.zeros((n_steps, *shape.shape[1:]), shape.dtype)

        def body(carried, block):
            state, outputs = carried
            start, fresh, (new, after) = run(block, state)
            new = flip(new)
            if fresh is not None:
                old = lax.dynamic_slice_in_dim(outputs, start, length)
                new = jnp.where(_column(fresh, new), new, old)
            return (after, lax.dynamic_update_slice_in_dim(outputs, new, start, 0)), state

        (state, outputs), kept = lax.scan(body, (state, outputs), jnp.arange(n_blocks))
        return outputs, state, kept

    @jax.custom_vjp
    def passage(shared, rows, flags, state):
        return forward(shared, rows, flags, state)[:2]

    def passage_forward(shared, rows, flags, state):
        outputs, state, kept = forward(shared, rows, flags, state)
        return (outputs, state), (shared, rows, flags, kept)

    def passage_backward(saved, gradients):
        shared, rows, flags, kept = saved
        of_outputs, of_state = gradients

        def body(carried, inputs):
            of_shared, of_rows, of_state = carried
            block, state = inputs
            start, fresh = start_of(block)
            told = None if fresh is None else flip(fresh)
            here = take(flags, start)
            _, pull = jax.vjp(
                lambda *moving: step(moving[0], moving[1], here, told, moving[2]),
                *(shared, take(rows, start), state),
            )
            added, new, of_state = pull((take(of_outputs, start), of_state))
            # Blocks come last first, so rows that two share end with what their own block says.
            of_rows = jax.tree.map(
                lambda whole, part: lax.dynamic_update_slice_in_dim(whole, part, start, 0),
                *(of_rows, flip(new)),
            )
            return (jax.tree.map(jnp.add, of_shared, added), of_rows, of_state), None

        zeros: tuple[Any, Any] = jax.tree.map(jnp.zeros_like, (shared, rows))
        blocks = (jnp.arange(n_blocks), kept)
        carried, _ = lax.scan(body, (*zeros, of_state), blocks, reverse=True)
        of_shared, of_rows, of_state = carried
        return of_shared, of_rows, None, of_state

    passage.defvjp(passage_forward, passage_backward)
    return passage


def _flip(tree: PyTree) -> PyTree:
    return jax.tree.map(lambda a: a[::-1], tree)


def _same(tree: PyTree) -> PyTree:
    return tree


def _column(flags: Bool[Array, " B"], like: Array):
    return flags.reshape(-1, *(1,) * (like.ndim - 1))

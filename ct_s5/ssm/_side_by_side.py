"""One row at a time in the code, all series of a batch at once when it runs.

A function under `jax.vmap` sees one series of many, and its gradient by the parameters is made for
each of them, to be added up at the end. Here a row goes over the blocks as a primitive, whose rule
for `vmap` puts the series side by side: blocks are as long as suits so many, and the parameters'
gradient is one sum from the start.

That is right as long as the batch is made before the gradient is taken, and so the primitive is
gone once something differentiates it: a `vmap` around a gradient finds plain functions of one
series, and gives each its own.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive, take_current_trace
from jax.interpreters import batching, mlir
from jaxtyping import Array, Float, PyTree

from ct_s5.ssm._blocks import Step, mirrored, over_blocks


def over_row(
    step: Step,
    shared: PyTree,
    rows: PyTree,
    flags: PyTree,
    state: PyTree,
    *,
    at_once: int | None,
    reverse: bool = False,
) -> tuple[Float[Array, "L _"], PyTree]:
    """`over_blocks` for one series, without the axis of series; a batch of them goes together.

    With `at_once` None the row is one block, each series by itself, as `vmap` has it elsewhere;
    `step` then sees no axis of series. A `step` that is equal to another shares what is compiled.
    """
    if at_once is None:
        rows, flags = mirrored((rows, flags), reverse, axis=0)
        outputs, end = step(shared, rows, flags, None, state)
        return mirrored(outputs, reverse, axis=0), end
    args = (shared, *jax.tree.map(lambda part: part[None], (rows, flags, state)))
    leaves, tree = jax.tree.flatten(args)
    outputs, *end = _series.bind(*leaves, how=_How(step, tree, at_once, reverse))
    end = jax.tree.unflatten(jax.tree.structure(state), end)
    return jax.tree.map(lambda part: part[0], (outputs, end))


class _How(NamedTuple):
    step: Step
    tree: Any
    """Of shared, rows, flags and state."""
    at_once: int
    reverse: bool


def _run(*leaves, how: _How):
    args = jax.tree.unflatten(how.tree, leaves)
    outputs, state = over_blocks(how.step, *args, at_once=how.at_once, reverse=how.reverse)
    return [outputs, *jax.tree.leaves(state)]


class _Series(Primitive):
    multiple_results = True

    def bind(self, *leaves, how: _How):
        with take_current_trace() as trace:
            stays = type(trace) in _kinds_of_trace()
        return super().bind(*leaves, how=how) if stays else _run(*leaves, how=how)


@functools.cache
def _kinds_of_trace() -> tuple[type, ...]:
    """What interprets a function outside of everything, under `jit` and under `vmap`."""
    kinds = []

    def look(x):
        with take_current_trace() as trace:
            kinds.append(type(trace))
        return x

    with take_current_trace():  # whoever asks first may be differentiating
        look(None)
        jax.eval_shape(look, np.zeros(1))
        jax.vmap(look)(np.zeros(1))
    return tuple(kinds)


_series = _Series("ct_s5_series")
_series.def_impl(jax.jit(_run, static_argnames="how"))
mlir.register_lowering(_series, mlir.lower_fun(_run, multiple_results=True))


@_series.def_abstract_eval
def _shapes(*leaves, how: _How):
    _, rows, _, state = jax.tree.unflatten(how.tree, leaves)
    return [jax.tree.leaves(rows)[0], *jax.tree.leaves(state)]


def _batched(axis, leaves, axes, *, how: _How):
    if all(place is None for place in axes):
        found = _series.bind(*leaves, how=how)
        return found, [None] * len(found)
    n_shared = how.tree.children()[0].num_leaves
    own = any(place is not None for place in axes[:n_shared])
    if own or axis.explicit_mesh_axis is not None:
        # Parameters of its own for each: several layers rather than several series. Series that lie
        # on devices by an explicit mesh stay an axis of their own, whose place JAX carries along.
        how = how._replace(at_once=how.at_once // axis.size)
        found = jax.vmap(functools.partial(_run, how=how), in_axes=axes)(*leaves)
        return found, [0] * len(found)

    def in_front(leaf, place):
        if place is None:
            return jnp.broadcast_to(leaf[None], (axis.size, *leaf.shape))
        return jnp.moveaxis(leaf, place, 0)

    of_series = list(map(in_front, leaves[n_shared:], axes[n_shared:]))
    n_each = of_series[0].shape[1]
    side_by_side = (jax.lax.collapse(leaf, 0, 2) for leaf in of_series)
    found = _series.bind(*leaves[:n_shared], *side_by_side, how=how)
    return [part.reshape(axis.size, n_each, *part.shape[1:]) for part in found], [0] * len(found)


batching.fancy_primitive_batchers[_series] = _batched

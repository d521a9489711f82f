"""Optimiser groups by the role of a parameter."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax
from jaxtyping import PyTree

# What shapes the state's motion, and what writes into it. These move at their own rate, undecayed:
# decay would pull rates and log-timescales towards values that mean nothing.
_STATE = {
    "rate_real",
    "rate_imag",
    "low_rank",
    "stiffness",
    "log_timescale",
    "input_weight",
}
# A GRU has two biases.
_BIASES = {"bias", "bias_n"}
_AVERAGES = {"running_mean", "running_variance"}


def roles(model: PyTree) -> PyTree[str]:
    """The role of every array, told by its place in the model.

    "state": what moves the states of a state space layer, its timescales and input map.
    "undecayed": norms, biases, anchors. "average": BatchNorm's moving averages, which no gradient
    moves. "decayed": all the rest.
    """

    def role(path: tuple[Any, ...], _) -> str:
        names = [getattr(key, "name", "") for key in path]
        if names[-1] in _AVERAGES:
            return "average"
        if names[-1] in _STATE:
            return "state"
        biased = names[-1] in _BIASES or "norm" in names or "anchor" in names
        return "undecayed" if biased else "decayed"

    return jax.tree_util.tree_map_with_path(role, model)


@dataclasses.dataclass(frozen=True)
class OptimiserSettings:
    """Everything about an update but the learning rate, which changes from step to step."""

    weight_decay: float = 0.01
    state_rate: float = 0.25
    """Learning rate of the "state" role, as a share of the others'."""
    gradient_clip: float | None = 1.0
    """Largest norm of a gradient over all parameters; None leaves it."""


def make_optimiser(settings: OptimiserSettings) -> optax.GradientTransformation:
    """AdamW in groups, for a learning rate of 1: updates are multiplied by the rate of the step.

    Leaving the rate out keeps the update one compiled function however long the schedule is.
    """
    adam = optax.scale_by_adam
    decay = optax.add_decayed_weights(settings.weight_decay)
    groups = optax.partition(
        {
            "state": optax.chain(adam(), optax.scale(-settings.state_rate)),
            "undecayed": optax.chain(adam(), optax.scale(-1.0)),
            "decayed": optax.chain(adam(), decay, optax.scale(-1.0)),
            "average": optax.set_to_zero(),
        },
        roles,
    )
    clip = settings.gradient_clip
    rule = groups if clip is None else optax.chain(optax.clip_by_global_norm(clip), groups)
    return optax.GradientTransformation(_standard(rule.init), _standard(rule.update))


def make_schedule(peak: float, n_steps: int, n_warmup: int) -> Callable[[int], np.ndarray]:
    """A linear rise from a share of the peak, then a cosine that is 0 after the last step."""
    n_warmup = min(n_warmup, n_steps - 1)
    if n_warmup < 1:
        schedule = optax.cosine_decay_schedule(peak, max(n_steps, 1))
    else:
        rise = peak / (n_warmup + 1)
        schedule = optax.warmup_cosine_decay_schedule(rise, peak, n_warmup, n_steps)
    # All at once: asked step by step, Optax has a device launch ten operations and waits for them.
    rates = np.asarray(_standard(schedule)(np.arange(n_steps + 1)), np.float32)
    return lambda step: rates[step]


def _standard(function):
    """Optax mixes integers and floats, which a caller's strict dtype promotion would refuse."""

    @functools.wraps(function)
    def wrapped(*args, **kwargs):
        with jax.numpy_dtype_promotion("standard"):
            return function(*args, **kwargs)

    return wrapped

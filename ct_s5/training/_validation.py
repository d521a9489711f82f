"""What the series that training never sees say after an epoch."""

import math
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ct_s5.nn import Gaussian, S5Model
from ct_s5.training._cohort import Cohort
from ct_s5.training._losses import Loss, loss_of_each
from ct_s5.training._metrics import score
from ct_s5.training._predict import predict_all

_losses = eqx.filter_jit(loss_of_each)


def validate(
    model: S5Model,
    cohort: Cohort,
    loss: Loss,
    monitor: str,
    lengths: Sequence[int],
    batch_size: int,
) -> tuple[dict[str, Any], Float[np.ndarray, " M"]]:
    """The loss, and the score to monitor where that is another; and the loss of each target."""
    answers = predict_all(model, cohort.series, lengths=lengths, batch_size=batch_size)
    values, weights = cohort.targets.look_up(np.arange(len(cohort.targets.weights)))
    losses = _losses(loss, *jax.tree.map(jnp.asarray, (answers, values, weights)))
    row = {"validation_loss": float(np.sum(losses)) / float(np.sum(weights))}
    if monitor != "loss":
        known = weights > 0
        point = np.asarray(answers.mean if isinstance(answers, Gaussian) else answers)[known]
        row[f"validation_{monitor}"] = math.nan
        if np.isfinite(point).all():
            row[f"validation_{monitor}"] = score(monitor, point, values[known])
    return row, np.asarray(losses)


def monitored(row: dict[str, Any], monitor: str) -> float:
    """The value that decides, turned so that lower is better; infinite where it is no number."""
    value = row["validation_loss"] if monitor == "loss" else -row[f"validation_{monitor}"]
    return value if math.isfinite(value) else math.inf

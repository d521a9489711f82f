"""What people read: scores of predictions on known targets, through scikit-learn."""

import math
from collections.abc import Callable

import numpy as np


def _accuracy(scores, targets):
    return float(np.mean(scores.argmax(axis=-1) == targets))


def _auroc(scores, targets):
    from sklearn.metrics import roc_auc_score

    if len(np.unique(targets)) < scores.shape[-1]:
        return float("nan")
    if scores.shape[-1] == 2:
        return float(roc_auc_score(targets, scores[:, 1] - scores[:, 0]))
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares = shifted / shifted.sum(axis=-1, keepdims=True)
    return float(roc_auc_score(targets, shares, multi_class="ovr", labels=range(scores.shape[-1])))


def _auprc(scores, targets):
    from sklearn.metrics import average_precision_score

    if scores.shape[-1] != 2 or len(np.unique(targets)) < 2:
        return float("nan")
    return float(average_precision_score(targets, scores[:, 1] - scores[:, 0]))


def _negative_mse(values, targets):
    return -float(np.mean((values - targets) ** 2))


def check_monitor(monitor: str, loss: str) -> None:
    """Refuse a score that says nothing about answers of this kind."""
    fitting = [m for m in METRICS if (m == "negative_mse") == (loss != "class")]
    if monitor != "loss" and monitor not in fitting:
        raise ValueError(
            f"monitor must be loss, {', '.join(fitting)} for a {loss!r} loss; got {monitor!r}."
        )


def score(monitor: str, answers: np.ndarray, targets: np.ndarray) -> float:
    """A score to choose the best epoch by.

    Raises:
        ValueError: It is not defined on these targets, and could choose nothing.
    """
    value = METRICS[monitor](answers, targets)
    if math.isnan(value):
        raise ValueError(
            f"monitor={monitor!r} is not defined on the validation targets: it needs every class "
            "to occur among them, and auprc just two classes. Monitor the loss, or validate on "
            "more series."
        )
    return value


METRICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "accuracy": _accuracy,
    "auroc": _auroc,
    "auprc": _auprc,
    "negative_mse": _negative_mse,
}
"""By name; each takes raw scores (M, K) and targets, and higher is better. NaN where undefined, as
AUROC with a class that does not occur."""

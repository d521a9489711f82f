"""One run: fit a model, and score it on test series that it looks at once."""

import time
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int, Shaped

from ct_s5.estimators import NotFiniteAnswer
from ct_s5.lab._comparison import number
from ct_s5.lab._memory import watched
from ct_s5.training import METRICS, named_arrays


class Part(NamedTuple):
    """What a model is given of some series, and what it should answer."""

    frame: pd.DataFrame
    labels: Any
    """By id; or one for each row of the frame, NaN where none is asked for."""
    static: pd.DataFrame | None
    units: Int[np.ndarray, " n"]
    """Which series of the data these are, or which groups of series."""
    owner: Int[np.ndarray, " M"]
    """Of each label that counts, whose it is, as a place in `units`."""


def run_once(model, train: Part, validation: Part, tests: Sequence[Part]) -> list[dict[str, Any]]:
    """Fit on a part, and say for each of the tests how it went."""
    started = time.perf_counter()
    told = train.frame, train.labels
    with warnings.catch_warnings(record=True) as spoken, watched() as memory:
        warnings.simplefilter("always")
        try:
            model.fit(*told, static=train.static, validation=tuple(validation[:3]))
        except FloatingPointError as error:
            seconds = time.perf_counter() - started
            lost = {"status": "diverged", "reason": str(error), "seconds": seconds}
            return [dict(lost) for _ in tests]
    stopped = [str(w.message) for w in spoken if "Training stopped" in str(w.message)]
    for warning in spoken:
        if str(warning.message) not in stopped:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    fitted = {
        "status": "stopped" if stopped else "ok",
        **({"reason": stopped[0]} if stopped else {}),
        "seconds": time.perf_counter() - started,
        "memory_mb": memory.megabytes,
        **_training(model),
    }
    return [fitted | _scores(model, test) for test in tests]


def _training(model) -> dict[str, Any]:
    """What the training of a network was; of anything else how many numbers it learned."""
    if not hasattr(model, "history_"):
        return {"n_parameters": int(model.n_parameters_)}
    history = model.history_
    curves = [name for name in ("loss", "validation_loss") if name in history]
    pace = history["seconds"] / history["steps"]
    return {
        # The first epoch compiles; where it is the only one, nothing is said.
        "seconds_per_step": float(pace.iloc[1:].median()) if len(history) > 1 else None,
        "best_epoch": int(model.best_epoch_),
        "n_epochs": len(history),
        "n_steps": int(history["steps"].sum()),
        "n_compilations": int(model.n_compilations_),
        "n_parameters": sum(array.size for array in named_arrays(model.model_).values()),
        "history": {name: [number(value) for value in history[name]] for name in curves},
    }


def _scores(model, test: Part) -> dict[str, Any]:
    """Scores of a test, and the mean error of each of its series, or groups of them."""
    try:
        told = _classified(model, test) if hasattr(model, "classes_") else _regressed(model, test)
    except NotFiniteAnswer as error:
        return {"status": "diverged", "reason": str(error)}
    errors = told.pop("each")
    total = np.bincount(test.owner, errors, minlength=len(test.units))
    count = np.bincount(test.owner, minlength=len(test.units))
    there = count > 0
    told["errors"] = [float(f"{error:.6g}") for error in total[there] / count[there]]
    told["units"] = test.units[there].tolist()
    return told


def _classified(model, test: Part) -> dict[str, Any]:
    answers, labels = _lined_up(model.predict_proba(test.frame, static=test.static), test)
    # A class that no training series is of is never named: an error each time.
    known = np.isin(labels, model.classes_)
    codes = np.searchsorted(model.classes_, labels[known])
    # The metrics take scores before the softmax; logarithms are such scores.
    scores = np.log(np.maximum(answers, np.finfo(np.float64).tiny))
    wrong = np.ones(len(labels))
    wrong[known] = scores[known].argmax(axis=1) != codes
    auroc = METRICS["auroc"](scores[known], codes)
    return {"accuracy": number(1 - wrong.mean()), "auroc": number(auroc), "each": wrong}


def _regressed(model, test: Part) -> dict[str, Any]:
    found, true = _lined_up(model.predict(test.frame, static=test.static), test)
    true = true.astype(np.float64)
    squares = (found - true) ** 2
    error, spread = squares.mean(axis=0), np.var(true, axis=0)
    share = np.where(spread > 0, 1 - error / np.where(spread > 0, spread, 1), np.nan)
    each = squares if squares.ndim == 1 else squares.mean(axis=1)
    return {"r2": number(np.mean(share)), "mse": number(np.mean(error)), "each": each}


def _lined_up(
    answers: pd.DataFrame | pd.Series, test: Part
) -> tuple[Float[np.ndarray, "M *K"], Shaped[np.ndarray, "M *K"]]:
    """Answers and labels of whatever has a label: series by id, or rows in order."""
    labels = test.labels
    if isinstance(labels, pd.Series | pd.DataFrame):
        return answers.loc[labels.index].to_numpy(np.float64), labels.to_numpy()
    told = answers.iloc[:, 2:].to_numpy(np.float64)  # after id and time
    known = have_labels(labels)
    told, labels = told[known], labels[known]
    return (told[:, 0] if told.shape[1] == 1 else told), np.array(labels.tolist())


def have_labels(labels: Shaped[np.ndarray, "M *K"]) -> Bool[np.ndarray, " M"]:
    """Where there is one; of several each."""
    missing: Any = pd.isna(labels)
    return ~(missing if labels.ndim == 1 else missing.any(axis=1))

"""The forms that labels, weights and plain tables come in."""

import numpy as np
import pandas as pd
from jaxtyping import Float, Shaped
from sklearn.utils.multiclass import check_classification_targets

from ct_s5.frames import EncodedFrame, align_labels, align_step_labels, to_long


def is_table(X) -> bool:
    """Whether the input is a plain table (N, L), one regular series a row: scikit-learn's own form.

    Frames have id and time columns, lists hold series, and arrays of three axes have channels. A
    frame whose columns are only counted, as `pd.DataFrame(array)` counts them, is a table. What is
    no data at all is none: `to_long` has the better words for it.
    """
    if isinstance(X, pd.DataFrame) and isinstance(X.columns, pd.RangeIndex):
        return X.index.nlevels == 1 and len(X.columns) > 0
    if hasattr(X, "columns") or (isinstance(X, np.ndarray) and X.ndim == 3):
        return False
    if not isinstance(X, list | tuple):
        array = hasattr(X, "__array__") or hasattr(X, "toarray")  # sparse ones are scikit-learn's
        return array and not isinstance(X, pd.Series | pd.Index)
    return not any(hasattr(item, "columns") or np.ndim(item) == 2 for item in X)


def refuse_infinite(table) -> None:
    """Name the infinite cell of a table, before scikit-learn refuses the table as a whole."""
    array = np.asarray(table)
    if array.ndim == 2 and array.dtype.kind == "f" and np.isinf(array).any():
        to_long(array)


def is_amount(value) -> bool:
    """Whether a keyword is a finite number of at least 0."""
    numbers = int | float | np.integer | np.floating  # a timedelta64 passes for an integer
    if isinstance(value, bool | np.timedelta64) or not isinstance(value, numbers):
        return False
    return bool(0 <= value < float("inf"))


def aligned(encoded: EncodedFrame, y, per: str) -> Shaped[np.ndarray, "M *K"]:
    """Labels in the order of the series, or of their rows."""
    return align_step_labels(encoded, y) if per == "reading" else align_labels(encoded, y)


def classes_in(labels: Shaped[np.ndarray, " M"]) -> Shaped[np.ndarray, " K"]:
    """The distinct classes, sorted.

    Raises:
        TypeError: Labels of a type that is no class, or of several types.
        ValueError: Numbers that are no classes, such as 0.31.
    """
    found = pd.unique(labels) if labels.dtype == object else np.unique(labels)
    kinds = {type(c.item() if isinstance(c, np.generic) else c) for c in found}
    names = ", ".join(sorted(kind.__name__ for kind in kinds))
    if labels.dtype.kind not in "biufUO" or not kinds <= {bool, int, float, str}:
        raise TypeError(f"A class is text, a whole number or True or False; got {names}.")
    if len(kinds) > 1:
        raise TypeError(f"Labels are of several types: {names}. Bring them to one.")
    if kinds == {float} and (odd := [c for c in found.tolist() if c % 1]):
        raise ValueError(
            f"Labels such as {odd[0]!r} are continuous, no classes: S5Regressor predicts numbers. "
            "Where they do name classes, make them text."
        )
    check_classification_targets(typed(labels))
    return np.unique(typed(found))


def typed(labels: Shaped[np.ndarray, " M"]) -> Shaped[np.ndarray, " M"]:
    """Text, numbers or flags that came as objects, under their own dtype."""
    return np.array(labels.tolist()) if labels.dtype == object and len(labels) else labels


def per_row(encoded: EncodedFrame, values: Shaped[np.ndarray, " N"]) -> Shaped[np.ndarray, " R"]:
    """What a series has, for each of its rows."""
    return np.repeat(values, encoded.series.lengths)


def weights_of(encoded: EncodedFrame, weights, per: str) -> Float[np.ndarray, " M"]:
    """The weight of the series behind each label."""
    weights = sample_weights(encoded, weights)
    return per_row(encoded, weights) if per == "reading" else weights


def sample_weights(encoded: EncodedFrame, weights) -> Float[np.ndarray, " N"]:
    """One weight a series, 1 where none are given."""
    if weights is None:
        return np.ones(len(encoded.ids))
    if not isinstance(weights, pd.Series):
        weights = np.asarray(weights)
        if weights.shape != (len(encoded.ids),):
            raise ValueError(
                f"sample_weight has shape {weights.shape}; expected one weight for each of the "
                f"{len(encoded.ids)} series."
            )
        weights = pd.Series(weights, index=encoded.ids)
    try:
        weights = np.asarray(align_labels(encoded, weights), dtype=np.float64)
    except ValueError as error:  # which speaks of labels
        raise ValueError(f"sample_weight goes by series as labels do. {error}") from error
    if (weights < 0).any():
        worst = int(weights.argmin())
        raise ValueError(
            f"sample_weight of series {encoded.ids.tolist()[worst]!r} is {weights[worst]}: weights "
            "must not be negative."
        )
    return weights

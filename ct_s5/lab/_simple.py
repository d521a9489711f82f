"""Models that are no networks: what a comparison must beat before it may speak of sequences."""

from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float, Shaped
from sklearn.base import BaseEstimator

from ct_s5.frames import (
    Duplicates,
    EncodedFrame,
    align_labels,
    align_step_labels,
    decode_series,
    decode_steps,
    encode,
    learn_from,
    to_long,
)
from ct_s5.lab._summaries import histories, last_values, summarise
from ct_s5.lab._tabular import Always, Task, boosted, linear, size_of
from ct_s5.lab._treatments import Per, any_unit


class _Simple(BaseEstimator):
    """What the models share: frames in, answers by id or by row out.

    Args:
        task: "classify" or "regress".
        per: "series" for one answer a series, "reading" for one a row, from what was known then.
        id_col: Column of the series id.
        time_col: Column of the time.
        duplicates: As for `encode`.
        sort: As for `encode`.
        random_state: Of boosting, which may draw which rows choose its bins.

    Attributes:
        classes_: The classes of the training labels, sorted; a classifier's alone.
        n_parameters_: How many numbers were learned.
    """

    def __init__(
        self,
        *,
        task: Task = "classify",
        per: Per = "series",
        id_col: str = "unique_id",
        time_col: str = "ds",
        duplicates: Duplicates = "error",
        sort: bool = False,
        random_state: int = 0,
    ):
        self.task: Task = task
        self.per: Per = per
        self.id_col = id_col
        self.time_col = time_col
        self.duplicates: Duplicates = duplicates
        self.sort = sort
        self.random_state = random_state

    def fit(self, frame, labels, *, static=None, validation=None):
        """Learn from labelled series, or rows.

        Args:
            frame: The readings.
            labels: By series id; with `per="reading"` one a row, NaN where there is none. Several
                numbers a series are several targets, each learned from where it is known.
            static: Features of the series as a whole: a row an id.
            validation: `(frame, labels)` or `(frame, labels, static)`: chooses how strongly the
                weights are held near zero, or how many trees there are.

        Raises:
            ValueError: Training labels of one class, or what `encode` and the labels refuse.
        """
        long = to_long(frame, id_col=self.id_col, time_col=self.time_col)
        self.schema_ = learn_from(long, any_unit(long), static)
        x, y = self._told(self._encode(long, static), labels)
        told = None
        if validation is not None:
            seen, answers, features = (*validation, None)[:3]
            told = self._told(self._encode(seen, features), answers)
        if self.task == "classify":
            self._fit_classes(x, y[:, 0], told)
        else:
            self._fit_numbers(x, y, told)
        self.n_parameters_ = sum(size_of(learner) for learner in self.learners_)
        return self

    def predict(self, frame, static=None):
        """Classes or numbers: by id, or a frame of id, time and answer for each row."""
        encoded = self._encode(frame, static)
        if self.task == "classify":
            return self._give(encoded, self.classes_[self._shares(encoded).argmax(axis=1)])
        x = self._features(encoded)
        answers = np.column_stack([learner.predict(x) for learner in self.learners_])
        return self._give(encoded, answers if answers.shape[1] > 1 else answers[:, 0])

    def predict_proba(self, frame, static=None):
        """The probability of each class: a frame by id, or with id and time, and `classes_`."""
        encoded = self._encode(frame, static)
        return self._give(encoded, self._shares(encoded), list(self.classes_))

    def _encode(self, data, static) -> EncodedFrame:
        return encode(data, self.schema_, static=static, duplicates=self.duplicates, sort=self.sort)

    def _fit_classes(self, x, y: Shaped[np.ndarray, " M"], told) -> None:
        y = np.array(y.tolist())
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"Every training label is {self.classes_.tolist()}: a classifier needs two classes."
            )
        if told is not None:
            # A class that nobody trained on has no probability to judge.
            known = np.isin(np.array(told[1][:, 0].tolist()), self.classes_)
            kept = np.array(told[1][known, 0].tolist())
            told = (told[0][known], np.searchsorted(self.classes_, kept)) if len(kept) else None
        self.learners_ = [self._learn(x, codes, told)]

    def _fit_numbers(self, x, y: Shaped[np.ndarray, "M K"], told) -> None:
        self.learners_ = []
        for k, target in enumerate(y.T.astype(np.float64)):
            known = ~np.isnan(target)
            if not known.any():
                raise ValueError(f"Target {k} is known of no training series: leave it out.")
            judge = None
            if told is not None:
                other = told[1][:, k].astype(np.float64)
                there = ~np.isnan(other)
                judge = (told[0][there], other[there]) if there.any() else None
            self.learners_.append(self._learn(x[known], target[known], judge))

    def _shares(self, encoded: EncodedFrame) -> Float[np.ndarray, "M K"]:
        return self.learners_[0].predict_proba(self._features(encoded))

    def _told(self, encoded: EncodedFrame, labels):
        """Features and labels of whatever has a label."""
        y = self._aligned(encoded, labels)
        y = y[:, None] if y.ndim == 1 else y
        known = ~pd.isna(y).all(axis=1)
        return self._features(encoded)[known], y[known]

    def _aligned(self, encoded: EncodedFrame, labels) -> Shaped[np.ndarray, "M *K"]:
        if self.per == "reading":
            return align_step_labels(encoded, labels)
        if self.task == "classify" or not isinstance(labels, pd.Series | pd.DataFrame):
            return align_labels(encoded, labels)
        # A series may lack a target, but not its line: that is still refused.
        there = labels.notna()
        known = align_labels(encoded, there)
        return np.where(known, align_labels(encoded, labels.where(there, 0)), np.nan)

    def _give(self, encoded: EncodedFrame, answers, columns=None):
        if self.per == "series":
            return decode_series(encoded, answers, columns)
        width = 1 if answers.ndim == 1 else answers.shape[1]
        names = ["prediction", *range(1, width)] if columns is None else columns
        return decode_steps(encoded, answers, names)

    def _features(self, encoded: EncodedFrame) -> Float[np.ndarray, "M F"]:
        raise NotImplementedError

    def _learn(self, x, y, told) -> Any:
        raise NotImplementedError


class Constant(_Simple):
    """Class shares, or the mean, of the training labels, whatever the series is."""

    def _features(self, encoded: EncodedFrame) -> Float[np.ndarray, "M 0"]:
        rows = encoded.series.values if self.per == "reading" else encoded.ids
        return np.zeros((len(rows), 0))

    def _learn(self, x, y, told):
        classes = self.task == "classify"
        return Always(np.bincount(y) / len(y) if classes else np.array([y.mean()]))


class LastValue(_Simple):
    """A linear model of each channel's last value and the static features.

    Multinomial logistic regression or ridge regression, with means and flags where nothing was
    measured. It learns what the values say of the label; it does not repeat a channel that the
    label happens to be named after.
    """

    def _features(self, encoded: EncodedFrame) -> Float[np.ndarray, "M F"]:
        if self.per == "reading":
            return histories(encoded.series, only_last=True)
        return last_values(encoded.series)

    def _learn(self, x, y, told):
        return linear(self.task, x, y, told)


class Summary(_Simple):
    """A linear model, or boosted trees, of statistics of each channel.

    Of whole series `STATISTICS`, at single rows `HISTORY`.

    Args:
        kind: "linear" (logistic or ridge regression) or "boosting" (histogram gradient boosting).
        task: As for the others, with all that follow.
    """

    def __init__(
        self,
        kind: Literal["linear", "boosting"] = "linear",
        *,
        task: Task = "classify",
        per: Per = "series",
        id_col: str = "unique_id",
        time_col: str = "ds",
        duplicates: Duplicates = "error",
        sort: bool = False,
        random_state: int = 0,
    ):
        super().__init__(
            task=task,
            per=per,
            id_col=id_col,
            time_col=time_col,
            duplicates=duplicates,
            sort=sort,
            random_state=random_state,
        )
        self.kind = kind

    def _features(self, encoded: EncodedFrame) -> Float[np.ndarray, "M F"]:
        return histories(encoded.series) if self.per == "reading" else summarise(encoded.series)

    def _learn(self, x, y, told):
        if self.kind == "linear":
            return linear(self.task, x, y, told)
        if self.kind == "boosting":
            return boosted(self.task, x, y, told, self.random_state)
        raise ValueError(f"kind is 'linear' or 'boosting'; got {self.kind!r}.")


def simple_model(name: str, task: Task, *, seed: int, **keywords) -> _Simple:
    """The model of a name in the lab's registry that is no network."""
    keywords = {"task": task, "random_state": seed, **keywords}
    makers = {
        "constant": Constant,
        "last-value": LastValue,
        "summary": Summary,
        "summary-boosting": lambda **told: Summary("boosting", **told),
    }
    return makers[name](**keywords)

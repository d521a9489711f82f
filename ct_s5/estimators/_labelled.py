"""What classifier and regressor share: a frame and its labels to a fitted model, and answers."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from ct_s5.estimators._base import S5Estimator
from ct_s5.estimators._inputs import per_row, sample_weights
from ct_s5.frames import (
    Asked,
    EncodedFrame,
    ask_at,
    pop_labels,
    split_series,
)
from ct_s5.training import Targets, fit, predict_all


class LabelledEstimator(S5Estimator):
    """The common part of `S5Classifier` and `S5Regressor`, whose docstrings list the keywords."""

    def fit(self, X, y=None, *, static=None, validation=None, sample_weight=None):
        """Fit on a frame of readings and its labels.

        Args:
            X: One row a (series, time), columns are channels, NaN is not observed; or any other
                form that `ct_s5.encode` takes (four columns, a list of frames, a MultiIndex,
                arrays).
            y: A Series of labels indexed by series id, or the name of the column that holds them;
                with `per="reading"` one label a row (NaN where there is none). Several targets are
                a frame, whose columns go by name in `validation` and `score`; arrays by position.
            static: Features of the series as a whole, one row an id: age, ward. By position where
                the series have no ids.
            validation: `(frame, labels)` or `(frame, labels, static)` to stop on and to choose the
                best epoch by. Left out, `validation_fraction` of the series that have a target (of
                positive weight) is held out, seeded.
            sample_weight: One weight a series: a Series by id, or an array in order of the ids.

        Returns:
            The estimator itself.

        Raises:
            TypeError, ValueError: Input that cannot be right; the message says where, and what to
                do.
            FloatingPointError: The loss became NaN or infinite in the first epoch.

        Warns:
            UserWarning: Series without any reading (`on_empty="error"` refuses them); a channel
                that holds the labels themselves.
            RuntimeWarning: The loss became NaN or infinite later; the best weights so far are kept.
        """
        seed = self._begin_fit()
        X, y = self._as_channels(X, y, reset=True)
        X, y = self._labels_of(X, y)
        self._speak_of_answers(X, y)
        long, read = self._read_training(X, static)
        labels = self._read_labels(read, y, reset=True)
        weights = sample_weights(read, sample_weight)

        held_out = np.zeros(len(read.ids), bool)
        if validation is None and self.validation_fraction:
            held_out = self._hold_out(read, labels, weights, seed)
        encoded = self._scaled_without(held_out, long, read, static)
        self.schema_ = encoded.schema
        targets = self._learn_targets(encoded, labels, weights, ~held_out)
        series = encoded.series.take(np.flatnonzero(~held_out))
        told, told_names = None, None
        if held_out.any():
            chosen = np.flatnonzero(held_out)
            told = encoded.series.take(chosen), _targets_of(targets, encoded, chosen, self.per)
            told_names = list(encoded.ids[chosen])
        elif validation is not None:
            told, told_names = self._read_validation(validation)
        result = fit(
            self._new_model(series, seed),
            series,
            _targets_of(targets, encoded, np.flatnonzero(~held_out), self.per),
            loss=self._loss,
            settings=self._fit_settings(seed),
            validation=told,
            names=list(encoded.ids[~held_out]),
            validation_names=told_names,
            progress=self.progress,
        )
        self._keep(result)
        return self

    # What the two kinds of estimator differ in.

    def _read_labels(self, encoded: EncodedFrame, y, *, reset: bool):
        raise NotImplementedError

    def _counts(self, labels) -> np.ndarray:
        """Where there is a label, and one that counts."""
        raise NotImplementedError

    def _learn_targets(self, encoded, labels, weights, training) -> Targets:
        raise NotImplementedError

    def _targets(self, encoded, labels, weights) -> Targets:
        raise NotImplementedError

    # The common way from a frame to the model's raw answers.

    def _answers(self, X, static=None, at=None) -> tuple[EncodedFrame, np.ndarray, Asked | None]:
        check_is_fitted(self)
        X, _ = self._as_channels(X, None, reset=False)
        encoded = self._encode(X, self.schema_, static)
        self._speak_of_empty(encoded, stacklevel=4)
        asked = None if at is None else ask_at(encoded, at)
        answers = predict_all(
            self.model_,
            encoded.series if asked is None else asked.series,
            lengths=self.lengths_,
            batch_size=self.batch_size,
            every_step=asked is not None,
            progress=self.progress,
        )
        assert isinstance(answers, np.ndarray)  # neither kind of estimator has a Gaussian head
        if asked is not None:
            answers = answers[asked.place]
        self._refuse_unanswered(
            answers, lambda n: asked.where(encoded, n) if asked else self._place(encoded, n)
        )
        return encoded, answers, asked

    def _labels_of(self, X, y):
        """Data and labels apart, whether these came by themselves or as a column of the frame."""
        if isinstance(y, str):
            per = "step" if self.per == "reading" else "series"
            return pop_labels(X, y, per=per, id_col=self.id_col, time_col=self.time_col)
        columns = X.columns if isinstance(X, pd.DataFrame) else ()
        if (
            isinstance(y, list | tuple)
            and len(y)
            and all(isinstance(name, str) and name in columns for name in y)
        ):
            raise ValueError(
                f"y={list(y)} names columns, and several targets are a frame: y=frame[{list(y)}], "
                f"with frame.drop(columns={list(y)}) as X."
            )
        if y is None:
            raise ValueError(
                "fit requires y to be passed, but the target y is None: give a Series of labels "
                "indexed by series id, or the name of the column that holds them."
            )
        return X, y

    def _speak_of_answers(self, X, y) -> None:
        """Warn of a channel that holds the answers: a column of labels that stayed in the frame."""
        if not isinstance(y, pd.Series) or not isinstance(X, pd.DataFrame) or y.name is None:
            return
        if y.name not in X.columns or y.name in (self.id_col, self.time_col):
            return
        if not X.columns.is_unique:  # which is refused as a whole
            return
        if self.per == "series":
            if self.id_col not in X.columns or not y.index.is_unique:
                return
            y = y.reindex(X[self.id_col]).rename(y.name)
        if len(y) != len(X):
            return
        told, wanted = (np.asarray(part.astype(object)) for part in (X[y.name], y))
        known = ~pd.isna(told)
        told, wanted = told[known], wanted[known]
        if len(told) and not pd.isna(wanted).any() and (told == wanted).all():
            warnings.warn(
                f"Channel {y.name!r} holds the labels themselves, so the model is told the answer. "
                f"Drop it: frame.drop(columns={y.name!r}).",
                UserWarning,
                stacklevel=3,
            )

    def _hold_out(self, encoded: EncodedFrame, labels, weights, seed: int):
        """Which series to validate on: among those that have a target of positive weight."""
        n = len(encoded.ids)
        if n < 2:
            raise ValueError(
                f"{n} sample is too few to hold any out for validation. Give more series, a "
                "validation=(frame, labels) of your own, or validation_fraction=0."
            )
        told = self._counts(labels)
        if self.per == "reading":
            told = np.bincount(per_row(encoded, np.arange(n)), told, minlength=n) > 0
        chosen = np.flatnonzero(told & (weights > 0))
        if len(chosen) == 1:
            raise ValueError(
                f"1 of {n} series has a target of positive weight, too few to hold any out for "
                "validation. Give more of them a target, a validation=(frame, labels) of your "
                "own, or validation_fraction=0."
            )
        held_out = np.zeros(n, bool)
        if len(chosen):  # with no target at all, fitting is refused in its own words
            strata = self._classes_of(labels[chosen]) if self.per == "series" else None
            held_out[chosen] = split_series(
                len(chosen), strata, share=self.validation_fraction, seed=seed
            )
        return held_out

    def _classes_of(self, labels) -> Any:
        """What a split keeps in proportion: nothing, where labels are numbers."""
        return None

    def _read_validation(self, validation):
        if not isinstance(validation, tuple | list) or len(validation) not in (2, 3):
            raise TypeError(
                "validation is (frame, labels) or (frame, labels, static); got "
                f"{type(validation).__name__}."
            )
        frame, y, static = (*validation, None)[:3]
        frame, y = self._as_channels(frame, y, reset=False)
        frame, y = self._labels_of(frame, y)
        encoded = self._encode(frame, self.schema_, static)
        self._speak_of_empty(encoded, stacklevel=4)
        labels = self._read_labels(encoded, y, reset=False)
        targets = self._targets(encoded, labels, np.ones(len(encoded.ids)))
        return (encoded.series, targets), list(encoded.ids)


def _targets_of(targets: Targets, encoded: EncodedFrame, chosen, per: str) -> Targets:
    entries = encoded.series.rows(chosen) if per == "reading" else chosen
    return Targets(targets.values[entries], targets.weights[entries])

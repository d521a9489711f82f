"""S5Classifier: one class a series, or one a reading."""

from typing import ClassVar

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.class_weight import compute_class_weight

from ct_s5._words import listed
from ct_s5.estimators._inputs import (
    aligned,
    classes_in,
    is_amount,
    per_row,
    typed,
    weights_of,
)
from ct_s5.estimators._labelled import LabelledEstimator
from ct_s5.estimators._signature import signature_of
from ct_s5.frames import decode_asked, decode_series, decode_steps
from ct_s5.training import Targets


class S5Classifier(ClassifierMixin, LabelledEstimator):
    """Classify irregularly sampled series from a frame of readings.

    Example:
        ```python
        model = S5Classifier().fit(frame, labels)
        model.predict(new_frame)
        ```

    Args:
        width: Features of the network.
        states: States of each S5 layer, an even number.
        depth: Blocks; 0 leaves a linear map of what is known at the end.
        hold: What a reading means between readings; see `ct_s5.ssm.discretise`.
        bidirectional: Read the series from both ends. Better where the whole series is known;
            such a model cannot stream.
        dropout: Share of features left out in training.
        pooling: How a series becomes one vector: "summary", "last", "mean" or "gap_mean"; see
            `ct_s5.nn.pool`.
        inputs: What the network is told of each channel; see `ct_s5.nn.ReadingEncoder`.
        per: "series" for one answer a series, "reading" for one a row.
        max_epochs: Passes over the training series at most; left out, about 1200 steps' worth, 15
            to 200 epochs.
        batch_size: Series in a step.
        learning_rate: Peak of the schedule; rates and timescales move at a quarter of it.
        weight_decay: Of weights, not of rates, timescales, norms and biases.
        patience: Epochs without improvement before training stops; a fifth of `max_epochs` when
            left out.
        window: Longer series are trained on in windows of so many rows, each from the state that
            the weights at the start of the epoch come to over all rows before it: a million rows
            need no more memory than a window, and keep their past. For `per="reading"` and a model
            that streams; None trains on whole series.
        thinning: Share of the readings left out at random in each step; the gaps are measured anew.
        validation_fraction: Share of the series held out to stop on; 0 trains for `max_epochs`.
        monitor: What the held-out series are judged by: "loss", "accuracy", "auroc" or "auprc".
        time_unit: What counts as one unit of time ("1h"); the median gap when left out.
        id_col: Column of the series id.
        time_col: Column of the time.
        duplicates: What two rows of one time get that disagree: "error", "mean" or "last".
        sort: Sort rows by time rather than refuse unsorted ones.
        on_empty: Series without a reading: "answer" with one warning, or "error".
        class_weight: "balanced", or a dict of class to weight.
        mixer: "s5"; for comparison "s4", "s4d", "linoss", "linoss-imex", "gru", "gru-gap", "gru-d",
            "lstm", "transformer", "ode-rnn" or "neural-cde".
        n_blocks: Blocks of the initial state matrix.
        timescale: Range of the initial timescales, in 1 / time unit. The default is three times
            S5's: with S5's own, 280 series of oscillators were too few to find their frequencies.
        norm: "layer", "rms" or "batch".
        random_state: Seeds the split, the weights and the training.
        progress: Show a bar.

    Attributes:
        classes_: The classes, sorted.
        model_: The fitted `S5Model`.
        schema_: The `FrameSchema`: channels, scales, time unit.
        history_: A frame with one row an epoch.
        best_epoch_: The epoch whose weights `model_` has.
        n_compilations_: How often the training step was compiled.
        stream_: The live series, once `update` was called.
    """

    _loss = "class"

    def __init__(self, *, class_weight=None, **keywords):
        super().__init__(**keywords)
        self.class_weight = class_weight

    __init__.__signature__ = signature_of(__init__, LabelledEstimator.__init__)  # pyright: ignore

    def predict(self, X, *, static=None, at=None):
        """The most likely class: a Series by id, or a frame of (id, time, class) per reading.

        Arrays and lists get an array back. With `at` the answer is a flat frame, id, time, class,
        in the order asked: what was most likely then. A model that answers once a series says what
        it would have said from the readings up to that time; bidirectional ones cannot.

        Args:
            X: The readings.
            static: Features of the series as a whole.
            at: A frame of (series, time), by columns or as its index; times for all series alike; a
                step such as "1h", for a grid from each series' first reading to its last.
        """
        return self._said(*self._answers(X, static, at))

    def predict_proba(self, X, *, static=None, at=None):
        """The probability of each class.

        Args:
            X: As in `fit`, of any series.
            static: Features of the series as a whole.
            at: When to ask, as in `predict`; at the end of each series (or at each row, with
                `per="reading"`) when left out.

        Returns:
            A frame by id whose columns are `classes_`. With `per="reading"` or `at` a flat frame:
            id, time, a column a class.

        Raises:
            TypeError, ValueError: As `fit`; other channels or another kind of time than at fit.
            NotFiniteAnswer: A series whose answer is no number.
        """
        return self._said_shares(*self._answers(X, static, at))

    _says: ClassVar = {"predict": "_said", "predict_proba": "_said_shares"}

    def _said(self, encoded, scores, asked=None):
        return self._give(encoded, self.classes_[scores.argmax(axis=-1)], "prediction", asked)

    def _said_shares(self, encoded, scores, asked=None):
        shares = np.exp(scores.astype(np.float64) - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        return self._give(encoded, shares, self.classes_, asked)

    def score(self, X, y, sample_weight=None, *, static=None):
        """Accuracy: the share of the labels that `predict` names.

        Args:
            X: As in `fit`, of any series.
            y: Their classes, as in `fit`; one a row with `per="reading"`, NaN where not known. A
                class that training never saw counts as an error.
            sample_weight: One a series, by id or in the order of the series.
            static: Features of the series as a whole.

        Raises:
            TypeError, ValueError: As `fit`; no label at all.
        """
        X, y = self._labels_of(X, y)
        encoded, scores, _ = self._answers(X, static)
        labels, known = self._one_label_each(encoded, y)
        chosen = self.classes_[scores.argmax(axis=-1)]
        weights = weights_of(encoded, sample_weight, self.per)
        wanted = typed(labels[known])
        if (wanted.dtype.kind == "U") != (self.classes_.dtype.kind == "U"):
            first = np.flatnonzero(known)[0]
            raise ValueError(
                f"The label of {self._place(encoded, first)} is {wanted.tolist()[0]!r}, those at "
                f"fit were such as {self.classes_.tolist()[0]!r}: bring them to one type."
            )
        return float(accuracy_score(wanted, chosen[known], sample_weight=weights[known]))

    def _check_keywords(self):
        super()._check_keywords()
        weights = self.class_weight if isinstance(self.class_weight, dict) else {}
        for label, weight in weights.items():
            if not is_amount(weight):
                raise ValueError(
                    f"class_weight of class {label!r} is {weight!r}: a weight is a finite number "
                    "of at least 0."
                )
        named = isinstance(self.class_weight, str) and self.class_weight == "balanced"
        if not (named or self.class_weight is None or isinstance(self.class_weight, dict)):
            raise ValueError(
                'class_weight is "balanced", a dict of class to weight, or None; got '
                f"{self.class_weight!r}."
            )

    def _give(self, encoded, answers, names, asked):
        one = answers.ndim == 1
        if asked is not None:
            if encoded.wants_arrays:
                return answers
            return decode_asked(encoded, asked, answers, [names] if one else list(names))
        if self.per == "series":
            if encoded.wants_arrays:
                return answers
            return decode_series(encoded, answers, None if one else names, names if one else None)
        if encoded.wants_arrays:
            return answers[encoded.row_of_input]
        return decode_steps(encoded, answers, [names] if one else list(names))

    def _read_labels(self, encoded, y, *, reset):
        labels, known = self._one_label_each(encoded, y)
        found = classes_in(labels[known])
        if reset and len(found) < 2:
            held = f"All labels are {found.tolist()[0]!r}" if len(found) else "There is no label"
            raise ValueError(
                f"{held}: a classifier needs at least two classes, this data has "
                f"{'one class' if len(found) else 'none'}."
            )
        if reset:
            self.classes_ = found
        elif unknown := [c for c in found.tolist() if c not in self.classes_.tolist()]:
            raise ValueError(
                f"The validation labels hold {unknown[0]!r}, which no training label is."
            )
        codes = np.full(len(labels), -1)
        codes[known] = np.searchsorted(self.classes_, labels[known])
        return codes

    def _one_label_each(self, encoded, y):
        """Labels in the order of the series, or of their rows, and where there is one."""
        labels = aligned(encoded, y, self.per)
        if labels.ndim == 2 and labels.shape[1] == 1:
            labels = labels[:, 0]
        if labels.ndim != 1:
            raise ValueError(f"A classifier takes one label each; got shape {labels.shape}.")
        return labels, ~pd.isna(labels)

    def _classes_of(self, labels):
        return self.classes_[labels]

    def _counts(self, labels):
        weights = self.class_weight if isinstance(self.class_weight, dict) else {}
        counted = np.array([weights.get(label, 1) > 0 for label in self.classes_.tolist()])
        return (labels >= 0) & counted[labels]

    def _learn_targets(self, encoded, labels, weights, training):
        balance = np.ones(len(self.classes_))
        if isinstance(self.class_weight, dict):
            classes = self.classes_.tolist()
            unknown = [label for label in self.class_weight if label not in classes]
            # Where every class has its weight, another is one that a fold happens to lack.
            if unknown and not all(label in self.class_weight for label in classes):
                raise ValueError(
                    f"class_weight names {listed(unknown)}, and no label is that: the classes are "
                    f"{listed(classes)}."
                )
            balance = np.array([float(self.class_weight.get(label, 1)) for label in classes])
        elif self.class_weight is not None:
            counted = per_row(encoded, training) if self.per == "reading" else training
            seen = labels[counted & (labels >= 0)]
            # A class may be found among the held-out rows alone.
            found = np.unique(seen)
            balance[found] = compute_class_weight(
                self.class_weight, classes=self.classes_[found], y=self.classes_[seen]
            )
        self._balance = balance
        return self._targets(encoded, labels, weights)

    def _targets(self, encoded, labels, weights):
        weights = per_row(encoded, weights) if self.per == "reading" else weights
        weights = np.where(labels >= 0, weights * self._balance[labels], 0)
        return Targets(np.maximum(labels, 0).astype(np.int32), weights)

    @property
    def _n_outputs(self):
        return len(self.classes_)

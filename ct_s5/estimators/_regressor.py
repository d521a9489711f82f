"""S5Regressor: one value (or K values) a series, or one a reading."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from ct_s5.estimators._base import S5Estimator
from ct_s5.estimators._inputs import aligned, per_row, weights_of
from ct_s5.frames import decode_series, decode_steps
from ct_s5.training import Targets


class S5Regressor(RegressorMixin, S5Estimator):
    """Predict numbers from irregularly sampled series in a frame of readings.

    Takes the keywords of `S5Classifier` but `class_weight`. Targets are scaled inside, by the
    training series. `monitor` is "loss" or "negative_mse".

    Example:
        ```python
        model = S5Regressor().fit(frame, targets)
        model.predict(new_frame)
        ```
    """

    _loss = "value"

    def predict(self, X, *, static=None):
        """The predicted values: a Series (K targets: a frame) by id, or a flat frame per reading.

        Arrays and lists get an array back; per reading, an entry for each of their rows.
        """
        encoded, scaled = self._answers(X, static)
        values = self._in_units(scaled)
        if self.target_names_ is None:
            values = values[:, 0]
        names = self.target_names_
        if encoded.wants_arrays:
            return values if self.per == "series" else values[encoded.row_of_input]
        if self.per == "series":
            return decode_series(encoded, values, names, None if names else "prediction")
        return decode_steps(encoded, values, names or ["prediction"])

    def score(self, X, y, sample_weight=None, *, static=None):
        """R squared, the share of the variance explained."""
        X, y = self._labels_of(X, y)
        encoded, scaled = self._answers(X, static)
        targets = self._read_labels(encoded, y, reset=False)
        known = ~np.isnan(targets).any(axis=1)
        weights = weights_of(encoded, sample_weight, self.per)
        values = self._in_units(scaled)
        return float(r2_score(targets[known], values[known], sample_weight=weights[known]))

    def _in_units(self, scaled):
        return scaled.astype(np.float64) * self.target_scale_ + self.target_mean_

    def _read_labels(self, encoded, y, *, reset):
        labels = aligned(encoded, y, self.per)
        try:
            values = labels.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"A regressor takes numbers as targets: {error}.") from error
        if np.isinf(values).any():
            raise ValueError("A target is infinite. Targets must be finite, or NaN where unknown.")
        if reset:
            # Several targets keep their names; one is a plain Series whatever it was called.
            self.target_names_ = None
            if values.ndim == 2:
                names = [c for c in getattr(y, "columns", ()) if c != self.id_col]
                self.target_names_ = [str(name) for name in names or range(values.shape[1])]
        elif values.size != len(values) * self._n_outputs:
            raise ValueError(
                f"The targets have shape {values.shape}; the model was fitted on "
                f"{self._n_outputs} a {'row' if self.per == 'reading' else 'series'}."
            )
        return values.reshape(len(values), -1)

    def _learn_targets(self, encoded, labels, weights, training):
        counted = per_row(encoded, training) if self.per == "reading" else training
        known = counted & ~np.isnan(labels).any(axis=1)
        if not known.any():
            raise ValueError("No training series has a target.")
        self.target_mean_ = labels[known].mean(axis=0)
        spread = labels[known].std(axis=0)
        self.target_scale_ = np.where(spread > 0, spread, 1.0)
        return self._targets(encoded, labels, weights)

    def _targets(self, encoded, labels, weights):
        weights = per_row(encoded, weights) if self.per == "reading" else weights
        known = ~np.isnan(labels).any(axis=1)
        scaled = (labels - self.target_mean_) / self.target_scale_
        return Targets(scaled.astype(np.float32), np.where(known, weights, 0))

    @property
    def _n_outputs(self):
        return len(self.target_mean_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

"""S5Regressor: one value (or K values) a series, or one a reading."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from ct_s5._words import listed
from ct_s5.estimators._inputs import aligned, per_row, weights_of
from ct_s5.estimators._labelled import LabelledEstimator
from ct_s5.frames import as_pandas, decode_asked, decode_series, decode_steps, is_frame
from ct_s5.training import Targets

# In spreads of the training targets. float32 ends at 3e38, and a loss sums the squares of these.
_FARTHEST = 1e15


class S5Regressor(RegressorMixin, LabelledEstimator):
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

    def predict(self, X, *, static=None, at=None):
        """The predicted values: a Series (K targets: a frame) by id, or a flat frame per reading.

        Arrays and lists get an array back; per reading, an entry for each of their rows. With `at`
        the answer is a flat frame for the times asked for, as in `S5Classifier.predict`.
        """
        return self._said(*self._answers(X, static, at))

    def _said(self, encoded, scaled, asked=None):
        values = self._in_units(scaled)
        if self.target_names_ is None:
            values = values[:, 0]
        names = self.target_names_
        if asked is not None:
            if encoded.wants_arrays:
                return values
            return decode_asked(encoded, asked, values, names or ["prediction"])
        if encoded.wants_arrays:
            return values if self.per == "series" else values[encoded.row_of_input]
        if self.per == "series":
            return decode_series(encoded, values, names, None if names else "prediction")
        return decode_steps(encoded, values, names or ["prediction"])

    def score(self, X, y, sample_weight=None, *, static=None):
        """R squared, the share of the variance explained."""
        X, y = self._labels_of(X, y)
        encoded, scaled, _ = self._answers(X, static)
        targets = self._read_labels(encoded, y, reset=False)
        known = ~np.isnan(targets).any(axis=1)
        weights = weights_of(encoded, sample_weight, self.per)
        values = self._in_units(scaled)
        return float(r2_score(targets[known], values[known], sample_weight=weights[known]))

    def _in_units(self, scaled):
        return scaled.astype(np.float64) * self.target_scale_ + self.target_mean_

    def _read_labels(self, encoded, y, *, reset):
        labels = aligned(encoded, y, self.per)
        if labels.dtype.kind in "mMc":
            raise TypeError(
                f"A regressor takes numbers as targets; these are {labels.dtype}. Say in which "
                "unit: a length of time divided by pd.Timedelta('1h') is a number of hours."
            )
        try:
            values = labels.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"A regressor takes numbers as targets: {error}.") from error
        names = self._names_of(y)
        if reset:
            # Several targets keep their names; one is a plain Series whatever it was called.
            self.target_names_ = None
            if values.ndim == 2:
                self.target_names_ = names or [str(k) for k in range(values.shape[1])]
        elif names and self._n_outputs > 1:
            values = values[:, self._order_of(names)]
        elif values.size != len(values) * self._n_outputs:
            raise ValueError(
                f"The targets have shape {values.shape}; the model was fitted on "
                f"{self._n_outputs} a {'row' if self.per == 'reading' else 'series'}."
            )
        values = values.reshape(len(values), -1)
        why = ". Targets must be finite, or NaN where unknown."
        self._refuse(encoded, values, np.isinf(values), why)
        return values

    def _names_of(self, y) -> list[str]:
        """The names of the targets in a frame of them; arrays and Series have none."""
        if not is_frame(y):
            return []
        keys = [] if self.per == "reading" else [self.id_col]
        names = [str(column) for column in as_pandas(y).columns if column not in keys]
        if len(set(names)) < len(names):
            raise ValueError(f"Two targets have the same name: {listed(names, len(names))}.")
        return names

    def _order_of(self, names: list[str]) -> list[int]:
        """Where the targets of fit stand among `names`."""
        wanted = self.target_names_ or []
        missing = [name for name in wanted if name not in names]
        new = [name for name in names if name not in wanted]
        if missing or new:
            raise ValueError(
                f"The targets differ from those at fit. Expected {listed(wanted, 20)}; missing: "
                f"{listed(missing) or 'none'}; new: {listed(new) or 'none'}. Rename or drop "
                "columns; an array of targets goes by position."
            )
        return [names.index(name) for name in wanted]

    def _refuse(self, encoded, targets, bad, why: str) -> None:
        """Raise ValueError at the first bad target, by name."""
        if bad.any():
            entry, k = np.argwhere(bad)[0].tolist()
            name = f" {self.target_names_[k]!r}" if self.target_names_ else ""
            place = self._place(encoded, entry)
            raise ValueError(f"The target{name} of {place} is {targets[entry, k]}{why}")

    def _counts(self, labels):
        return ~np.isnan(labels).any(axis=1)

    def _learn_targets(self, encoded, labels, weights, training):
        counted = per_row(encoded, training) if self.per == "reading" else training
        known = counted & ~np.isnan(labels).any(axis=1)
        if not known.any():
            raise ValueError("No training series has a target.")
        with np.errstate(over="ignore", invalid="ignore"):
            self.target_mean_ = labels[known].mean(axis=0)
            spread = labels[known].std(axis=0)
        size = np.where(known[:, None], np.abs(labels), 0)
        why = ": the spread of such targets is no float64. Rescale them, or take their logarithm."
        self._refuse(encoded, labels, ~np.isfinite(spread) & (size == size.max(axis=0)), why)
        self.target_scale_ = np.where(spread > 0, spread, 1.0)
        return self._targets(encoded, labels, weights)

    def _targets(self, encoded, labels, weights):
        weights = per_row(encoded, weights) if self.per == "reading" else weights
        known = ~np.isnan(labels).any(axis=1)
        with np.errstate(over="ignore"):
            scaled = (labels - self.target_mean_) / self.target_scale_
        why = (
            ", so far from the training targets that float32 does not hold its squared error. Mend "
            "it or leave it out, or transform the targets, for instance by their logarithm."
        )
        self._refuse(encoded, labels, np.abs(scaled) > _FARTHEST, why)
        return Targets(scaled.astype(np.float32), np.where(known, weights, 0))

    @property
    def _n_outputs(self):
        return len(self.target_mean_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

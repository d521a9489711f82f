"""A classifier that learns nothing and writes down what it was given."""

import warnings

import numpy as np
import pandas as pd

from ct_s5 import S5Classifier
from ct_s5.estimators import NotFiniteAnswer


class Recorder(S5Classifier):
    """Learns nothing, and writes down what it was given."""

    given: list = []  # noqa: RUF012
    diverges = False
    answers_nan = False

    def fit(self, X, y, *, static=None, validation=None):
        self.given.append((self.get_params(), X, y, static, validation))
        if self.diverges and "gap" in X:
            raise FloatingPointError("The training loss became NaN at step 0.")
        self.classes_ = np.unique(pd.Series(y).dropna())
        self.model_ = np.zeros(3)
        self.history_ = pd.DataFrame(
            {"loss": [1.0, np.nan, 0.9], "validation_loss": [2.0, 1.0, 1.5]}
        )
        self.history_ = self.history_.assign(seconds=[3.0, 1.0, 1.0], steps=4)
        self.best_epoch_, self.n_compilations_ = 2, 0
        warnings.warn("something to know", UserWarning, stacklevel=1)
        return self

    def predict_proba(self, X, *, static=None):
        self.given.append(("test", X, static))
        if self.answers_nan:
            raise NotFiniteAnswer("The model's answer for series 'a' is not finite.")
        if self.per == "reading":
            shares = np.full((len(X), len(self.classes_)), 1 / len(self.classes_))
            told = pd.DataFrame(shares, columns=self.classes_)
            return pd.concat([X.iloc[:, :2].reset_index(drop=True), told], axis=1)
        ids = pd.unique(X["unique_id"])
        shares = np.full((len(ids), len(self.classes_)), 1 / len(self.classes_))
        return pd.DataFrame(shares, index=ids, columns=self.classes_)

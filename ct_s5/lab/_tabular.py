"""Learners of a table, one row an answer: means, linear models, boosted trees."""

import numpy as np
from jaxtyping import Float, Int, Shaped
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ct_s5.lab._summary import Task

# Of the pull towards zero, from strong to weak; the middle one where nothing chooses.
_STRENGTHS = (1000.0, 100.0, 10.0, 1.0, 0.1)
_TREES, _TREES_UNWATCHED = 300, 100


class Always:
    """The same answer for each row."""

    def __init__(self, answer: Float[np.ndarray, " K"]):
        self.answer = answer

    def predict_proba(self, x) -> Float[np.ndarray, "M K"]:
        return np.tile(self.answer, (len(x), 1))

    def predict(self, x) -> Float[np.ndarray, " M"]:
        return np.full(len(x), self.answer[0])


def linear(task: Task, x, y, told):
    """The linear model whose strength serves the validation part best."""

    def fitted(strength: float):
        if task == "classify":
            last = LogisticRegression(C=1 / strength, max_iter=10_000)
        else:
            last = Ridge(alpha=strength)
        # A statistic that no training series has becomes 0, and its flag never speaks.
        fill = SimpleImputer(add_indicator=True, keep_empty_features=True)
        return make_pipeline(fill, StandardScaler(), last).fit(x, y)

    if told is None:
        return fitted(_STRENGTHS[len(_STRENGTHS) // 2])
    return min(map(fitted, _STRENGTHS), key=lambda model: _loss(_answers(model, told[0]), told[1]))


def boosted(task: Task, x, y, told, seed: int):
    """As many trees as serve the validation part best."""
    maker = HistGradientBoostingRegressor
    if task == "classify":
        maker = HistGradientBoostingClassifier
    # Bins cannot be made of no value at all; no tree splits where every training row is alike.
    x = np.where(np.isnan(x).all(axis=0), 0.0, x)
    settings = {"early_stopping": False, "random_state": seed}
    if told is None:
        return maker(max_iter=_TREES_UNWATCHED, **settings).fit(x, y)
    tried = maker(max_iter=_TREES, **settings).fit(x, y)
    if isinstance(tried, HistGradientBoostingClassifier):
        stages = tried.staged_predict_proba(told[0])
    else:
        stages = tried.staged_predict(told[0])
    losses = [_loss(answers, told[1]) for answers in stages]
    # The same seed grows the same trees.
    return maker(max_iter=int(np.argmin(losses)) + 1, **settings).fit(x, y)


def _answers(model, x) -> Float[np.ndarray, "M *K"]:
    return model.predict_proba(x) if hasattr(model, "predict_proba") else model.predict(x)


def _loss(answers: Float[np.ndarray, "M *K"], y: Shaped[np.ndarray, " M"]) -> float:
    if answers.ndim > 1:
        labels: Int[np.ndarray, " K"] = np.arange(answers.shape[1])
        return float(log_loss(y, answers, labels=labels))
    return float(np.mean((answers - y) ** 2))


def size_of(learner) -> int:
    """How many numbers were learned: weights and intercepts, shares, or the leaves of trees."""
    if isinstance(learner, Always):
        return learner.answer.size
    if isinstance(learner, HistGradientBoostingClassifier | HistGradientBoostingRegressor):
        # The only place that knows: the public `max_leaf_nodes` is a bound that few trees reach.
        return sum(tree.get_n_leaf_nodes() for stage in learner._predictors for tree in stage)
    return learner[-1].coef_.size + np.size(learner[-1].intercept_)

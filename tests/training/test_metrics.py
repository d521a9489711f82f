"""Scores of raw answers against scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics

from ct_s5.training import METRICS
from ct_s5.training._metrics import check_monitor, score

RNG = np.random.default_rng(1)


def _softmax(scores):
    shares = np.exp(scores)
    return shares / shares.sum(axis=1, keepdims=True)


def test_two_classes_are_scored_as_scikit_learn_scores_their_probabilities():
    scores, targets = RNG.normal(size=(50, 2)), RNG.integers(2, size=50)
    share = _softmax(scores)[:, 1]
    assert METRICS["auroc"](scores, targets) == pytest.approx(metrics.roc_auc_score(targets, share))
    expected = metrics.average_precision_score(targets, share)
    assert METRICS["auprc"](scores, targets) == pytest.approx(expected)
    expected = metrics.accuracy_score(targets, scores.argmax(axis=1))
    assert METRICS["accuracy"](scores, targets) == pytest.approx(expected)


def test_three_classes_have_the_auroc_of_one_against_the_rest():
    scores, targets = RNG.normal(size=(60, 3)), RNG.integers(3, size=60)
    expected = metrics.roc_auc_score(targets, _softmax(scores), multi_class="ovr")
    assert METRICS["auroc"](scores, targets) == pytest.approx(expected)


def test_scores_far_beyond_what_exp_can_hold_are_ranked_all_the_same():
    scores, targets = RNG.normal(size=(60, 3)) * 1e3, RNG.integers(3, size=60)
    assert 0 < METRICS["auroc"](scores, targets) < 1


def test_negative_mse_is_higher_when_answers_are_better():
    targets = RNG.normal(size=(20, 2))
    answers = targets + RNG.normal(size=(20, 2))
    expected = -metrics.mean_squared_error(targets, answers)
    assert METRICS["negative_mse"](answers, targets) == pytest.approx(expected)
    assert METRICS["negative_mse"](targets, targets) == 0


@pytest.mark.parametrize(
    ("name", "n_classes", "targets"),
    [("auroc", 2, [1, 1]), ("auprc", 2, [0, 0]), ("auroc", 3, [0, 1]), ("auprc", 3, [0, 1, 2])],
)
def test_a_score_that_is_not_defined_is_nan_and_chooses_nothing(name, n_classes, targets):
    answers = RNG.normal(size=(len(targets), n_classes))
    assert np.isnan(METRICS[name](answers, np.array(targets)))
    with pytest.raises(ValueError, match=f"monitor='{name}' is not defined on the validation"):
        score(name, answers, np.array(targets))


@pytest.mark.parametrize(
    ("monitor", "loss"),
    [("negative_mse", "class"), ("auroc", "value"), ("accuracy", "gaussian"), ("lost", "class")],
)
def test_a_monitor_that_does_not_go_with_the_loss_is_refused(monitor, loss):
    with pytest.raises(ValueError, match=f"monitor must be loss, .* for a '{loss}' loss; got"):
        check_monitor(monitor, loss)
    check_monitor("loss", loss)

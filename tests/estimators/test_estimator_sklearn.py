"""The estimators keep scikit-learn's conventions."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator, check_regressors_train
from tiny_wards import IDS, as_list, classifier, labels, numbers, regressor, ward

from ct_s5.estimators import S5Classifier, S5Regressor


@pytest.mark.parametrize("kind", [S5Classifier, S5Regressor])
def test_the_constructor_only_stores_its_keywords(kind):
    keywords = kind().get_params()
    assert ("class_weight" in keywords) == (kind is S5Classifier)
    odd = {name: object() for name in keywords}
    assert kind(**odd).get_params() == odd
    refusal = f"{kind.__name__} got an unexpected keyword argument 'widht'\\. Did you mean 'width'"
    with pytest.raises(TypeError, match=refusal):
        kind(widht=3)
    with pytest.raises(TypeError, match=r"S5Regressor got an unexpected .*'class_weight'"):
        S5Regressor(class_weight="balanced")


def test_a_clone_has_the_keywords_and_nothing_that_was_learned(fitted):
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    assert not [name for name in vars(copy) if name.endswith("_")]


def test_keywords_are_set_by_name():
    model = classifier().set_params(width=4, class_weight="balanced")
    assert (model.width, model.class_weight) == (4, "balanced")
    with pytest.raises(ValueError, match="Invalid parameter 'widht' for estimator S5Classifier"):
        model.set_params(widht=3)


def test_a_fitted_model_survives_joblib(fitted):
    again = pickle.loads(pickle.dumps(fitted))
    assert again.predict_proba(ward(seed=3)).equals(fitted.predict_proba(ward(seed=3)))


def test_a_grid_search_goes_over_a_list_of_frames():
    frames, y = as_list(ward()), labels()[IDS].to_numpy()
    grid = {"learning_rate": [1e-3, 1e-2], "inputs": [("value",), ("value", "observed")]}
    search = GridSearchCV(classifier(max_epochs=1), grid, cv=2, error_score="raise").fit(frames, y)
    assert set(search.best_params_) == set(grid)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert isinstance(search.predict(frames), np.ndarray)


def test_lists_of_frames_with_their_ids_are_cross_validated_with_labels_by_id():
    frames = [part for _, part in ward().groupby("unique_id")]
    y = numbers()[[part.unique_id.iloc[0] for part in frames]]
    scores = cross_val_score(regressor(max_epochs=1), frames, y, cv=2, error_score="raise")
    assert np.isfinite(scores).all()


def test_a_pipeline_may_end_with_it():
    table = np.random.default_rng(0).normal(size=(12, 4))
    model = make_pipeline(classifier()).fit(table, labels().to_numpy())
    assert model.predict(table).shape == (12,)


DEPTH_0 = {"depth": 0, "width": 8, "max_epochs": 20, "batch_size": 64, "learning_rate": 0.05}
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": "minibatches are drawn among the rows, so one "
    "row of weight 2 is not drawn as two rows are",
    "check_regressors_train": "only a recurrence can tell which of the ten columns matters",
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", [S5Classifier, S5Regressor])
def test_scikit_learn_finds_nothing_to_complain_of(kind):
    # Depth 0 because every check compiles for shapes of its own.
    results = check_estimator(
        kind(**DEPTH_0), expected_failed_checks=EXPECTED, on_skip=None, on_fail=None
    )
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert failed == {}
    assert sum(r["status"] == "passed" for r in results) > 45


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_recurrent_regressor_explains_scikit_learns_own_data():
    sizes = {"depth": 1, "width": 16, "states": 16, "dropout": 0.0, "timescale": (0.1, 1.0)}
    steps = {"max_epochs": 40, "batch_size": 16, "learning_rate": 0.03, "validation_fraction": 0}
    check_regressors_train("S5Regressor", S5Regressor(**sizes, **steps))

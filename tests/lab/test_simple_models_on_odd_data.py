"""Models that are no networks: the form of their answers, and data with holes of every kind."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss
from threadpoolctl import threadpool_limits

from ct_s5 import S5Classifier
from ct_s5.frames import encode, learn_from, to_long
from ct_s5.lab import Constant, LastValue, Summary, _tabular
from ct_s5.lab._simple import simple_model
from ct_s5.lab._summaries import histories
from ct_s5.lab._tabular import boosted, size_of

NAMES = "constant", "last-value", "summary", "summary-boosting"
CHANNELS = ["a", "b"]


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    """Boosting of at most so many trees, on one thread: tables here are tiny."""
    monkeypatch.setattr(_tabular, "_TREES", 12)
    monkeypatch.setattr(_tabular, "_TREES_UNWATCHED", 5)
    with threadpool_limits(1):
        yield 12


def patients(n, seed):
    """Readings, some of them questions, and none of the last series; three classes; two statics."""
    rng = np.random.default_rng(seed)
    ids = pd.Index([f"p{seed}-{i}" for i in range(n)], name="unique_id")
    kinds = np.arange(n) % 3
    parts = []
    for i, name in enumerate(ids[:-1]):
        length = int(rng.integers(1, 10))
        values = rng.normal(kinds[i], 0.7, (length, 2))
        values[rng.random((length, 2)) < 0.35] = np.nan
        hours = pd.to_timedelta(np.cumsum(rng.integers(1, 9, length)), unit="h")
        part = pd.DataFrame(values, columns=CHANNELS)
        # A spring with a change of clocks.
        part.insert(0, "ds", pd.Timestamp("2024-03-30 20:00", tz="Europe/Berlin") + hours)
        parts.append(part.assign(unique_id=name)[["unique_id", "ds", *CHANNELS]])
    sexes = pd.Categorical.from_codes(rng.integers(0, 2, n), ["f", "m", "x"])
    static = pd.DataFrame({"age": rng.normal(60, 9, n), "sex": sexes}, index=ids)
    labels = pd.Series(np.array(["calm", "ill", "well"])[kinds], index=ids)
    return pd.concat(parts, ignore_index=True), labels, static


@pytest.mark.parametrize("model", [Constant, LastValue, Summary])
def test_what_a_refusal_offers_is_taken(model, told):
    frame, labels, _ = told
    twice = pd.concat([frame, frame.assign(a=frame["a"] + 1)]).iloc[::-1]
    for message, keywords in {"sort=True": {}, "duplicates=": {"sort": True}}.items():
        with pytest.raises(ValueError, match=message):
            model(**keywords).fit(twice, labels[:-1])
    right = model().fit(frame, labels[:-1])
    fitted = model(sort=True, duplicates="last").fit(twice, labels[:-1])
    shares = fitted.predict_proba(twice).loc[labels.index[:-1]]
    pd.testing.assert_frame_equal(shares, right.predict_proba(frame))


@pytest.fixture(scope="module")
def told():
    return patients(40, 0)


@pytest.fixture(scope="module")
def new():
    return patients(20, 1)


def of_rows(frame, labels):
    """A label on every other row, NaN on the rest."""
    answers = frame["unique_id"].map(labels).to_numpy(object)
    answers[1::2] = np.nan
    return answers


@pytest.mark.parametrize("per", ["series", "reading"])
def test_answers_look_like_those_of_the_network(per, told, new):
    frame, labels, static = told
    answers = labels if per == "series" else of_rows(frame, labels)
    network = S5Classifier(
        per=per, width=4, states=4, depth=0, max_epochs=1, validation_fraction=0, random_state=0
    )
    other = new[0].sort_values("ds", kind="stable")  # series in turns
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the series without readings
        network.fit(frame, answers, static=static)
        wanted_shares = network.predict_proba(other, static=new[2])
        wanted_classes = network.predict(other, static=new[2])
    keys = ["unique_id", "ds"] if per == "reading" else []
    for name in NAMES:
        model = simple_model(name, "classify", seed=0, per=per)
        model.fit(frame, answers, static=static, validation=(frame, answers, static))
        assert model.classes_.tolist() == network.classes_.tolist()
        shares = model.predict_proba(other, static=new[2])
        assert shares.columns.tolist() == wanted_shares.columns.tolist()
        pd.testing.assert_index_equal(shares.index, wanted_shares.index)
        pd.testing.assert_frame_equal(shares[keys], wanted_shares[keys])
        np.testing.assert_allclose(shares[model.classes_].sum(axis=1), 1)
        classes = model.predict(other, static=new[2])
        assert type(classes) is type(wanted_classes)
        pd.testing.assert_index_equal(classes.index, wanted_classes.index)
        assert np.ndim(classes) == np.ndim(wanted_classes)


def test_the_history_at_a_row_knows_nothing_that_comes_later(told):
    frame, changed = told[0], told[0].copy()
    late = frame["unique_id"].duplicated(keep="first")
    schema = learn_from(to_long(frame), "1s", None)
    changed.loc[late, CHANNELS] = changed.loc[late, CHANNELS] * 5 + 3
    one, other = (histories(encode(data, schema).series) for data in (frame, changed))
    np.testing.assert_array_equal(one[~late], other[~late])
    assert not np.array_equal(one[late], other[late], equal_nan=True)


def test_the_history_of_a_series_is_nothing_to_the_others(told):
    frame = told[0]
    first = frame["unique_id"] == frame["unique_id"].iloc[0]
    wild = frame.copy()
    wild.loc[first, CHANNELS] *= 1e18
    schema = learn_from(to_long(frame), "1s", None)
    one, other = (histories(encode(data, schema).series) for data in (frame, wild))
    np.testing.assert_array_equal(one[~first], other[~first])


def test_the_validation_part_chooses_the_number_of_trees(few_trees):
    rng = np.random.default_rng(2)
    x, z = rng.normal(size=(80, 3)), rng.normal(size=(60, 3))
    y, t = ((data[:, 0] + 2 * rng.normal(size=len(data)) > 0).astype(int) for data in (x, z))
    found = boosted("classify", x, y, (z, t), 0)
    counts = range(1, few_trees + 1)
    tried = [HistGradientBoostingClassifier(max_iter=k, random_state=0).fit(x, y) for k in counts]
    losses = [log_loss(t, model.predict_proba(z)) for model in tried]
    assert 1 < found.n_iter_ < few_trees
    assert found.n_iter_ == counts[int(np.argmin(losses))]


def test_the_leaves_that_trees_have_are_counted_not_those_they_may_have():
    x = np.repeat([0.0, 1.0, 2.0], 40)[:, None]
    # Three values part into three leaves a tree, and each class has a tree a round.
    assert size_of(boosted("regress", x, x[:, 0] ** 2, None, 0)) == 5 * 3
    halves = (x[:, 0] > 0).astype(int)
    assert size_of(HistGradientBoostingClassifier(max_iter=1).fit(x[40:], halves[40:] * 0)) == 1


def test_a_target_is_learned_from_the_series_that_have_it(told):
    frame, _, static = told
    values = np.random.default_rng(4).normal(size=(len(static), 2))
    targets = pd.DataFrame(values, index=static.index)
    targets.iloc[:15, 1] = np.nan
    some = targets.index[15:]
    rows = frame["unique_id"].isin(some)
    constant = simple_model("constant", "regress", seed=0)
    found = constant.fit(frame, targets, static=static).predict(frame, static=static)
    np.testing.assert_allclose(found[0], targets[0].mean())
    np.testing.assert_allclose(found[1], targets[1].mean())
    # Features are standardised over the series that have the target, whoever else there is.
    for name in NAMES[1:]:
        model = simple_model(name, "regress", seed=0)
        both = model.fit(frame, targets, static=static).predict(frame, static=static)
        only = model.fit(frame, targets[[0]], static=static).predict(frame, static=static)
        np.testing.assert_allclose(both[0], only)
        few = model.fit(frame[rows], targets.loc[some, 1], static=static.loc[some])
        alone = few.predict(frame, static=static)
        np.testing.assert_allclose(both[1], alone, atol=1e-3)


def test_a_target_nobody_has_and_a_series_without_a_line_are_refused(told):
    frame, _, static = told
    targets = pd.DataFrame({"one": 1.0, "two": np.nan}, index=static.index)
    model = simple_model("last-value", "regress", seed=0)
    with pytest.raises(ValueError, match="Target 1 is known of no training series"):
        model.fit(frame, targets, static=static)
    with pytest.raises(ValueError, match="Series without a label"):
        model.fit(frame, targets.iloc[1:], static=static)


@pytest.mark.parametrize("name", NAMES)
def test_a_category_that_no_training_series_is_of_is_answered(name, told, new):
    frame, labels, static = told
    model = simple_model(name, "classify", seed=0).fit(frame, labels, static=static)
    strange = new[2].assign(sex=pd.Categorical(["x"] * len(new[2]), ["f", "m", "x"]))
    found = model.predict_proba(new[0], static=strange)
    assert np.isfinite(found.to_numpy()).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)


@pytest.mark.parametrize("name", NAMES)
def test_a_channel_that_no_labelled_row_knew_has_no_say(name, told):
    frame, labels, _ = told
    # Measured once, in a row without a label and after every row with one.
    last = frame.index[-1]
    quiet = frame.assign(b=np.where(frame.index == last, 5.0, np.nan))
    answers = of_rows(frame, labels)
    answers[last] = np.nan
    model = simple_model(name, "classify", seed=0, per="reading").fit(quiet, answers)
    loud = frame.loc[frame["a"].notna()].assign(b=3.0)
    silent = loud.assign(b=np.nan)
    one, other = (model.predict_proba(rows)[model.classes_] for rows in (loud, silent))
    np.testing.assert_allclose(one, other, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_a_channel_that_training_never_saw_is_refused_by_name(name, told):
    """As by the networks; comparisons leave such channels out beforehand."""
    frame, labels, static = told
    with pytest.raises(ValueError, match="Channel 'b' has no reading at all"):
        simple_model(name, "classify", seed=0).fit(frame.assign(b=np.nan), labels, static=static)


@pytest.mark.parametrize("name", NAMES)
def test_a_series_without_readings_is_answered_from_its_static_features(name, told):
    frame, labels, static = told
    empty = static.index[-1]
    model = simple_model(name, "classify", seed=0).fit(frame, labels, static=static)
    shares = model.predict_proba(frame, static=static)
    assert empty in shares.index
    assert empty not in set(frame["unique_id"])
    np.testing.assert_allclose(shares.loc[empty].sum(), 1)
    older = static.assign(age=static["age"] + 40 * (static.index == empty))
    other = model.predict_proba(frame, static=older)
    pd.testing.assert_frame_equal(other.drop(empty), shares.drop(empty))
    if name in ("last-value", "summary"):
        assert not np.allclose(other.loc[empty], shares.loc[empty])


@pytest.mark.parametrize("form", ["number", "timedelta", "without a zone"])
def test_times_of_any_kind_say_the_same(form, told):
    frame, labels, static = told
    since = frame["ds"] - frame["ds"].min()
    times = {
        "number": since.dt.total_seconds(),
        "timedelta": since,
        "without a zone": frame["ds"].dt.tz_convert("UTC").dt.tz_localize(None),
    }
    model = simple_model("summary", "classify", seed=0)
    wanted = model.fit(frame, labels, static=static).predict_proba(frame, static=static)
    other = frame.assign(ds=times[form])
    found = model.fit(other, labels, static=static).predict_proba(other, static=static)
    pd.testing.assert_frame_equal(found, wanted, rtol=1e-5, atol=1e-6)


def test_other_names_of_id_and_time_are_kept(told):
    frame, labels, _ = told
    renamed = frame.rename(columns={"unique_id": "bed", "ds": "at"})
    names = {"id_col": "bed", "time_col": "at", "per": "reading"}
    model = simple_model("summary", "classify", seed=0, **names)
    found = model.fit(renamed, of_rows(frame, labels)).predict(renamed)
    assert found.columns.tolist() == ["bed", "at", "prediction"]

"""Models that are no networks: against scikit-learn on features made one series at a time."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from ct_s5.lab import Constant, LastValue, Summary
from ct_s5.lab._models import MODELS
from ct_s5.lab._simple import simple_model

STRENGTHS = (1000.0, 100.0, 10.0, 1.0, 0.1)


def wards(n_series, seed):
    """Series of 2 to 9 rows, of which the last channel is often silent throughout; and labels."""
    rng = np.random.default_rng(seed)
    parts = []
    for n in range(n_series):
        length = rng.integers(2, 10)
        cells = rng.normal(rng.normal(size=3), 1, (length, 3))
        cells[rng.random(cells.shape) < [0.0, 0.3, 0.7]] = np.nan
        part = pd.DataFrame(cells, columns=["a", "b", "c"])
        part.insert(0, "ds", pd.Timedelta("90s") * np.cumsum(rng.integers(1, 9, length)))
        parts.append(part.assign(unique_id=f"p{(7 * n) % n_series}"))
    frame = pd.concat(parts, ignore_index=True)
    static = pd.DataFrame({"age": rng.normal(50, 9, n_series)}, index=frame["unique_id"].unique())
    middle = frame.groupby("unique_id")["a"].mean() + 0.05 * static["age"]
    amount = (middle + 0.3 * rng.normal(size=n_series)).rename("amount")
    classes = pd.Series(np.array(["ill", "so", "well"])[pd.qcut(amount, 3).cat.codes], amount.index)
    return frame, static, amount, classes


@pytest.fixture(scope="module")
def train():
    return wards(60, 0)


@pytest.fixture(scope="module")
def validation():
    return wards(40, 1)


@pytest.fixture(scope="module")
def test():
    return wards(50, 2)


def statistics(frame, static, ids):
    """Of each series by itself, channel by channel."""
    rows = []
    for name in ids:
        own = frame[frame["unique_id"] == name]
        time = own["ds"].to_numpy() / np.timedelta64(1, "s")
        row = []
        for channel in ("a", "b", "c"):
            x, at = own[channel].dropna().to_numpy(), time[own[channel].notna()]
            if not len(x):
                row += [0, *[np.nan] * 8]
                continue
            slope = np.polyfit(at - at[0], x, 1)[0] if len(x) > 1 else np.nan
            row += [len(x), x.mean(), x.std(), x.min(), x.max(), x[0], x[-1], slope]
            row.append(time[-1] - at[-1])
        rows.append([*row, time[-1] - time[0], len(own), static.loc[name, "age"]])
    return np.array(rows)


def lasts(frame, static, ids):
    own = frame.groupby("unique_id")[["a", "b", "c"]].last().loc[ids]
    return np.column_stack([own, static.loc[ids]])


def pipeline(last):
    return make_pipeline(
        SimpleImputer(add_indicator=True, keep_empty_features=True), StandardScaler(), last
    )


FEATURES = {"last-value": lasts, "summary": statistics}


@pytest.mark.parametrize("name", FEATURES)
def test_a_linear_classifier_is_scikit_learns_best_on_the_validation_part(
    name, train, validation, test
):
    make = FEATURES[name]

    def of(part):
        ids = part[0]["unique_id"].unique()
        return make(part[0], part[1], ids), part[3][ids].to_numpy(), ids

    (x, y, _), (v, w, _), (t, _, ids) = of(train), of(validation), of(test)
    tried = [pipeline(LogisticRegression(C=1 / s, max_iter=10_000)).fit(x, y) for s in STRENGTHS]
    best = min(tried, key=lambda model: log_loss(w, model.predict_proba(v)))
    found = simple_model(name, "classify", seed=0).fit(
        train[0],
        train[3],
        static=train[1],
        validation=(validation[0], validation[3], validation[1]),
    )
    shares = found.predict_proba(test[0], static=test[1])
    assert list(shares.index) == list(ids)
    assert list(shares.columns) == list(found.classes_) == ["ill", "so", "well"]
    np.testing.assert_allclose(shares, best.predict_proba(t), atol=2e-3)
    assert (found.predict(test[0], static=test[1]) == shares.idxmax(axis=1)).all()
    assert found.n_parameters_ == best[-1].coef_.size + 3


@pytest.mark.parametrize("name", FEATURES)
def test_each_target_is_learned_from_where_it_is_known(name, train, validation, test):
    make, (frame, static, amount, _) = FEATURES[name], train
    ids = frame["unique_id"].unique()
    targets = pd.DataFrame({"one": amount, "two": -2 * amount**2})
    labels = targets.loc[ids].to_numpy()
    x, t = make(frame, static, ids), make(test[0], test[1], test[0]["unique_id"].unique())
    wanted = [pipeline(Ridge(alpha=10.0)).fit(x, y).predict(t) for y in labels.T]
    found = simple_model(name, "regress", seed=0).fit(frame, targets, static=static)
    np.testing.assert_allclose(
        found.predict(test[0], static=test[1]), np.transpose(wanted), rtol=1e-4, atol=1e-4
    )
    single = simple_model(name, "regress", seed=0).fit(frame, amount, static=static)
    assert isinstance(single.predict(test[0], static=test[1]), pd.Series)
    assert not hasattr(single, "classes_")


def test_boosting_is_scikit_learns_on_the_same_statistics(train):
    frame, static, amount, _ = train
    ids = frame["unique_id"].unique()
    with threadpool_limits(1):  # the table is tiny
        found = Summary("boosting", task="regress").fit(frame, amount, static=static)
        wanted = HistGradientBoostingRegressor(max_iter=100, early_stopping=False, random_state=0)
        wanted.fit(statistics(frame, static, ids), amount[ids])
        answers = found.predict(frame, static=static)
    # Values are kept as float32, so that one near a threshold may fall to its other side.
    close = np.isclose(answers, wanted.predict(statistics(frame, static, ids)), atol=1e-3)
    assert close.mean() > 0.9


def test_constant_gives_shares_and_means(train, test):
    frame, _, amount, classes = train
    model = Constant().fit(frame, classes)
    shares = classes.value_counts(normalize=True).sort_index()
    np.testing.assert_allclose(model.predict_proba(test[0]), np.tile(shares, (50, 1)))
    assert (model.predict(test[0]) == shares.idxmax()).all()
    assert model.n_parameters_ == 3
    mean = Constant(task="regress").fit(frame, amount)
    np.testing.assert_allclose(mean.predict(test[0]), amount.mean())


def history(frame):
    """Last, mean, count and age of each channel, row by row."""
    rows = []
    for k in range(len(frame)):
        own = frame[(frame["unique_id"] == frame["unique_id"][k]) & (frame.index <= k)]
        time = (own["ds"] / pd.Timedelta("1s")).to_numpy()
        blocks = [[], [], [], []]
        for channel in ("a", "b", "c"):
            x = own[channel].dropna().to_numpy()
            at = time[own[channel].notna()]
            blocks[0].append(x[-1] if len(x) else np.nan)
            blocks[1].append(x.mean() if len(x) else np.nan)
            blocks[2].append(len(x))
            blocks[3].append(time[-1] - at[-1] if len(x) else np.nan)
        heard = own[["a", "b", "c"]].notna().any(axis=1).sum()
        rows.append([*np.concatenate(blocks), time[-1] - time[0], heard])
    return np.array(rows)


@pytest.mark.parametrize("kind", [LastValue, Summary])
def test_an_answer_a_row_knows_the_rows_before_it_alone(kind, train, test):
    frame, other = train[0].copy(), test[0].copy()
    for part in (frame, other):
        part.loc[part.index % 5 == 0, ["a", "b", "c"]] = np.nan
    label = np.where(frame.index % 3 == 0, np.nan, frame["a"].ffill().fillna(0) + 1)
    model = kind(task="regress", per="reading").fit(frame, label)
    answers = model.predict(other)
    assert list(answers.columns[:2]) == ["unique_id", "ds"]
    pd.testing.assert_frame_equal(answers.iloc[:, :2], other[["unique_id", "ds"]])
    known = ~np.isnan(label)
    x, t = history(frame), history(other)
    if kind is LastValue:
        x, t = x[:, :3], t[:, :3]
    wanted = pipeline(Ridge(alpha=10.0)).fit(x[known], label[known]).predict(t)
    np.testing.assert_allclose(answers["prediction"], wanted, rtol=1e-4, atol=1e-4)


def test_classes_a_row_come_with_a_column_each(train):
    frame = train[0]
    label = np.where(frame["a"] > 0, "up", "down").astype(object)
    label[::4] = np.nan
    model = LastValue(per="reading").fit(frame, label)
    shares = model.predict_proba(frame)
    assert list(shares.columns) == ["unique_id", "ds", "down", "up"]
    right = (shares["up"] > 0.5) == (frame["a"] > 0)
    assert right.mean() > 0.95
    assert model.predict(frame)["prediction"].isin(["up", "down"]).all()


def test_only_the_times_as_given_are_known(train):
    """The same readings at the numbers 0, 1, 2, ...: no statistic tells of the true gaps."""
    frame, static, amount, _ = train
    numbered = frame.assign(ds=frame.groupby("unique_id").cumcount())
    slower = frame.assign(ds=2 * frame["ds"])
    one, two, three = (
        Summary(task="regress").fit(part, amount, static=static).predict(part, static=static)
        for part in (frame, slower, numbered)
    )
    np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)
    assert not np.allclose(one, three, atol=1e-3)


def test_a_series_that_only_static_knows_is_answered(train):
    frame, static, amount, _ = train
    model = Summary(task="regress").fit(frame, amount, static=static)
    more = pd.concat([static, pd.DataFrame({"age": [70.0]}, index=["nobody"])])
    answers = model.predict(frame, static=more)
    assert np.isfinite(answers["nobody"])
    np.testing.assert_allclose(answers.drop("nobody"), model.predict(frame, static=static))


def test_every_model_of_the_registry_that_is_no_network_is_made():
    for name, model in MODELS.items():
        if model.keywords is None:
            made = simple_model(name, "regress", seed=3, per="reading", id_col="i", time_col="t")
            assert (made.random_state, made.per, made.id_col) == (3, "reading", "i")


def test_one_class_teaches_nothing(train):
    with pytest.raises(ValueError, match=r"Every training label is \['ill'\]"):
        Summary().fit(train[0], pd.Series("ill", train[3].index))
    with pytest.raises(ValueError, match="kind is 'linear' or 'boosting'; got 'forest'"):
        Summary("forest", task="regress").fit(train[0], train[2])  # pyright: ignore

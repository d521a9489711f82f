import copy

import equinox as eqx
import jax
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import ct_s5
from ct_s5 import encode
from ct_s5.estimators import NotFiniteAnswer, S5Forecaster
from ct_s5.estimators._unlabelled import _late

TINY = {"width": 8, "states": 8, "depth": 0, "max_epochs": 2, "batch_size": 8, "random_state": 0}
START = pd.Timestamp("2026-01-01", tz="UTC")


def waves(seed=0, n=12, length=30):
    """Sines of one hour's angular speed and unlike phases, seen now and then, and the hour."""
    rng = np.random.default_rng(seed)
    parts = []
    for i in range(n):
        hours = np.cumsum(rng.exponential(0.5, size=length))
        level = np.sin(hours + rng.uniform(0, 6))
        other = np.where(rng.random(length) < 0.4, np.nan, level**2)
        ds = (START + pd.to_timedelta(hours, "h")).round("s")
        parts.append(pd.DataFrame({"unique_id": i, "ds": ds, "level": level, "other": other}))
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(hour=frame.ds.dt.hour / 24)


@pytest.fixture(scope="module")
def fitted():
    return S5Forecaster(horizon="2h", **TINY | {"depth": 1}).fit(waves().drop(columns="hour"))


@pytest.fixture(scope="module")
def frame():
    return waves(1, n=5).drop(columns="hour")


def test_a_forecast_knows_the_readings_up_to_its_time_and_no_later_one(fitted, frame):
    cut = START + pd.Timedelta("6h")
    asked = pd.DataFrame({"unique_id": range(5), "ds": cut})
    whole = fitted.predict(frame, asked)
    early = fitted.predict(frame[frame.ds <= cut], asked)
    pd.testing.assert_frame_equal(whole, early, rtol=1e-5)
    changed = frame.assign(level=frame.level.where(frame.ds <= cut, 99.0))
    pd.testing.assert_frame_equal(fitted.predict(changed, asked), whole, rtol=1e-5)


def test_a_backtest_says_what_predict_would_have_said(fitted, frame):
    told = fitted.backtest(frame, "90min", within="30min")
    assert len(told)
    lead = told.ds - told.told_at
    assert ((lead >= pd.Timedelta("90min")) & (lead <= pd.Timedelta("2h"))).all()
    actual = frame.set_index(["unique_id", "ds"])
    for row in told.iloc[:: len(told) // 6].itertuples():
        own = frame[(frame.unique_id == row.unique_id) & (frame.ds <= row.told_at)]
        assert own.ds.max() == row.told_at
        wanted = fitted.predict(own, pd.DataFrame({"unique_id": [row.unique_id], "ds": [row.ds]}))
        np.testing.assert_allclose(row.level, wanted.level[0], rtol=1e-4, atol=1e-5)
        seen = actual.loc[(row.unique_id, row.ds)]
        np.testing.assert_allclose(told.loc[row.Index, "level-actual"], seen.level, rtol=1e-5)
        assert np.isnan(told.loc[row.Index, "other-actual"]) == np.isnan(seen.other)
    with pytest.raises(ValueError, match="No reading has another 40D before it"):
        fitted.backtest(frame, "40D")


def test_rows_as_they_arrive_are_foreseen_as_predict_foresees_them(fitted, frame):
    fitted.forget()
    frame = frame.sort_values("ds", kind="stable")
    for part in np.array_split(np.arange(len(frame)), 6):
        told = fitted.update(frame.iloc[part], "40min")
    touched = frame.iloc[part].unique_id.unique()
    wanted = fitted.predict(frame[frame.unique_id.isin(touched)], "40min")
    both = [t.sort_values(["unique_id", "ds"]).reset_index(drop=True) for t in (told, wanted)]
    pd.testing.assert_frame_equal(*both, rtol=1e-5, atol=1e-5)
    late = frame.head(1)
    with pytest.raises(ValueError, match="before"):
        fitted.update(late)
    fitted.forget()


def test_forms_of_at(fitted, frame):
    last = frame.groupby("unique_id").ds.last()
    one = fitted.predict(frame)
    assert one.unique_id.tolist() == list(range(5))
    assert list(one.ds) == list(last + pd.Timedelta("2h"))
    grid = fitted.predict(frame, "30min")
    assert len(grid) == 20
    np.testing.assert_allclose(grid.level[3::4], one.level, rtol=1e-4, atol=1e-6)
    assert one.columns.tolist() == [
        *("unique_id", "ds", "level", "level-lo-90", "level-hi-90"),
        *("other", "other-lo-90", "other-hi-90"),
    ]
    bare = fitted.predict(frame, level=None, quantiles=(0.1, 0.9))
    assert bare.columns.tolist()[2:] == [
        *("level", "level-q-10", "level-q-90", "other", "other-q-10", "other-q-90")
    ]


def test_intervals_are_nested_and_hold_the_quantiles_they_are_named_for(fitted, frame):
    told = fitted.predict(frame, "20min", level=(50, 90), quantiles=(0.05, 0.25, 0.75, 0.95))
    for name in ("level", "other"):
        low, high = (told[f"{name}-{side}-90"] for side in ("lo", "hi"))
        assert (low < told[f"{name}-lo-50"]).all()
        assert (told[f"{name}-hi-50"] < high).all()
        np.testing.assert_allclose(low, told[f"{name}-q-5"])
        np.testing.assert_allclose(high, told[f"{name}-q-95"])


def test_a_horizon_beyond_training_is_said_with_its_distance(fitted, frame):
    with pytest.warns(UserWarning, match=r"is 3 horizons ahead; training saw leads up to one"):
        fitted.predict(
            frame, frame.groupby("unique_id").ds.last().add(pd.Timedelta("6h")).reset_index()
        )


def test_the_file_gives_the_same_forecasts(fitted, frame, tmp_path):
    fitted.save(tmp_path / "model.safetensors")
    again = ct_s5.load(tmp_path / "model.safetensors")
    pd.testing.assert_frame_equal(again.predict(frame, "1h"), fitted.predict(frame, "1h"))
    assert again.get_params() == fitted.get_params()


def test_what_is_known_beforehand_is_heeded():
    frame = waves()
    model = S5Forecaster(horizon="2h", known="hour", **TINY).fit(frame)
    assert model.channels_ == ("level", "other")
    asked = frame.groupby("unique_id").ds.last().add(pd.Timedelta("1h")).reset_index()
    one, other = (model.predict(frame, asked.assign(hour=h)).level for h in (0.1, 0.9))
    assert (one - other).abs().max() > 1e-6
    with pytest.raises(ValueError, match="so at= must be a frame that holds it"):
        model.predict(frame, "1h")


@pytest.fixture(scope="module")
def calendar():
    """A forecaster that knows the hour, and is told it at times that nothing was read at, too."""
    frame = waves(n=40)
    blank = frame.sample(frac=0.2, random_state=0).index
    frame.loc[blank, ["level", "other"]] = np.nan
    return S5Forecaster(horizon="2h", known="hour", **TINY).fit(frame)


def test_rows_of_what_is_known_are_no_readings(calendar):
    frame = waves(1, n=5)
    asked = frame.groupby("unique_id").ds.last().add(pd.Timedelta("1h")).reset_index()
    asked = asked.assign(hour=0.3)
    rows = [asked.assign(ds=asked.ds - pd.Timedelta(f"{k * 17}min")) for k in range(3)]
    calendar_rows = pd.concat([frame, *rows]).sort_values(["unique_id", "ds"], kind="stable")
    alone = calendar.predict(frame, asked)
    pd.testing.assert_frame_equal(calendar.predict(calendar_rows, asked), alone, rtol=1e-5)
    live = copy.deepcopy(calendar)
    live.update(frame, asked)
    last = live.last_readings()
    later = asked.assign(ds=asked.ds + pd.Timedelta("20min"))
    told = live.update(rows[0].assign(level=np.nan, other=np.nan), later)
    pd.testing.assert_frame_equal(told, calendar.predict(frame, later), rtol=1e-5)
    pd.testing.assert_series_equal(live.last_readings(), last)


def test_rows_that_ask_are_held_out_beside_readings_not_in_their_place():
    frame = waves(n=2)
    rows = frame.groupby("unique_id").tail(9).assign(level=np.nan, other=np.nan)
    rows["ds"] += pd.Timedelta("3D")
    both = pd.concat([frame, rows]).sort_values(["unique_id", "ds"])
    model = S5Forecaster(horizon="2h", known="hour", **TINY).fit(both)
    assert "validation_loss" in model.history_
    alone, beside = (encode(some, model.schema_).series for some in (frame, both))
    late = _late(beside, 0.2)
    np.testing.assert_array_equal(late[beside.reading], _late(alone, 0.2))
    assert late[~beside.reading].all()
    assert _late(alone, 0.2).sum() == 2 * 6
    with pytest.raises(ValueError, match="name each channel once"):
        S5Forecaster(horizon="2h", known=("hour", "hour"), **TINY).fit(frame)


def test_one_long_series_is_held_out_at_its_end():
    frame = waves(n=1, length=300).drop(columns="hour")
    model = S5Forecaster(horizon="2h", window=64, **TINY).fit(frame)
    assert "validation_loss" in model.history_
    assert model.lengths_[-1] < 300
    assert len(model.predict(frame, "1h")) == 2


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({}, "Name the horizon"),
        ({"horizon": 3}, r"so horizon=3 needs a unit: write horizon='1h'"),
        ({"horizon": "soon"}, r"horizon='soon' is no length of time"),
        ({"horizon": "1h", "channels": ["pulse"]}, r"name some of level, other, hour, each once"),
        ({"horizon": "1h", "known": ["pulse"]}, r"known names 'pulse', which is no channel"),
        ({"horizon": "1h", "known": "hour", "channels": "hour"}, "cannot be foreseen and known"),
        ({"horizon": "1h", "window": 1}, "window is a whole number of at least 2 rows"),
    ],
)
def test_keywords_that_cannot_be_right(keywords, words):
    with pytest.raises(ValueError, match=words):
        S5Forecaster(**TINY, **keywords).fit(waves())


def test_labels_are_refused_and_levels_that_are_none(fitted, frame):
    with pytest.raises(ValueError, match=r"S5Forecaster\.fit takes no labels"):
        S5Forecaster(horizon="1h").fit(frame, pd.Series(1, index=range(5)))
    with pytest.raises(ValueError, match="level=100"):
        fitted.predict(frame, level=100)
    with pytest.raises(ValueError, match=r"quantiles holds 0\.0"):
        fitted.predict(frame, quantiles=0.0)


LATER = pd.Timestamp("2026-01-03", tz="UTC")


def kept_by(model):
    return {name: array.tobytes() for name, array in model.stream_.store.arrays().items()}


@pytest.mark.parametrize("wrong", [{"level": 100}, {"at": [START]}], ids=["level", "past"])
def test_a_refused_update_of_a_forecaster_keeps_nothing(fitted, frame, wrong):
    model = copy.deepcopy(fitted)
    model.update(frame[frame.unique_id < 2])
    rows = pd.DataFrame({"unique_id": [1, 7], "ds": LATER, "level": 0.5, "other": 0.25})
    before = kept_by(model)
    with pytest.raises(ValueError, match=r"level|before the last reading"):
        model.update(rows, **wrong)
    assert kept_by(model) == before
    again = model.update(rows)
    pd.testing.assert_frame_equal(again, fitted_anew(fitted, frame).update(rows))


def fitted_anew(fitted, frame):
    model = copy.deepcopy(fitted)
    model.update(frame[frame.unique_id < 2])
    return model


def test_where_every_row_came_late_there_is_nothing_to_answer(fitted, frame):
    model = fitted_anew(fitted, frame)
    with pytest.warns(UserWarning, match="late rows") as warned:
        told = model.update(frame[frame.unique_id < 2].iloc[:3], late="drop", quantiles=0.5)
    assert warned[0].filename == __file__
    assert not len(told)
    assert told.dtypes.equals(fitted.predict(frame, quantiles=0.5).dtypes)
    asked = frame[frame.unique_id == 1][["unique_id", "ds"]].tail(1)
    late = pytest.warns(UserWarning, match="late rows")
    with late, pytest.warns(UserWarning, match="what at= asks is not answered"):
        model.update(frame[frame.unique_id == 1].iloc[:3], asked, late="drop")


def test_a_row_without_a_reading_asks_from_its_own_time_on(fitted, frame):
    model = fitted_anew(fitted, frame)
    last = frame[frame.unique_id == 1].ds.max()
    silent = pd.DataFrame({"unique_id": [1], "ds": last + pd.Timedelta("30min")})
    before = kept_by(model)
    with pytest.warns(UserWarning, match="1.25 horizons ahead"):
        told = model.update(silent.assign(level=np.nan, other=np.nan))
    assert kept_by(model) == before
    at = silent.assign(ds=silent.ds + pd.Timedelta("2h"))
    with pytest.warns(UserWarning, match="1.25 horizons ahead"):
        wanted = fitted.predict(frame[frame.unique_id == 1], at)
    pd.testing.assert_frame_equal(told, wanted, rtol=1e-5)


def test_a_series_without_a_reading_is_foreseen_from_its_last_row(fitted, frame):
    blank = frame.assign(level=frame.level.where(frame.unique_id != 3))
    blank["other"] = blank.other.where(blank.unique_id != 3)
    with pytest.warns(UserWarning, match="1 of 5 series have no reading"):
        told = fitted.predict(blank)
    assert told.unique_id.tolist() == [0, 1, 2, 3, 4]
    assert told.ds[3] == frame[frame.unique_id == 3].ds.max() + pd.Timedelta("2h")


def test_an_update_answers_about_series_without_a_reading(fitted, frame):
    model = fitted_anew(fitted, frame)
    rows = frame[frame.unique_id.isin([1, 3])].groupby("unique_id").tail(2).copy()
    rows["ds"] += pd.Timedelta("30D")
    new = rows.unique_id == 3
    rows.loc[new, ["level", "other"]] = np.nan
    with pytest.warns(UserWarning, match="1 of 2 series have no reading"):
        told = model.update(rows, "40min")
    assert model.last_readings().index.tolist() == [0, 1]
    with pytest.warns(UserWarning, match="1 of 1 series have no reading"):
        wanted = fitted.predict(rows[new], "40min")
    own = told[told.unique_id == 3].reset_index(drop=True)
    pd.testing.assert_frame_equal(own, wanted, rtol=1e-5)
    strict = copy.copy(model).set_params(on_empty="error")
    with pytest.raises(ValueError, match="1 of 1 series have no reading"):
        strict.update(rows[new])


def test_a_horizon_that_was_set_after_fit_is_said(fitted, frame):
    changed = copy.deepcopy(fitted).set_params(horizon="1h")
    with pytest.raises(ValueError, match=r"horizon='1h' is not that of fit, .*Fit anew, or .*at="):
        changed.predict(frame)
    asked = frame.groupby("unique_id")["ds"].max() + pd.Timedelta("1h")
    pd.testing.assert_frame_equal(changed.predict(frame, at=asked), fitted.predict(frame, at=asked))
    with pytest.warns(UserWarning, match=r"training saw leads up to one\. Fit with a longer"):
        changed.predict(frame, at=asked + pd.Timedelta("5h"))


def test_a_step_beyond_the_horizon_is_refused_by_name(fitted, frame):
    with pytest.raises(ValueError, match="A grid of '5h' has no time within the horizon"):
        fitted.predict(frame, at="5h")


@pytest.mark.parametrize("horizon", ["90D", "7us", "365D", np.timedelta64(2, "h")])
def test_one_horizon_ahead_is_exact_whatever_the_unit(horizon, frame):
    model = S5Forecaster(horizon=horizon, time_unit="918s", **TINY)
    # The task needs readings within the horizon of one another.
    times = START + np.arange(30) * pd.Timedelta("3us")
    near = frame[frame.unique_id < 4].groupby("unique_id").head(30)
    near = near.assign(ds=np.tile(times, 4))
    told = model.fit(near).predict(near)
    assert (told.ds == times[-1] + pd.Timedelta(horizon)).all()


@pytest.mark.parametrize("share", [0.2, 0.0])
def test_a_horizon_within_which_nothing_lies_is_named(frame, share):
    model = S5Forecaster(horizon="1ms", validation_fraction=share, **TINY)
    with pytest.raises(ValueError, match=r"none lies within horizon='1ms' of an earlier .*00:"):
        model.fit(frame)


def test_a_cut_after_which_nothing_lies_is_named(frame):
    model = S5Forecaster(horizon="2h", cut="900D", validation_fraction=0.2, **TINY)
    with pytest.raises(ValueError, match=r"none lies within .* after cut='900D' .* Cut earlier"):
        model.fit(frame)


def test_words_for_what_cannot_be_meant(fitted, frame):
    with pytest.raises(ValueError, match=r"level=0.9: .* Did you mean 90\?"):
        fitted.predict(frame, level=0.9)
    with pytest.raises(ValueError, match=r"level='90': an interval holds a share"):
        fitted.predict(frame, level="90")
    with pytest.raises(ValueError, match="Every channel is known beforehand"):
        S5Forecaster(horizon="1h", known=("level", "other"), **TINY).fit(frame)
    with pytest.raises(TypeError, match="takes the bytes that export_state gave; got str"):
        fitted.import_state("ward.state")
    with pytest.raises(ValueError, match="There is no state of series 'p1', so none to forget"):
        fitted.forget("p1")


def test_an_answer_inside_a_long_silence_is_told_to_be_far(fitted, frame):
    one = frame[frame.unique_id == 0].copy()
    one.loc[one.index[20:], "ds"] += pd.Timedelta("9h")
    middle = one.ds.iloc[19] + pd.Timedelta("5h")
    with pytest.warns(UserWarning, match="2.5 horizons ahead"):
        fitted.predict(one, at=[middle])


def test_it_keeps_the_conventions_of_scikit_learn(frame):
    model = S5Forecaster(horizon="2h", **TINY)
    assert clone(model).get_params() == model.get_params()
    assert not {"per", "pooling", "bidirectional"} & set(model.get_params())
    for name in ("widht", "pooling"):  # mistyped, and a choice of other estimators
        with pytest.raises(TypeError, match=f"S5Forecaster got an unexpected .*'{name}'"):
            S5Forecaster(**{name: 3})
    frames = [part for _, part in frame.groupby("unique_id")]
    search = GridSearchCV(model, {"dropout": [0.0, 0.1]}, cv=2, error_score="raise").fit(frames)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize(
    "ask",
    [
        lambda model, frame: model.predict(frame),
        lambda model, frame: model.backtest(frame, "1h"),
        lambda model, frame: model.score(frame),
        lambda model, frame: model.update(frame),
    ],
    ids=["predict", "backtest", "score", "update"],
)
def test_an_answer_that_is_not_finite_is_refused_whoever_asks(fitted, frame, ask):
    broken = copy.copy(fitted)
    vars(broken).pop("stream_", None)  # live series keep the weights that they began with
    arrays, rest = eqx.partition(fitted.model_, eqx.is_inexact_array)
    broken.model_ = eqx.combine(jax.tree.map(lambda a: a * np.nan, arrays), rest)
    with pytest.raises(NotFiniteAnswer, match=r"for series 0.* is not finite"):
        ask(broken, frame)


def test_channels_called_as_columns_of_the_answer_are_refused_and_overwrite_none():
    frame = waves(n=3, length=8).rename(columns={"other": "level-lo-90", "hour": "told_at"})
    small = TINY | {"width": 4, "states": 4, "max_epochs": 1}
    model = S5Forecaster(horizon="2h", validation_fraction=0, **small).fit(frame)
    for tell in (model.predict, model.update):
        with pytest.raises(ValueError, match=r"would be called 'level-lo-90'\. Rename the channel"):
            tell(frame)
    assert model.last_readings().empty
    told = model.predict(frame, level=50)
    assert {"level-lo-90", "level-lo-50", "told_at"} < set(told.columns)
    with pytest.raises(ValueError, match=r"would be called 'told_at'\. Rename the channel"):
        model.backtest(frame, "1h", level=50)

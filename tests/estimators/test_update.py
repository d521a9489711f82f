"""Rows as they arrive: any chunks give the answers of `predict` on the whole."""

import copy
import dataclasses
import pickle
import warnings

import jax
import numpy as np
import pandas as pd
import pytest
from tiny_wards import FORWARD, IDS, as_list, classifier, labels, numbers, regressor, ward

from ct_s5.estimators import load
from ct_s5.training import ArchiveError, from_archive

AGES = pd.DataFrame(
    {"age": np.linspace(20, 90, 12), "unit": ["a", "b", "c"] * 4}, index=pd.Index(IDS)
)
# Other holds, mixers and inputs are streamed in tests/nn/test_streaming.py.
QUICK = {"max_epochs": 1, "validation_fraction": 0}
PLAIN = QUICK | {"depth": 1}
# Without a layer, but sensitive to every gap.
AGED = QUICK | {"inputs": ("value", "age")}


class Fitted(dict):
    """Estimators by name, each fitted when it is first asked for."""

    def __missing__(self, name):
        frame = ward(n_rows=8)
        made = {
            "plain": lambda: classifier(**PLAIN).fit(frame, labels()),
            "forward": lambda: classifier(**FORWARD | QUICK).fit(frame, labels()),
            "static": lambda: classifier(**PLAIN).fit(frame, labels(), static=AGES),
            "regressor": lambda: regressor(**PLAIN).fit(frame, numbers()),
            "reading": lambda: regressor(**PLAIN, per="reading").fit(frame, frame["hr"] / 10),
        }
        self[name] = made[name]()
        return self[name]


@pytest.fixture(scope="module")
def models():
    return Fitted()


@pytest.fixture
def model(models):
    """The plain one, without live series."""
    return forgetful(models["plain"])


def forgetful(estimator):
    return estimator.forget()


def states(model):
    """Everything that is kept, in a form to compare."""
    told, arrays = from_archive(model.export_state(), "stream")
    return told, {name: array.tolist() for name, array in arrays.items()}


def empty_rows(frame, share, seed=0):
    """Some rows without any reading: queries."""
    frame = frame.copy()
    silent = np.random.default_rng(seed).random(len(frame)) < share
    frame.loc[silent, ["hr", "temp"]] = np.nan
    return frame


def chunks(frame, seed):
    """Rows in order of time, cut at some distinct times."""
    rng = np.random.default_rng(seed)
    times = frame["ds"].unique()
    chosen = times[rng.random(len(times)) < rng.choice([0.05, 0.2, 0.6])]
    bounds = frame["ds"].searchsorted(chosen)
    return [part for part in np.split(np.arange(len(frame)), bounds) if len(part)]


def fed(estimator, frame, parts, **keywords):
    """The answers of all updates, the latest of each series last."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "1?[0-9] of .* no reading at all")
        return [estimator.update(frame.iloc[part], **keywords) for part in parts]


def latest(answers):
    joined = pd.concat(answers)
    return joined[~joined.index.duplicated(keep="last")]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain", "forward", "static"])
def test_any_chunks_give_the_probabilities_of_the_whole(models, name):
    model, frame = models[name], empty_rows(ward(seed=3, n_rows=8), 0.1)
    keywords = {"static": AGES} if name == "static" else {}
    whole = model.predict_proba(frame, **keywords)
    for seed in range(3):
        forgetful(model)
        parts = chunks(frame, seed)
        answers = latest(fed(model, frame, parts, method="predict_proba", **keywords))
        np.testing.assert_allclose(answers.loc[whole.index], whole, atol=1e-5)


def test_series_after_series_each_begins_anew(model):
    frame = ward(seed=9, n_rows=8)
    whole = model.predict_proba(frame)
    series = [frame[frame["unique_id"] == name] for name in IDS]

    def agrees(rows, name):
        # The whole of a series, then none of it again: two updates, the second of one row.
        model.update(rows.iloc[:-1])
        answer = model.update(rows.iloc[-1:], method="predict_proba")
        np.testing.assert_allclose(answer.loc[name], whole.loc[name], atol=1e-5)

    for name, rows in zip(IDS[:3], series, strict=False):
        agrees(rows, name)
    model.forget()
    agrees(series[3], IDS[3])
    state = model.export_state()  # of one series
    model.import_state(state)
    agrees(series[4], IDS[4])


@pytest.mark.slow
def test_a_thousand_chunkings_give_the_answers_of_the_whole(models):
    """A thousand copies of the ward live at once, each cut in its own way."""
    model, frame = forgetful(models["reading"]), empty_rows(ward(seed=5, n_rows=8), 0.2)
    whole = model.predict(frame)["prediction"].to_numpy()
    copies = 1000
    rng = np.random.default_rng(7)
    times = frame["ds"].unique()
    # The rows of each copy in rounds: round r holds what came between its cuts r - 1 and r.
    cuts = np.sort(rng.integers(0, len(times) + 1, size=(copies, 5)), axis=1)
    rank = np.searchsorted(times, frame["ds"])
    in_round = (rank[None, :] >= cuts[:, :, None].transpose(1, 0, 2)).sum(axis=0)
    found = np.full((copies, len(frame)), np.nan)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* no reading at all")
        for r in range(6):
            copy_of, row = np.nonzero(in_round == r)
            rows = frame.iloc[row]
            rows = rows.assign(unique_id=np.char.mod("%d/", copy_of) + rows["unique_id"])
            found[copy_of, row] = model.update(rows)["prediction"]
    assert len(model.stream_.store) == copies * len(IDS)
    np.testing.assert_allclose(found, np.tile(whole, (copies, 1)), atol=1e-5 * np.abs(whole).max())


def test_one_row_at_a_time_answers_as_predict_does_so_far(model):
    frame = ward(seed=2)
    for n in range(1, len(frame) + 1, 5):
        fresh = fed(forgetful(model), frame, [[k] for k in range(n)], method="predict_proba")
        whole = model.predict_proba(frame.iloc[:n])
        np.testing.assert_allclose(latest(fresh).loc[whole.index], whole, atol=1e-5)


def test_answers_have_the_form_of_predict(models):
    frame = ward(seed=4, n_rows=8)
    for name in ("plain", "regressor", "reading"):
        told = forgetful(models[name]).update(frame)
        expected = models[name].predict(frame)
        check = pd.testing.assert_frame_equal
        if name != "reading":
            check = pd.testing.assert_series_equal
        check(told, expected, atol=1e-5)
    a_list = forgetful(models["regressor"]).update(as_list(frame))
    np.testing.assert_allclose(a_list, models["regressor"].predict(as_list(frame)), atol=1e-5)
    with pytest.raises(ValueError, match="method is one of predict, predict_proba; got 'score'"):
        models["plain"].update(frame, method="score")
    with pytest.raises(ValueError, match="method is one of predict; got 'predict_proba'"):
        models["regressor"].update(frame, method="predict_proba")


def test_four_columns_and_other_orders_of_rows_serve_too(model):
    frame = ward(seed=6)
    whole = model.predict_proba(frame)
    cells = frame.melt(["unique_id", "ds"], var_name="channel").dropna()
    cells = cells.sort_values("ds", kind="stable")
    half = frame["ds"].iloc[len(frame) // 2]
    parts = [cells[cells["ds"] < half], cells[cells["ds"] >= half]]
    answers = latest([model.update(part, method="predict_proba") for part in parts])
    np.testing.assert_allclose(answers.loc[whole.index], whole, atol=1e-5)


# Rows at the time of the last reading.


@pytest.mark.parametrize("rule", ["error", "mean", "last"])
def test_rows_of_one_time_merge_across_updates_as_within_a_frame(models, rule):
    model = forgetful(copy.copy(models["plain"]).set_params(duplicates=rule))
    frame = ward(seed=8, n_rows=3)
    last = frame.groupby("unique_id").tail(1)
    # The temperature comes by itself, then twice more; under "error" with the value it had.
    hr, temp = last.assign(temp=np.nan), last.assign(hr=np.nan, temp=37.0)
    shift = 0.0 if rule == "error" else 1.0
    more = [temp.assign(temp=37.0 + shift), temp.assign(temp=37.0 + 2 * shift)]
    after = last.assign(ds=last["ds"] + pd.Timedelta("1h"), temp=36.0)
    parts = [frame.drop(last.index), hr, temp, *more, after]
    answers = [model.update(part, method="predict_proba") for part in parts]
    for n in (2, 3, 4, 5, 6):
        whole = model.predict_proba(pd.concat(parts[:n]))
        np.testing.assert_allclose(latest(answers[:n]).loc[whole.index], whole, atol=1e-5)


def test_a_row_that_contradicts_the_last_reading_is_refused_and_leaves_no_trace(model):
    frame = ward(seed=8)
    model.update(frame)
    before = states(model)
    row = frame.tail(1).assign(hr=999.0)
    at = frame["ds"].iloc[-1]
    where = rf"row 0 has 999\.0 for channel 'hr' at {str(at)[:16]}.*in an earlier update\. Keep one"
    with pytest.raises(ValueError, match=where):
        model.update(row)
    assert states(model) == before


def test_what_was_merged_is_a_mean_whatever_the_rule_is_later(models):
    model = forgetful(copy.copy(models["plain"]).set_params(duplicates="mean"))
    frame = ward(seed=8, n_rows=3)
    last = frame.groupby("unique_id").tail(1)
    for pulse in (70.0, 90.0):
        model.update(pd.concat([frame.drop(last.index), last.assign(hr=pulse)])[-len(last) :])
    model.set_params(duplicates="error")
    before = states(model)
    with pytest.raises(ValueError, match=r"has 160\.0 for channel 'hr' at .*, which had 80\.0 at"):
        model.update(last.assign(hr=160.0))
    assert states(model) == before
    again = model.update(last.assign(hr=80.0), method="predict_proba")
    wanted = forgetful(copy.copy(models["plain"])).update(
        last.assign(hr=80.0), method="predict_proba"
    )
    np.testing.assert_allclose(again, wanted.loc[again.index], atol=1e-5)


# When each series was last read.


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_the_last_reading_of_each_live_series_is_told(models, zone):
    model, frame = copy.deepcopy(forgetful(models["plain"])), ward(seed=9)
    model.schema_ = dataclasses.replace(model.schema_, time_zone=zone)
    frame["ds"] = frame["ds"].dt.tz_convert(zone)
    assert model.last_readings().empty
    model.update(frame)
    told = model.last_readings()
    expected = frame.groupby("unique_id")["ds"].max()
    pd.testing.assert_series_equal(told.sort_index(), expected, check_dtype=False)
    asked = frame.groupby("unique_id").tail(1).assign(ds=frame["ds"].max() + pd.Timedelta("1D"))
    model.update(asked.assign(hr=np.nan, temp=np.nan))
    pd.testing.assert_series_equal(model.last_readings(), told)
    one = told.index[:1]
    pd.testing.assert_series_equal(model.last_readings([*one, "nobody"]), told[one])
    pd.testing.assert_series_equal(model.last_readings(one[0]), told[one])
    assert model.last_readings(5).empty


# Late rows.


def test_late_rows_are_refused_by_name_and_leave_no_trace(model):
    frame = ward(seed=9)
    model.update(frame)
    before = states(model)
    one = frame[frame["unique_id"] == "p3"]
    late = pd.concat([one.tail(1), one.head(2)])
    words = (
        rf"series 'p3', row 1 is at {str(one['ds'].iloc[0])[:19]}.*before the last reading of its "
        rf"series at {str(one['ds'].iloc[-1])[:19]}.*\(2 late rows of 1 series in all\).*'drop'"
    )
    with pytest.raises(ValueError, match=words):
        model.update(late)
    assert states(model) == before
    with pytest.raises(ValueError, match="late is 'error' or 'drop'; got 'keep'"):
        model.update(late, late="keep")


@pytest.mark.parametrize("name", ["plain", "reading"])
def test_late_rows_can_be_dropped_with_one_warning_that_counts_them(models, name):
    model, frame = forgetful(models[name]), ward(seed=9, n_rows=8)
    past, now = frame.iloc[:60], frame.iloc[60:]
    model.update(past)
    expected = copy.deepcopy(model).update(now)
    rows = pd.concat([past.groupby("unique_id").head(2), now]).sample(frac=1.0, random_state=1)
    rows = rows.sort_values("ds", kind="stable")
    words = r"24 late rows of 12 series were dropped; the first: "
    with pytest.warns(UserWarning, match=words) as spoken:
        told = model.update(rows, late="drop")
    assert spoken[0].filename == __file__
    if name == "plain":
        told = told.loc[expected.index]
    else:
        assert len(told) == len(now)
        told, expected = (
            t.sort_values(["unique_id", "ds"])["prediction"] for t in (told, expected)
        )
    np.testing.assert_array_equal(told.to_numpy(), expected.to_numpy())
    with pytest.warns(UserWarning, match="1 late rows of 1 series"):
        nothing = model.update(past.head(1), late="drop")
    assert len(nothing) == (1 if name == "plain" else 0)


# Queries.


def test_queries_leave_no_trace(models):
    model, frame = forgetful(models["reading"]), ward(seed=10, n_rows=8)
    model.update(frame.iloc[:50])
    before = states(model)
    ids = sorted(set(frame["unique_id"].iloc[:50]))
    later = frame["ds"].iloc[49] + pd.to_timedelta(np.arange(1, len(ids) + 1), unit="min")
    asked = pd.DataFrame({"unique_id": ids, "ds": later, "hr": np.nan, "temp": np.nan})
    told = model.update(asked)
    assert states(model) == before
    expected = model.predict(pd.concat([frame.iloc[:50], asked]))["prediction"].to_numpy()[50:]
    np.testing.assert_allclose(told["prediction"], expected, atol=1e-5)
    # A reading between the last one and the query asked since is not late.
    ask_far = asked.assign(ds=asked["ds"] + pd.Timedelta("9D"))
    model.update(ask_far)
    whole = model.predict(frame)["prediction"].to_numpy()
    np.testing.assert_allclose(model.update(frame.iloc[50:])["prediction"], whole[50:], atol=1e-5)


def test_a_series_without_any_reading_gets_the_empty_answer_and_is_counted(model):
    asked = ward().head(2).assign(hr=np.nan, temp=np.nan)
    with pytest.warns(UserWarning, match="2 of 2 series have no reading at all"):
        told = model.update(asked, method="predict_proba")
    with pytest.warns(UserWarning, match="2 of 2 series"):
        np.testing.assert_allclose(told, model.predict_proba(asked), atol=1e-6)
    assert len(model.stream_.store) == 0
    strict = copy.copy(model).set_params(on_empty="error")
    with pytest.raises(ValueError, match="2 of 2 series have no reading"):
        strict.update(asked)


# Time.


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_units_and_zones_may_change_from_update_to_update(model, unit):
    frame = ward(seed=12)
    whole = fed(model, frame, chunks(frame, 2), method="predict_proba")
    forgetful(model)
    turns = [("ns", "Asia/Kolkata"), (unit, "UTC"), ("s", "America/St_Johns")]
    answers = []
    for k, part in enumerate(chunks(frame, 2)):
        to_unit, zone = turns[k % 3]
        times = frame["ds"].iloc[part].dt.tz_convert(zone).dt.as_unit(to_unit)
        rows = frame.iloc[part].assign(ds=times)
        answers.append(model.update(rows, method="predict_proba"))
    for ours, theirs in zip(answers, whole, strict=True):
        pd.testing.assert_frame_equal(ours, theirs, rtol=0, atol=0)


def as_numbers(frame, kind):
    seconds = frame["ds"].dt.tz_convert("UTC").dt.as_unit("s").astype("int64")
    offsets = {"int64": -(2**62), "uint64": 2**63, "float64": 0}
    if kind == "timedelta":
        return frame.assign(ds=pd.to_timedelta(seconds, unit="s"))
    return frame.assign(ds=seconds.to_numpy().astype(kind) + np.array(offsets[kind], kind))


@pytest.mark.parametrize("kind", ["int64", "uint64", "float64", "timedelta"])
def test_every_kind_of_time_is_kept_exactly(kind):
    frame = as_numbers(ward(seed=13), kind)
    model = classifier(**AGED).fit(frame, labels())
    whole = model.predict_proba(frame)
    answers = latest(fed(model, frame, chunks(frame, 3), method="predict_proba"))
    np.testing.assert_allclose(answers.loc[whole.index], whole, atol=1e-5)
    with pytest.raises(ValueError, match=r"A row came late: series 'p"):
        model.update(frame.head(1))


def test_whole_numbers_may_be_followed_by_fractions_and_the_reverse():
    frame = ward(seed=13)
    seconds = frame["ds"].dt.tz_convert("UTC").dt.as_unit("s").astype("int64")
    frame["ds"] = seconds - seconds.min()
    model = classifier(**AGED).fit(frame, labels())
    whole = model.predict_proba(frame)
    third = len(frame) // 3
    parts = [
        frame.iloc[:third],
        frame.iloc[third : 2 * third].astype({"ds": float}),
        frame.iloc[2 * third :],
    ]
    answers = latest([model.update(part, method="predict_proba") for part in parts])
    np.testing.assert_allclose(answers.loc[whole.index], whole, atol=1e-5)


def test_a_gap_beyond_float32_is_refused():
    frame = ward(seed=13)
    frame["ds"] = (frame["ds"] - frame["ds"].min()).dt.total_seconds()
    model = classifier(**AGED).fit(frame, labels())
    model.update(frame)
    far = frame.tail(1).assign(ds=1e300)
    with pytest.raises(
        ValueError, match=r"The gap before series .*, row 0, from the last reading at"
    ):
        model.update(far)


# What predict refuses, update refuses.


def test_other_channels_and_arrays_are_refused(model):
    frame = ward()
    with pytest.raises(ValueError, match="missing: 'temp'"):
        model.update(frame.drop(columns="temp"))
    with pytest.raises(ValueError, match="new: 'spo2'"):
        model.update(frame.assign(spo2=1.0))
    with pytest.raises(ValueError, match="An array has no times"):
        model.update(np.zeros((12, 4, 2)))
    naive = frame.assign(ds=frame["ds"].dt.tz_localize(None))
    with pytest.raises(ValueError, match="no time zone here"):
        model.update(naive)


def test_a_bidirectional_model_refuses():
    model = classifier(**QUICK, bidirectional=True).fit(ward(), labels())
    with pytest.raises(ValueError, match=r"from both ends.*bidirectional=False"):
        model.update(ward())


def test_answers_that_are_not_finite_are_refused_and_nothing_is_kept(model):
    frame = ward()
    model.update(frame.head(5))
    before = states(model)
    with pytest.raises(ValueError, match=r"not finite|more than float32 holds"):
        model.update(frame.iloc[5:7].assign(hr=1e39 * 80))
    assert states(model) == before


def test_an_answer_that_cannot_be_given_leaves_no_state():
    frame = ward()
    words = np.where(frame.hr > 80, "ds", "low")  # a class that is called as the time column is
    model = classifier(**QUICK, per="reading").fit(frame, words)
    with pytest.raises(ValueError, match="'ds'"):
        model.update(frame, method="predict_proba")
    assert model.last_readings().empty


def test_static_features_come_with_the_first_rows_and_are_kept(models):
    model, frame = forgetful(models["static"]), ward(seed=14)
    whole = model.predict_proba(frame, static=AGES)
    first, rest = frame.iloc[:20], frame.iloc[20:]
    with pytest.raises(ValueError, match=r"has no state yet.*pass static="):
        model.update(first)
    seen = first["unique_id"].unique()
    new = [i for i in rest["unique_id"].unique() if i not in seen]
    answers = [
        model.update(first, static=AGES, method="predict_proba"),
        model.update(rest, static=AGES.loc[new] if new else None, method="predict_proba"),
    ]
    np.testing.assert_allclose(latest(answers).loc[whole.index], whole, atol=1e-5)
    later = frame.tail(1).assign(ds=frame["ds"].iloc[-1] + pd.Timedelta("1h"))
    with pytest.raises(ValueError, match=r"differ from those that came with its first reading"):
        model.update(later, static=AGES.assign(age=1.0))
    model.update(later)


def test_a_static_table_that_counts_its_rows_serves_ids_that_count():
    frame = ward(seed=14)
    frame["unique_id"] = frame["unique_id"].str[1:].astype(int)
    table = AGES.set_axis(range(12))
    model = classifier(**QUICK).fit(frame, labels().set_axis(range(12)), static=table)
    whole = model.predict_proba(frame, static=table)
    parts = (frame.iloc[:40], frame.iloc[40:])
    answers = [model.update(part, static=table, method="predict_proba") for part in parts]
    np.testing.assert_allclose(latest(answers).loc[whole.index], whole, atol=1e-5)


# Life of the states.


def test_states_survive_a_restart(models, tmp_path):
    model, frame = forgetful(models["static"]), ward(seed=15, n_rows=8)
    model.update(frame.iloc[:40], static=AGES)
    model.save(tmp_path / "model.safetensors")
    (tmp_path / "state").write_bytes(model.export_state())
    expected = model.update(frame.iloc[40:], static=AGES, method="predict_proba")
    again = load(tmp_path / "model.safetensors")
    again.import_state((tmp_path / "state").read_bytes())
    assert again.update(frame.iloc[40:], static=AGES, method="predict_proba").equals(expected)
    assert states(again) == states(model)


def test_states_in_double_precision_survive_too():
    with jax.enable_x64(True):
        frame = ward(seed=15)
        model = classifier(**PLAIN).fit(frame, labels())
        whole = model.predict_proba(frame)
        model.update(frame.iloc[:30])
        model.import_state(model.export_state())
        told = model.update(frame.iloc[30:], method="predict_proba")
        np.testing.assert_allclose(told, whole.loc[told.index], atol=1e-12)


def test_states_of_another_model_and_damaged_ones_are_refused(models):
    model = forgetful(models["plain"])
    model.update(ward())
    state, before = model.export_state(), states(model)
    other = models["forward"]
    with pytest.raises(ArchiveError, match="the states of another model"):
        other.import_state(state)
    flipped = bytearray(state)
    flipped[-1] ^= 1
    with pytest.raises(ArchiveError, match="was altered"):
        model.import_state(bytes(flipped))
    with pytest.raises(ArchiveError, match="truncated"):
        model.import_state(state[:-5])
    with pytest.raises(ArchiveError, match="truncated"):
        model.import_state(b"")
    assert states(model) == before


def test_a_model_with_the_same_shape_but_other_weights_is_another_model(models):
    model = forgetful(models["plain"])
    model.update(ward())
    twin = classifier(**PLAIN).set_params(random_state=5).fit(ward(n_rows=8), labels())
    with pytest.raises(ArchiveError, match="another model"):
        twin.import_state(model.export_state())


def test_ids_of_every_kind_survive(model):
    row = ward().head(1)
    for one in (3, 2.5, "é", ("a", 1)):
        model.update(row.assign(unique_id=pd.Series([one], index=row.index, dtype=object)))
    state = model.export_state()
    assert forgetful(model).import_state(state).stream_.store.ids == [3, 2.5, "é", ("a", 1)]
    model.update(row.assign(unique_id=[pd.Timestamp("2024")]))
    with pytest.raises(TypeError, match=r"id of type Timestamp.*turn yours into text"):
        model.export_state()


def test_series_can_be_forgotten(model):
    frame = ward(seed=16)
    model.update(frame)
    model.forget(["p0", "p3"])
    assert len(model.stream_.store) == 10
    told = model.update(frame[frame["unique_id"].isin(["p0", "p3"])], method="predict_proba")
    whole = model.predict_proba(frame)
    np.testing.assert_allclose(told, whole.loc[told.index], atol=1e-5)
    pair = frame[frame["unique_id"] == "p0"].assign(unique_id=[("w", "p0")] * 4)
    model.update(pair)
    assert model.last_readings(("w", "p0")).index.tolist() == [("w", "p0")]
    assert model.last_readings(("p1", "p2")).index.tolist() == ["p1", "p2"]
    model.forget(("w", "p0"))
    with pytest.raises(ValueError, match="no state of series 'p99', so none to forget"):
        model.forget(["p1", "p99"])
    assert len(model.forget().stream_.store) == 0


def test_a_new_fit_forgets_all_states_and_a_pickle_keeps_them(model):
    frame = ward(seed=16)
    model.update(frame.iloc[:30])
    kept = pickle.loads(pickle.dumps(model))
    assert kept.update(frame.iloc[30:]).equals(copy.deepcopy(model).update(frame.iloc[30:]))
    kept.set_params(depth=0).fit(frame, labels())
    assert not hasattr(kept, "stream_")


def test_many_series_come_and_go_at_once(model):
    many = ward(seed=17, ids=[f"m{i}" for i in range(700)])
    whole = model.predict_proba(many)
    answers = latest(
        fed(model, many, np.array_split(np.arange(len(many)), 3), method="predict_proba")
    )
    np.testing.assert_allclose(answers.loc[whole.index], whole, atol=1e-5)


def test_a_long_history_is_taken_in_pieces(models):
    model = forgetful(models["reading"])
    rng = np.random.default_rng(0)
    n = 2500
    times = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(
        rng.integers(60, 600, n).cumsum(), unit="s"
    )
    long = pd.DataFrame({"unique_id": "x", "ds": times, "hr": rng.normal(80, 9, n), "temp": 37.0})
    whole = model.predict(long)["prediction"]
    told = model.update(long)["prediction"]
    np.testing.assert_allclose(told, whole, atol=1e-5 * np.abs(whole).max())


@pytest.mark.parametrize("ids", [("7", 7), (7, "7")])
def test_an_id_and_its_text_are_not_two_beds(model, ids):
    first, then = (ward(ids=[name], n_rows=2) for name in ids)
    model.update(first)
    then = then.assign(ds=then["ds"] + pd.Timedelta("1D"))
    with pytest.raises(
        ValueError, match=r"Series '?7'? is new, while '?7'? is live: an id and its"
    ):
        model.update(then)
    model.update(then.assign(unique_id=ids[0]))
    for other in ("007", "7.0", "9" * 5000):
        model.update(then.assign(unique_id=other))

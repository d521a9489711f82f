"""Intervals hold their share at near leads and at far ones."""

import copy
import dataclasses
import statistics

import numpy as np
import pandas as pd
import pytest

import ct_s5
from ct_s5 import encode, load_exported
from ct_s5.batch import SeriesSet
from ct_s5.estimators import S5Forecaster, S5Imputer, _levels
from ct_s5.estimators._leads import from_nearest, since_last
from ct_s5.estimators._levels import SHARES, Calibration, calibrate
from ct_s5.frames import ask_at
from ct_s5.training import ArchiveError, read_archive, write_archive

TINY = {"width": 8, "states": 8, "depth": 0, "batch_size": 32, "random_state": 0}


def draw_errors(seed, n=6000):
    """Errors that grow with their leads and lean to one side: what `calibrate` takes."""
    rng = np.random.default_rng(seed)
    leads = rng.uniform(0, 10, (n, 1))
    return (
        (0.3 + leads) * (rng.exponential(size=(n, 2)) - 0.7),
        np.ones((n, 2)),
        leads,
        np.arange(n),
    )


def held(calibration, errors, leads):
    """Which errors the 90 % intervals hold."""
    low, high = (calibration.quantile(share, leads) for share in (0.05, 0.95))
    return (low <= errors) & (errors <= high)


def in_band(inside):
    """Whether a share lies within three standard deviations of the 90 % that it should be.

    Those of the test's own draw, and of a calibration on 400 errors.
    """
    return abs(inside.mean() - 0.9) < 3 * np.sqrt(0.09 * (1 / len(inside) + 1 / 400))


def test_every_bin_of_leads_holds_its_share_where_the_pooled_errors_do_not(monkeypatch):
    by_lead = calibrate(*draw_errors(0))
    assert len(by_lead.table) == 10
    monkeypatch.setattr(_levels, "MOST_BINS", 1)
    pooled = calibrate(*draw_errors(0))
    assert len(pooled.table) == 1
    errors, _, leads, _ = draw_errors(1)
    for channel in range(2):
        ours, theirs = (held(c, errors, leads)[:, channel] for c in (by_lead, pooled))
        tenths = np.digitize(leads[:, 0], range(1, 10))
        assert all(in_band(ours[tenths == k]) for k in range(10))
        assert in_band(theirs)
        assert not in_band(theirs[tenths == 0])
        assert not in_band(theirs[tenths == 9])


def test_ranks_within_a_bin_are_those_of_split_conformal_prediction():
    rng = np.random.default_rng(0)
    leads = np.repeat([1.0, 2.0, 4.0], 399)[:, None]
    errors = rng.normal(size=(3 * 399, 1)) * leads
    shuffled = rng.permutation(len(leads))
    told = calibrate(errors[shuffled], np.ones_like(errors), leads[shuffled], shuffled // 3)
    np.testing.assert_array_equal(told.edges, [1.5, 3.0])
    for lead in (1.0, 2.0, 4.0):
        # Of 399 errors the share p = k / 400 is that of rank p (399 + 1) = k.
        ranked = sorted(
            float(e) for e, d in zip(errors[:, 0], leads[:, 0], strict=True) if d == lead
        )
        for k in (1, 20, 200, 380, 399):
            ((value,),) = told.quantile(k / 400, np.array([[lead]]))
            assert value == ranked[k - 1]


def test_few_errors_make_fewer_bins_and_a_channel_with_few_takes_those_of_all_leads():
    drawn = draw_errors(0, n=1300)
    assert len(calibrate(*drawn).edges) == 2
    assert len(calibrate(*(part[:700] for part in drawn)).edges) == 0
    errors, known, leads, series = draw_errors(0, n=2600)
    rare = known * [1, 0]
    rare[:90, 1] = 1
    told = calibrate(errors, rare, leads, series)
    assert (told.table[0, 0] != told.table[1, 0]).any()
    # Of 90 errors the share k / 91 is that of rank k.
    ranked = np.sort(errors[:90, 1])
    for k in (10, 45, 80):
        for lead in (0.1, 9.9):
            value = told.quantile(k / 91, np.array([[lead]]))[0, 1]
            assert ranked[k - 2] < value < ranked[k]
    unseen = calibrate(errors, known * [1, 0], leads, series)
    wanted = np.broadcast_to(Calibration.gaussian(1).table[0], unseen.table[:, 1].shape)
    np.testing.assert_array_equal(unseen.table[:, 1], wanted)


def test_what_lies_beyond_all_leads_has_the_last_bin():
    errors, known, leads, series = draw_errors(0)
    leads[:50] = np.inf  # where nothing had been read: no edge of its own
    told = calibrate(errors, known, leads, series)
    assert np.isfinite(told.edges).all()
    far = told.quantile(0.95, np.array([[9.99], [1e9], [np.inf]]))
    assert (far == told.quantile(0.95, np.array([[9.99]]))).all()
    often = calibrate(errors, known, np.round(leads / 5), series)  # three leads, each in one bin
    np.testing.assert_array_equal(often.edges, [0.5, 1.5])


def test_a_long_series_has_no_more_say_than_a_short_one():
    rng = np.random.default_rng(0)
    # Four people of 200 errors with spread 1, and one of 40,000 with spread 3.
    series = np.repeat(np.arange(5), [200, 200, 200, 200, 40_000])
    spread = np.where(series == 4, 3.0, 1.0)[:, None]
    errors = rng.normal(size=(len(series), 1)) * spread
    told = calibrate(errors, np.ones_like(errors), np.ones_like(errors), series)
    one, three = statistics.NormalDist(0, 1), statistics.NormalDist(0, 3)
    for share in (0.05, 0.5, 0.95):
        value = told.quantile(share, np.ones((1, 1)))[0, 0]
        assert 0.8 * one.cdf(value) + 0.2 * three.cdf(value) == pytest.approx(share, abs=0.03)


def draw_rows(seed=0, lengths=(9, 0, 1, 14, 3)):
    rng = np.random.default_rng(seed)
    n = sum(lengths)
    observed = rng.random((n, 3)) < 0.4
    return SeriesSet(
        values=rng.normal(size=(n, 3)).astype(np.float32),
        observed=observed,
        times=np.concatenate([np.cumsum(rng.exponential(size=k)) for k in lengths]),
        reading=observed.any(axis=1),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        static=np.zeros((len(lengths), 0), np.float32),
        unit=2.0,
    )


def test_leads_are_times_to_readings():
    series = draw_rows()
    since, nearest = since_last(series), from_nearest(series, (2, 0))
    for begin, end in zip(series.offsets[:-1], series.offsets[1:], strict=True):
        for row in range(begin, end):
            time = series.times[row]
            past = [series.times[k] for k in range(begin, row) if series.reading[k]]
            wanted = (time - past[-1]) / 2 if past else np.inf
            assert since[row, 0] == pytest.approx(wanted)
            for k, channel in enumerate((2, 0)):
                seen = [
                    abs(series.times[j] - time)
                    for j in range(begin, end)
                    if series.observed[j, channel]
                ]
                assert nearest[row, k] == pytest.approx(min(seen, default=np.inf) / 2)


def wanderers(seed, n=120, length=40):
    """Random walks seen at uneven times, the second half of each hidden from its own model."""
    rng = np.random.default_rng(seed)
    gaps = rng.exponential(size=(n, length))
    walk = np.cumsum(np.sqrt(gaps) * rng.normal(size=(n, length)), axis=1)
    return pd.DataFrame(
        {
            "unique_id": np.repeat(np.arange(n), length),
            "ds": np.cumsum(gaps, axis=1).ravel(),
            "level": walk.ravel(),
        }
    )


def forecaster():
    # One epoch of small steps: what the network says of its own errors knows no lead.
    keywords = {"max_epochs": 1, "learning_rate": 1e-4, "validation_fraction": 0.5}
    return S5Forecaster(horizon=8, **TINY, **keywords).fit(wanderers(0))


@pytest.fixture(scope="module")
def fitted():
    return forecaster()


def coverage(model, frame, ahead):
    told = model.backtest(frame, ahead, within=0.5)
    return told["level-actual"].between(told["level-lo-90"], told["level-hi-90"]).mean()


def test_intervals_of_forecasts_hold_their_share_near_and_far(fitted, monkeypatch):
    assert len(fitted.calibration_.edges) >= 5
    monkeypatch.setattr(_levels, "MOST_BINS", 1)
    pooled, frame = forecaster(), wanderers(1)
    by_lead, over_all = ([coverage(m, frame, d) for d in (0.25, 7.0)] for m in (fitted, pooled))
    assert all(0.86 < share < 0.94 for share in by_lead)
    assert over_all[0] > 0.96
    assert over_all[1] < 0.84


def test_predict_backtest_and_update_read_the_same_bins(fitted):
    frame = wanderers(2, n=6)
    last = frame.groupby("unique_id")["ds"].last()
    asked = pd.concat([(last + d).reset_index() for d in (0.1, 1.0, 7.5)])
    told = fitted.predict(frame, asked)
    half = len(frame) // 80 * 40
    fitted.update(frame[:half])
    fitted.update(frame[half:])
    queries = asked.assign(level=np.nan)
    fresh = fitted.update(queries, asked)  # no reading among them: leads are from those before
    fitted.forget()
    pd.testing.assert_frame_equal(fresh, told, rtol=1e-5, atol=1e-5)
    assert len(np.unique(np.searchsorted(fitted.calibration_.edges, (0.1, 1.0, 7.5)))) == 3
    past = fitted.backtest(frame, 1.0)
    row = past.iloc[-1]
    own = frame[(frame["unique_id"] == row["unique_id"]) & (frame["ds"] <= row["told_at"])]
    again = fitted.predict(own, own[["unique_id"]].head(1).assign(ds=row["ds"]))
    for name in ("level", "level-lo-90", "level-hi-90"):
        assert row[name] == pytest.approx(again[name][0], rel=1e-4, abs=1e-5)


def test_an_exported_forecaster_tells_the_same_intervals(fitted, tmp_path):
    ours = load_exported(fitted.export(tmp_path / "exported.safetensors", platforms=["cpu"]))
    assert (ours.told["channels"], ours.told["horizon"]) == (["level"], fitted.horizon_)
    frame = wanderers(2, n=2)
    last, leads = frame.groupby("unique_id")["ds"].last(), (0.1, 1.0, 7.5)
    asked = pd.concat([(last + lead).reset_index() for lead in leads])
    shown = ask_at(encode(frame, ours.schema), asked)
    batch = shown.series.batch()
    rows = shown.place - shown.series.offsets[shown.owner]
    mean, variance = (ours(batch)[name][shown.owner, rows, 0] for name in ("mean", "variance"))
    bins = np.searchsorted(ours.told["calibration_edges"], shown.lead)
    told = fitted.predict(frame, asked)
    for side, place in (("lo", 19), ("hi", 379)):
        end = mean + ours.told["calibration"][bins, 0, place] * np.sqrt(variance)
        end = end * ours.schema.scales[0] + ours.schema.means[0]
        np.testing.assert_allclose(end, told[f"level-{side}-90"], rtol=1e-4)


@pytest.mark.parametrize("kind", ["forecaster", "imputer"])
def test_a_file_keeps_the_bins(fitted, kind, tmp_path):
    model, frame = fitted, wanderers(3, n=4)
    if kind == "imputer":
        model = S5Imputer(**TINY, max_epochs=1, validation_fraction=0.5).fit(wanderers(0))
        assert len(model.calibration_.edges)
        frame["level"] = frame["level"].where(frame.index % 3 > 0)
    again = ct_s5.load(model.save(tmp_path / "model"))
    for ours, theirs in zip(
        *(dataclasses.astuple(m.calibration_) for m in (model, again)), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    at = frame.groupby("unique_id")["ds"].last().add(0.5).reset_index()
    pd.testing.assert_frame_equal(again.predict(frame, at), model.predict(frame, at))
    if kind == "imputer":
        pd.testing.assert_frame_equal(
            again.transform(frame, level=90), model.transform(frame, level=90)
        )


def test_an_imputer_is_calibrated_on_series_as_full_as_in_use(monkeypatch):
    told, tell = [], S5Imputer._tell
    monkeypatch.setattr(
        S5Imputer, "_tell", lambda self, series: (told.append(series), tell(self, series))[1]
    )
    S5Imputer(**TINY, max_epochs=1, hide=(0.4, 0.9)).fit(wanderers(0))
    assert told
    for series in told:
        assert 0.85 < series.observed.mean() < 0.95  # training hides two fifths at least


HOSTILE = {
    "no edges": (lambda a: a.pop("calibration_edges"), "not calibrated by lead"),
    "an edge too many": (
        lambda a: a.update(calibration_edges=np.append(a["calibration_edges"], 99.0)),
        "another shape",
    ),
    "other channels": (
        lambda a: a.update(calibration=a["calibration"].repeat(2, 1)),
        "another shape",
    ),
    "edges that go back": (
        lambda a: a.update(calibration_edges=a["calibration_edges"][::-1].copy()),
        "out of order",
    ),
    "an edge that is no number": (
        lambda a: a.update(calibration_edges=a["calibration_edges"] * np.nan),
        "out of order",
    ),
    "many bins": (
        lambda a: a.update(
            calibration_edges=np.arange(1.0, 1000), calibration=np.zeros((1000, 1, len(SHARES)))
        ),
        "has 1000 bins",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_file_whose_bins_are_none_is_refused(fitted, case, tmp_path):
    settings, arrays = copy.deepcopy(read_archive(fitted.save(tmp_path / "model"), "estimator"))
    change, words = HOSTILE[case]
    change(arrays)
    with pytest.raises(ArchiveError, match=words):
        ct_s5.load(write_archive(tmp_path / "model", "estimator", settings, arrays))

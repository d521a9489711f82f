"""What fitting learns from, and what it must not."""

import datetime
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.utils import check_random_state
from tiny_wards import IDS, TINY, classifier, labels, numbers, regressor, ward

from ct_s5.frames import FrameSchema, split_series


def same(model, other, frame=None):
    """Whether two models answer alike to the bit."""
    frame = ward(seed=3) if frame is None else frame
    answer = "predict_proba" if hasattr(model, "predict_proba") else "predict"
    return getattr(model, answer)(frame).equals(getattr(other, answer)(frame))


def held_out(wanted=None, seed=TINY["random_state"]):
    """The ids that a fit on the ward holds out."""
    ids = ward().unique_id.unique()
    strata = None if wanted is None else wanted[ids].to_numpy()
    seed = int(check_random_state(seed).randint(2**31 - 1))
    return ids[split_series(len(ids), strata, share=0.2, seed=seed)]


def test_the_same_seed_fits_the_same_model_and_compiles_nothing_again():
    one, other = (classifier().fit(ward(), labels()) for _ in range(2))
    assert same(one, other)
    assert other.n_compilations_ == 0
    assert not same(one, classifier(random_state=1).fit(ward(), labels()))


def test_long_series_with_an_answer_a_reading_may_be_cut_into_windows():
    frame = ward(n_rows=12)
    wanted = (frame.hr > 80).astype(int)
    told = {"per": "reading", "hold": "zoh", "max_epochs": 2}
    whole, cut = (classifier(window=w, **told).fit(frame, wanted) for w in (None, 4))
    assert cut.history_.steps.iloc[0] > whole.history_.steps.iloc[0]
    assert not same(whole, cut, frame)
    with pytest.raises(ValueError, match=r"window=4 carries states along a series"):
        classifier(window=4).fit(frame, labels())


def test_a_random_state_is_drawn_from_once():
    one, other = (
        classifier(random_state=np.random.RandomState(5)).fit(ward(), labels()) for _ in range(2)
    )
    assert same(one, other)
    state = np.random.RandomState(5)
    again = [classifier(random_state=state).fit(ward(), labels()) for _ in range(2)]
    assert same(one, again[0])
    assert not same(one, again[1])


def test_what_is_fitted_can_be_read():
    model = classifier(monitor="auroc").fit(ward(), labels())
    assert model.classes_.tolist() == [0, 1]
    assert model.schema_.channels == ("hr", "temp")
    assert len(model.history_) == 3
    assert model.best_epoch_ == model.history_.validation_auroc.idxmax()
    assert model.lengths_ == (4,)


def test_units_and_scales_are_learned_from_the_training_series_alone():
    frame = ward()
    out = held_out(labels())
    assert 2 <= len(out) <= 3
    rows = frame.unique_id.isin(out)
    spoilt = frame.copy()
    spoilt.loc[rows, ["hr", "temp"]] *= 1000
    spoilt.loc[rows, "ds"] += 100 * (spoilt.ds[rows] - frame.ds.min())
    one, other = (classifier().fit(f, labels()) for f in (frame, spoilt))
    assert one.schema_ == other.schema_
    assert one.schema_ == FrameSchema.learn(frame[~rows])
    assert one.schema_ != FrameSchema.learn(frame)
    # The held-out series choose the best epoch and nothing else.
    assert one.history_.loss.equals(other.history_.loss)
    assert not one.history_.validation_loss.equals(other.history_.validation_loss)


def test_targets_are_scaled_by_the_training_series_alone():
    out = held_out()
    spoilt = numbers()
    spoilt[out] += 1e6
    one, other = (regressor().fit(ward(), y) for y in (numbers(), spoilt))
    kept = numbers().drop(out)
    assert one.target_mean_ == pytest.approx(kept.mean())
    assert one.target_scale_ == pytest.approx(kept.std(ddof=0))
    assert one.history_.loss.equals(other.history_.loss)


def test_every_class_is_found_on_both_sides_of_the_split():
    rare = labels() * 0
    rare[["p2", "p9"]] = 1
    out = held_out(rare)
    assert sorted(set(rare[out])) == sorted(set(rare.drop(out))) == [0, 1]


@pytest.mark.parametrize("seed", range(4))
def test_series_are_held_out_among_those_with_a_target_of_positive_weight(seed):
    frame, some = ward(), ["p1", "p2", "p5", "p6"]
    settings = {"random_state": seed, "max_epochs": 1}
    sparse = frame.hr.where(frame.unique_id.isin(some))
    weights = pd.Series(1.0, IDS).where(np.isin(IDS, some), 0)
    for model in (
        regressor(per="reading", **settings).fit(frame, sparse),
        classifier(per="reading", **settings).fit(frame, (sparse > 80).where(sparse.notna())),
        classifier(**settings).fit(frame, labels(), sample_weight=weights),
        regressor(**settings).fit(frame, numbers(), sample_weight=weights),
        classifier(**settings, class_weight={0: 1, 1: 2, 2: 0}).fit(
            frame, labels().where(labels().index.isin(some), 2)
        ),
    ):
        assert np.isfinite(model.history_[["loss", "validation_loss"]]).all(axis=None)


def test_without_a_validation_share_all_series_train_and_the_last_epoch_counts():
    for share in (0, None):
        model = classifier(validation_fraction=share).fit(ward(), labels())
        assert model.schema_ == FrameSchema.learn(ward())
        assert "validation_loss" not in model.history_
        assert model.best_epoch_ == 3


def test_validation_of_ones_own_only_chooses_the_epoch():
    other, more = ward(seed=9, ids=["x", "y", "z"]), pd.Series([0, 1, 1], index=["x", "y", "z"])
    plain = classifier(validation_fraction=0).fit(ward(), labels())
    model = classifier().fit(ward(), labels(), validation=(other, more))
    assert model.schema_ == plain.schema_
    assert model.history_.loss.equals(plain.history_.loss)
    turned = classifier().fit(ward(), labels(), validation=(other, 1 - more))
    assert not model.history_.validation_loss.equals(turned.history_.validation_loss)
    named = other.assign(died=more[other.unique_id].to_numpy())
    by_name = classifier().fit(ward(), labels(), validation=(named, "died"))
    assert by_name.history_.validation_loss.equals(model.history_.validation_loss)


def test_a_weight_of_0_takes_a_series_out_of_the_loss():
    weights = pd.Series(1.0, index=IDS)
    weights["p4"] = 0
    turned = labels()
    turned["p4"] = 1 - turned["p4"]
    model = classifier(validation_fraction=0)
    one = model.fit(ward(), labels(), sample_weight=weights).predict_proba(ward())
    other = model.fit(ward(), turned, sample_weight=weights).predict_proba(ward())
    assert one.equals(other)
    assert not one.equals(model.fit(ward(), labels()).predict_proba(ward()))


def test_weights_go_by_id_or_in_order_of_the_ids():
    weights = pd.Series(np.arange(12.0), index=IDS)
    in_order = weights[ward().unique_id.unique()].to_numpy()
    one, other = (classifier().fit(ward(), labels(), sample_weight=w) for w in (weights, in_order))
    assert same(one, other)


def test_a_class_weight_of_no_class_is_refused():
    message = "class_weight names 'dead', and no label is that: the classes are 0, 1"
    with pytest.raises(ValueError, match=message):
        classifier(class_weight={"dead": 2}).fit(ward(), labels())


def test_a_class_weight_may_name_a_class_that_a_fold_lacks():
    told = classifier(class_weight={0: 1.0, 1: 3.0}).fit(ward(), labels())
    more = classifier(class_weight={0: 1.0, 1: 3.0, 2: 5.0}).fit(ward(), labels())
    assert same(told, more)


def test_a_class_weight_is_the_weight_of_its_series():
    told = classifier(class_weight={0: 1.0, 1: 3.0}).fit(ward(), labels())
    by_series = classifier().fit(ward(), labels(), sample_weight=1.0 + 2.0 * labels())
    assert same(told, by_series)
    assert not same(told, classifier().fit(ward(), labels()))


def test_balanced_classes_weigh_the_same_in_the_training_series():
    rare = labels() * 0
    rare[["p2", "p5", "p9"]] = 1
    trained = rare.drop(held_out(rare))
    weights = {c: len(trained) / (2 * (trained == c).sum()) for c in (0, 1)}
    balanced = classifier(class_weight="balanced").fit(ward(), rare)
    assert same(balanced, classifier(class_weight=weights).fit(ward(), rare))


def test_balanced_classes_per_reading_may_be_found_among_held_out_rows_alone():
    frame = ward()
    wanted = (frame.hr > 80).astype(int)
    out = frame.unique_id.isin(held_out())
    wanted[np.flatnonzero(out)[0]] = 2
    model = classifier(per="reading", class_weight="balanced").fit(frame, wanted)
    assert model.classes_.tolist() == [0, 1, 2]
    assert np.isfinite(model.predict_proba(frame)[[0, 1, 2]]).all(axis=None)


def test_a_row_without_a_label_is_no_target_but_still_a_reading():
    frame = ward()
    wanted = pd.Series(np.where(frame.hr > 80, 1.0, 0.0))
    wanted[::3] = np.nan
    model = classifier(per="reading", validation_fraction=0).fit(frame, wanted)
    again = classifier(per="reading", validation_fraction=0).fit(frame, wanted.to_numpy())
    assert same(model, again, frame)
    other = frame.copy()
    other.loc[0, "hr"] += 30  # an unlabelled row
    assert not same(
        model, classifier(per="reading", validation_fraction=0).fit(other, wanted), frame
    )


def test_targets_in_another_unit_give_the_same_answers_in_that_unit(fitted_regressor):
    far = regressor().fit(ward(), numbers() * 1e6 + 1e9)
    expected = fitted_regressor.predict(ward()) * 1e6 + 1e9
    np.testing.assert_allclose(far.predict(ward()), expected, rtol=0, atol=1e6 * 1e-4)


def test_a_constant_target_is_answered():
    model = regressor(learning_rate=0.05, max_epochs=30).fit(ward(), numbers() * 0 + 5)
    np.testing.assert_allclose(model.predict(ward()), 5, atol=0.5)


@pytest.mark.parametrize(
    "unit",
    ["30min", pd.Timedelta("30min"), datetime.timedelta(minutes=30), np.timedelta64(30, "m")],
)
def test_a_time_unit_may_be_named(unit, tmp_path):
    from ct_s5.estimators import load

    model = classifier(time_unit=unit).fit(ward(), labels())
    assert model.schema_.time_unit == 1800
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert pd.Timedelta(again.time_unit) == pd.Timedelta(minutes=30)


def test_thinned_training_repeats_itself_and_answers_whole_series():
    one, other = (classifier(thinning=0.5).fit(ward(), labels()) for _ in range(2))
    assert one.lengths_ == (2,)
    assert same(one, other)
    assert len(one.predict(ward())) == 12


def test_static_features_reach_the_answer():
    static = pd.DataFrame({"unit": ["icu", "ward"] * 6, "age": np.arange(12.0)}, index=IDS)
    model = classifier(learning_rate=0.1, max_epochs=30)
    model.fit(ward(), labels(), static=static)
    assert model.score(ward(), labels(), static=static) == 1
    swapped = static.assign(unit=["ward", "icu"] * 6)
    assert model.score(ward(), labels(), static=swapped) < 0.5
    by_column = static.reset_index(names="unique_id")
    pd.testing.assert_frame_equal(
        model.predict_proba(ward(), static=by_column), model.predict_proba(ward(), static=static)
    )
    told = (ward(seed=9), labels(), static)
    assert (
        "validation_loss"
        in classifier().fit(ward(), labels(), static=static, validation=told).history_
    )


def test_duplicates_and_disorder_may_be_mended_on_request():
    frame = ward()
    frame.loc[0, "hr"] = 80.0  # whose mean with itself is exact
    low, high = frame[:1].assign(hr=76.0), frame[:1].assign(hr=84.0)
    doubled = pd.concat([low, high, frame[1:]])
    last = pd.concat([high, frame[1:]])
    for rule, meant in ("mean", frame), ("last", last):
        model = classifier(duplicates=rule).fit(doubled, labels())
        assert model.predict_proba(doubled).equals(model.predict_proba(meant))
    turned = frame.iloc[::-1]
    model = classifier(sort=True).fit(turned, labels())
    expected = model.predict_proba(frame)
    np.testing.assert_allclose(model.predict_proba(turned).loc[expected.index], expected, atol=1e-6)


@pytest.mark.parametrize(
    "changes",
    [{"norm": "batch", "depth": 1}, {"mixer": "gru", "depth": 1}, {"pooling": "gap_mean"}],
    ids=str,
)
def test_other_networks_fit_too(changes):
    model = classifier(**changes, max_epochs=1).fit(ward(), labels())
    assert np.isfinite(model.predict_proba(ward())).all(axis=None)


def test_progress_shows_a_bar_and_silence_is_silent(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    model = classifier(progress=True).fit(ward(), labels())
    model.predict(ward())
    shown = capsys.readouterr().err
    assert "loss" in shown
    assert "compiled" in shown
    assert "series" in shown
    classifier().fit(ward(), labels()).predict(ward())
    assert capsys.readouterr() == ("", "")

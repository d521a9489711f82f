"""Answers come back as the caller asked: by id, by row, as arrays."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, r2_score
from tiny_wards import IDS, as_list, classifier, labels, numbers, regressor, ward


def test_a_frame_gets_a_series_by_id_in_order_of_first_appearance(fitted):
    frame = ward(seed=3)
    answers = fitted.predict(frame)
    assert isinstance(answers, pd.Series)
    assert answers.index.tolist() == frame.unique_id.unique().tolist() != IDS
    assert (answers.index.name, answers.name) == ("unique_id", "prediction")
    assert set(answers) <= {0, 1}


def test_probabilities_have_a_column_a_class_and_rows_that_sum_to_1(fitted):
    frame = ward(seed=3)
    shares = fitted.predict_proba(frame)
    assert shares.columns.tolist() == fitted.classes_.tolist() == [0, 1]
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-12)
    assert (shares >= 0).all(axis=None)
    pd.testing.assert_series_equal(
        shares.idxmax(axis=1), fitted.predict(frame), check_names=False, check_dtype=False
    )


def test_a_list_of_frames_gets_an_array_in_its_order(fitted):
    frame = ward(seed=3)
    answers = fitted.predict_proba(as_list(frame))
    assert isinstance(answers, np.ndarray)
    np.testing.assert_allclose(answers, fitted.predict_proba(frame).loc[IDS], atol=1e-6)
    assert isinstance(fitted.predict(as_list(frame)), np.ndarray)


@pytest.mark.parametrize("shape", [(12, 4), (12, 4, 2)])
def test_an_array_gets_an_array(shape):
    cube = np.random.default_rng(0).normal(size=shape)
    model = classifier().fit(cube, labels().to_numpy())
    assert model.predict(cube).shape == (12,)
    assert model.predict_proba(cube).shape == (12, 2)
    wide = regressor().fit(cube, np.stack([numbers(), numbers()], axis=1)).predict(cube)
    assert wide.shape == (12, 2)
    assert wide.dtype == np.float64


def test_a_frame_whose_columns_are_only_counted_is_a_table():
    table = np.random.default_rng(0).normal(size=(12, 4))
    model = classifier().fit(table, labels().to_numpy())
    np.testing.assert_array_equal(model.predict(pd.DataFrame(table)), model.predict(table))


def test_every_form_of_a_frame_gets_the_same_answers(fitted):
    frame = ward(seed=3)
    expected = fitted.predict_proba(frame)
    keys = ["unique_id", "ds"]
    cells = frame.melt(keys, var_name="channel").sort_values("ds", kind="stable")
    for form in (cells, frame.set_index(keys), frame[["temp", "ds", "hr", "unique_id"]]):
        pd.testing.assert_frame_equal(fitted.predict_proba(form), expected)


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_frames_of_other_libraries_get_pandas_answers(fitted, library):
    module = pytest.importorskip(library)
    frame = ward(seed=3)
    other = module.from_pandas(frame) if library == "polars" else module.Table.from_pandas(frame)
    pd.testing.assert_frame_equal(
        fitted.predict_proba(other), fitted.predict_proba(frame), check_index_type=False
    )


def test_ids_and_times_may_be_called_otherwise(fitted):
    names = {"unique_id": "patient", "ds": "charted"}
    told = {"id_col": "patient", "time_col": "charted"}
    model = classifier(**fitted.get_params() | told).fit(ward().rename(columns=names), labels())
    answers = model.predict_proba(ward(seed=3).rename(columns=names))
    assert answers.index.name == "patient"
    np.testing.assert_array_equal(answers, fitted.predict_proba(ward(seed=3)))


def _with_merged_rows():
    """A frame in which one row came in two pieces: its two channels apart."""
    frame = ward(seed=3)
    row = int(frame.temp.first_valid_index())
    piece = frame.iloc[[row]].assign(hr=np.nan)
    frame.loc[row, "temp"] = np.nan
    return pd.concat([frame.iloc[: row + 1], piece, frame.iloc[row + 1 :]], ignore_index=True), row


def test_answers_per_reading_are_a_flat_frame_in_the_order_of_the_rows(fitted_per_reading):
    frame = ward(seed=3)
    answers = fitted_per_reading.predict(frame)
    assert answers.columns.tolist() == ["unique_id", "ds", "prediction"]
    pd.testing.assert_frame_equal(answers[["unique_id", "ds"]], frame[["unique_id", "ds"]])
    shares = fitted_per_reading.predict_proba(frame)
    assert shares.columns.tolist() == ["unique_id", "ds", False, True]
    np.testing.assert_allclose(shares[False] + shares[True], 1)
    np.testing.assert_array_equal(shares[True] > shares[False], answers.prediction)


def test_rows_that_merge_get_one_answer_in_a_frame_and_share_it_in_an_array(fitted_per_reading):
    pieces, row = _with_merged_rows()
    whole = ward(seed=3)
    expected = fitted_per_reading.predict_proba(whole)
    with pytest.warns(UserWarning, match=r"1 of 49 rows share .* frame\.merge\(answers, on="):
        found = fitted_per_reading.predict_proba(pieces)
    pd.testing.assert_frame_equal(found, expected)
    one, other = as_list(whole), as_list(pieces)
    flat, cut = (fitted_per_reading.predict_proba(frames) for frames in (one, other))
    assert (len(flat), len(cut)) == (48, 49)
    rows = np.concatenate([part.index for part in other])
    place = int(np.flatnonzero(rows == row)[0])
    np.testing.assert_array_equal(cut[place], cut[place + 1])
    np.testing.assert_array_equal(np.delete(cut, place, axis=0), flat)


def test_labels_per_reading_may_come_with_arrays_and_lists():
    rng = np.random.default_rng(0)
    cube = rng.normal(size=(12, 4, 2))
    wanted = (cube[..., 0] > 0).astype(int)
    model = classifier(per="reading")
    one = model.fit(cube, wanted).predict_proba(cube)
    assert one.shape == (48, 2)
    np.testing.assert_array_equal(model.fit(cube, wanted.ravel()).predict_proba(cube), one)
    ragged = [cube[0, :2], *cube[1:]]
    answers = model.fit(ragged, [wanted[0, :2], *wanted[1:]]).predict(ragged)
    assert answers.shape == (46,)
    table = model.fit(cube[..., 0], wanted)
    assert table.predict(cube[..., 0]).shape == (48,)
    assert 0 <= table.score(cube[..., 0], wanted) <= 1


def test_one_target_is_a_series_and_several_are_a_frame(fitted_regressor):
    frame = ward()
    answers = fitted_regressor.predict(frame)
    assert isinstance(answers, pd.Series)
    assert answers.dtype == np.float64
    several = pd.DataFrame({"days": numbers(), "cost": numbers() ** 2})
    model = regressor().fit(frame, several)
    assert model.predict(frame).columns.tolist() == ["days", "cost"]
    with_ids = several.reset_index(names="unique_id")
    again = regressor().fit(frame, with_ids)
    pd.testing.assert_frame_equal(again.predict(frame), model.predict(frame))
    assert model.score(frame, several) == pytest.approx(
        r2_score(several.loc[model.predict(frame).index], model.predict(frame))
    )


def test_columns_of_targets_may_come_in_any_order():
    several = pd.DataFrame({"days": numbers(), "cost": numbers() ** 2})
    turned = several[["cost", "days"]]
    model = regressor().fit(ward(), several, validation=(ward(), several))
    again = regressor().fit(ward(), several, validation=(ward(), turned))
    assert again.history_.validation_loss.equals(model.history_.validation_loss)
    expected = model.score(ward(), several)
    for y in (turned, turned.reset_index(names="unique_id")):
        assert model.score(ward(), y) == expected
    by_place = model.score(as_list(ward()), several.loc[IDS].to_numpy())
    assert by_place == pytest.approx(expected, abs=1e-5)
    frame = ward()
    steps = frame[["hr"]].assign(double=2 * frame.hr)
    model = regressor(per="reading").fit(frame, steps)
    assert model.score(frame, steps[["double", "hr"]]) == model.score(frame, steps)


def test_targets_of_an_arrow_table_keep_their_names():
    pa = pytest.importorskip("pyarrow")
    several = pd.DataFrame({"days": numbers(), "cost": numbers() ** 2})
    table = pa.Table.from_pandas(several.reset_index(names="unique_id"), preserve_index=False)
    model = regressor().fit(ward(), table)
    assert model.predict(ward()).columns.tolist() == ["days", "cost"]
    assert model.score(ward(), table.select([2, 0, 1])) == model.score(ward(), several)


def test_a_regressor_answers_per_reading_too():
    frame = ward()
    model = regressor(per="reading").fit(frame, frame.hr.rename("rate"))
    answers = model.predict(frame)
    assert answers.columns.tolist() == ["unique_id", "ds", "prediction"]
    assert model.score(frame, frame.hr) == pytest.approx(r2_score(frame.hr, answers.prediction))


def test_the_score_is_accuracy_with_weights_that_go_by_id(fitted):
    frame = ward(seed=3)
    answers = fitted.predict(frame)
    weights = pd.Series(np.arange(12.0), index=IDS)
    expected = accuracy_score(labels()[answers.index], answers)
    assert fitted.score(frame, labels()) == pytest.approx(expected)
    ordered = weights[answers.index]
    expected = accuracy_score(labels()[answers.index], answers, sample_weight=ordered)
    assert fitted.score(frame, labels(), weights) == pytest.approx(expected)
    assert fitted.score(frame, labels(), ordered.to_numpy()) == pytest.approx(expected)


def test_the_score_takes_labels_in_the_forms_of_fit(fitted, fitted_per_reading):
    frame = ward()
    column = labels()[IDS].to_numpy()[:, None]
    assert fitted.score(as_list(frame), column) == fitted.score(frame, labels())
    rows = frame[["unique_id", "ds"]].assign(high=frame.hr > 80)
    whole = fitted_per_reading.score(frame, (frame.hr > 80).to_numpy())
    assert fitted_per_reading.score(frame, rows[["high"]]) == whole


def test_a_score_by_labels_of_another_type_names_one(fitted):
    with pytest.raises(ValueError, match=r"label of series 'p\d+' is '[01]', those at fit .* 0: "):
        fitted.score(ward(), labels().astype(str))


def test_the_score_of_a_regressor_is_r_squared_with_weights_that_go_by_id(fitted_regressor):
    frame = ward(seed=3)
    answers = fitted_regressor.predict(frame)
    weights = pd.Series(np.arange(12.0), index=IDS)
    expected = r2_score(numbers()[answers.index], answers, sample_weight=weights[answers.index])
    assert fitted_regressor.score(frame, numbers(), weights) == pytest.approx(expected)


def test_the_score_per_reading_leaves_out_rows_without_a_label(fitted_per_reading):
    frame = ward(seed=3)
    wanted = pd.Series(frame.hr > 80, dtype=object)
    wanted[::3] = np.nan
    known = wanted.notna()
    answers = fitted_per_reading.predict(frame).prediction
    weights = pd.Series(np.arange(12.0), index=IDS)
    expected = accuracy_score(
        wanted[known].astype(bool),
        answers[known],
        sample_weight=weights[frame.unique_id].to_numpy()[known],
    )
    assert fitted_per_reading.score(frame, wanted, weights) == pytest.approx(expected)


def test_a_column_of_the_frame_may_hold_the_labels(fitted):
    frame = ward(seed=3)
    with_labels = frame.assign(died=labels()[frame.unique_id].to_numpy())
    assert fitted.score(with_labels, "died") == fitted.score(frame, labels())
    train = ward().assign(died=labels()[ward().unique_id].to_numpy())
    model = classifier(**fitted.get_params()).fit(train, "died")
    pd.testing.assert_frame_equal(model.predict_proba(frame), fitted.predict_proba(frame))
    for levels in (["unique_id", "ds"], ["ds", "unique_id"]):
        assert fitted.score(with_labels.set_index(levels), "died") == fitted.score(frame, labels())


def _half_empty():
    frame = ward(seed=3)
    frame.loc[frame.unique_id.isin(["p3", "p7"]), ["hr", "temp"]] = np.nan
    return frame


def test_series_without_a_reading_are_answered_alike_and_told_of_in_one_warning(fitted):
    message = r"^2 of 12 series have no reading at all \(first: 'p\d', 'p\d'\); they get the empty"
    with pytest.warns(UserWarning, match=message) as told:
        shares = fitted.predict_proba(_half_empty())
    assert len(told) == 1
    assert told[0].filename == __file__
    assert len(shares) == 12
    assert shares.loc["p3"].tolist() == shares.loc["p7"].tolist()
    pd.testing.assert_frame_equal(
        shares.drop(["p3", "p7"]), fitted.predict_proba(ward(seed=3)).drop(["p3", "p7"])
    )
    with pytest.warns(UserWarning, match=message) as told:
        fitted.score(_half_empty(), labels())
    assert told[0].filename == __file__


def test_training_on_series_without_a_reading_is_told_of_too():
    with pytest.warns(UserWarning, match="2 of 12 series have no reading at all") as told:
        classifier().fit(_half_empty(), labels())
    assert [warning.filename for warning in told] == [__file__]


def test_on_empty_error_refuses_them_at_fit_and_at_predict():
    model = classifier(on_empty="error")
    message = r"2 of 12 series have no reading at all .* Drop them, or pass on_empty='answer'"
    with pytest.raises(ValueError, match=message):
        model.fit(_half_empty(), labels())
    with pytest.raises(ValueError, match=message):
        model.fit(ward(), labels()).predict(_half_empty())


def test_a_series_known_from_static_alone_is_answered_last():
    static = pd.DataFrame({"age": np.arange(13.0)}, index=[*IDS, "ghost"])
    model = classifier().fit(ward(), labels(), static=static.drop("ghost"))
    with pytest.warns(
        UserWarning,
        match=r"1 of 13 series have no reading at all \(first: 'ghost'\); .* 1 of them have no row "
        "at all and stand in static alone: leave their rows there out unless",
    ):
        answers = model.predict(ward(), static=static)
    assert answers.index[-1] == "ghost"
    assert len(answers) == 13
    with (
        pytest.warns(UserWarning, match="1 of 13 series have no reading"),
        pytest.raises(ValueError, match=r"Only static knows 'ghost': static.loc\[y.index\], by id"),
    ):
        model.score(ward(), labels(), static=static)

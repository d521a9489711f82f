"""What cannot be right is refused before training, in words that help."""

import pathlib

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from tiny_wards import IDS, as_list, classifier, labels, numbers, regressor, ward

Y = labels()
BAD_LABELS = {
    "none": (None, "requires y to be passed, but the target y is None: give a Series of labels"),
    "one class": (
        Y * 0 + 7,
        "All labels are 7: a classifier needs at least two classes, this data",
    ),
    "one text": (Y.map({0: "a", 1: "a"}), "All labels are 'a': a classifier needs at least two"),
    "too few": (Y.drop("p3"), r"Series without a label: 'p3'; labels for a series .*: none"),
    "too many": (pd.concat([Y, pd.Series([1], ["q"])]), r"that is not in the frame: 'q'"),
    "twice": (pd.concat([Y, Y["p3":"p3"]]), "Series 'p3' has more than one label"),
    "NaN": (Y.where(Y.index != "p3"), r"label of series 'p3' is missing \(NaN\)"),
    "without ids": (Y.to_numpy(), "Labels of a frame are a Series indexed by series id; got ndarr"),
    "by row": (ward().hr > 80, "Labels and series do not match"),
    "two columns": (pd.DataFrame({"a": Y, "b": Y}), "takes one label each; got shape"),
    "measurements": (
        numbers(),
        r"Labels such as .* are continuous, no classes: S5Regressor predicts",
    ),
    "single ones": (pd.Series(list(IDS), IDS), r"Each class has a single series \('p\d+', 'p"),
    "dates": (pd.Series(pd.date_range("2024", periods=12), IDS), "A class is text, a whole number"),
    "mixed": (Y.astype(object).replace(0, "no"), "Labels are of several types: int, str. Bring"),
    "no such column": ("dead", r"no column 'dead' for the labels. It has 'unique_id', 'ds', 'hr'"),
}


@pytest.mark.parametrize("case", BAD_LABELS)
def test_labels_that_cannot_be_right_are_refused(case):
    y, message = BAD_LABELS[case]
    with pytest.raises((TypeError, ValueError), match=message):
        classifier().fit(ward(), y)


BAD_TARGETS = {
    "text": (Y.map({0: "a", 1: "b"}), "A regressor takes numbers as targets: could not convert"),
    "lengths of time": (
        pd.to_timedelta(numbers(), unit="h"),
        r"takes numbers as targets; these are timedelta64.*divided by pd\.Timedelta\('1h'\)",
    ),
    "times": (pd.Timestamp("2024") + pd.to_timedelta(numbers(), unit="h"), "are datetime64"),
    "complex": (numbers() * 1j, "these are complex128"),
    "infinite": (numbers().replace(numbers()["p3"], np.inf), "label of series 'p3' is inf"),
    "NaN": (numbers().where(Y.index != "p3"), r"is missing \(NaN\)"),
}


@pytest.mark.parametrize("case", BAD_TARGETS)
def test_targets_that_cannot_be_right_are_refused(case):
    y, message = BAD_TARGETS[case]
    with pytest.raises((TypeError, ValueError), match=message):
        regressor().fit(ward(), y)


def test_a_column_of_labels_that_changes_within_a_series_is_refused():
    frame = ward().assign(died=np.arange(48) % 2)
    with pytest.raises(ValueError, match="'died' is not one label a series: series 'p"):
        classifier().fit(frame, "died")


def test_labels_per_reading_that_cannot_be_right_are_refused():
    frame = ward()
    model, numbers_model = classifier(per="reading"), regressor(per="reading")
    nothing = np.full(48, np.nan)
    with pytest.raises(ValueError, match="There is no label: a classifier needs at least two clas"):
        model.fit(frame, nothing)
    with pytest.raises(ValueError, match="No training series has a target"):
        numbers_model.fit(frame, nothing)
    message = rf"target of series '{frame.unique_id[5]}', row 5 is inf. Targets must be finite, or"
    with pytest.raises(ValueError, match=message):
        numbers_model.fit(frame, frame.hr.replace(frame.hr[5], np.inf))
    with pytest.raises(ValueError, match=r"Step labels have shape \(12,\); the frame has 48 rows"):
        model.fit(frame, labels().to_numpy())
    with pytest.raises(ValueError, match="The index of the step labels is not the frame's"):
        model.fit(frame, (frame.hr > 80).iloc[::-1])
    with pytest.raises(ValueError, match="requires y to be passed"):
        model.fit(frame)


BAD_KEYWORDS = {
    "hold": ("first", "hold must be one of .*; got 'first'"),
    "pooling": ("max", "pooling must be one of .*; got 'max'"),
    "per": ("row", "per is 'series' or 'reading'; got 'row'"),
    "inputs": (("value", "colour"), r"inputs must be some of .*; got \('value', 'colour'\)"),
    "monitor": ("negative_mse", "monitor must be loss, accuracy, auroc, auprc for a 'class' loss"),
    "on_empty": ("drop", "on_empty is 'answer' or 'error'; got 'drop'"),
    "norm": ("group", "norm must be layer, rms or batch; got 'group'"),
    "mixer": ("rnn", "mixer must be one of .*; got 'rnn'"),
    "duplicates": ("first", "duplicates is 'error', 'mean' or 'last'; got 'first'"),
    "class_weight": ("even", "class_weight is \"balanced\", a dict .*, or None; got 'even'"),
    "time_unit": ("blue", "time_unit='blue' is no length of time"),
    "timescale": ((0.1, 0.01), "timescale is a range"),
    "width": (0, "width must be a whole number of at least 1; got 0"),
    "states": (7, "states must be a multiple of 2; got 7"),
    "depth": (1.5, "depth must be a whole number of at least 0; got 1.5"),
    "n_blocks": (0, "n_blocks must be a whole number of at least 1; got 0"),
    "max_epochs": (0, "max_epochs must be a whole number of at least 1; got 0"),
    "batch_size": (2.5, "batch_size must be a whole number of at least 1; got 2.5"),
    "patience": (0, "patience must be a whole number of at least 1; got 0"),
    "dropout": (1.0, "dropout is a share from 0 to below 1; got 1.0"),
    "window": (1, "window is a whole number of at least 2 rows, or None; got 1"),
    "thinning": (1.0, "thinning is a share of the readings, from 0 to below 1; got 1.0"),
    "validation_fraction": (1.0, "validation_fraction is a share from 0 to below 1; got 1.0"),
    "learning_rate": (0.0, "learning_rate must be .*positive.*; got 0.0"),
    "random_state": ("lucky", "'lucky' cannot be used to seed"),
}


@pytest.mark.parametrize("value", [np.nan, np.inf, -1, "much", True, None], ids=repr)
@pytest.mark.parametrize("name", ["learning_rate", "weight_decay", "dropout", "thinning"])
def test_an_amount_is_a_finite_number_of_at_least_0(name, value):
    with pytest.raises(ValueError, match=f"{name} is a finite number of at least 0; got {value!r}"):
        classifier(**{name: value}).fit(ward(), labels())


@pytest.mark.parametrize("value", [(0.1, np.inf), (np.nan, 1.0), ("a", "b"), (-1, 1)], ids=repr)
def test_a_timescale_is_a_pair_of_finite_numbers(value):
    with pytest.raises(ValueError, match=r"timescale is a pair \(low, high\) of finite numbers of"):
        classifier(timescale=value).fit(ward(), labels())


@pytest.mark.parametrize("weight", [np.nan, np.inf, -1.0, "much", None], ids=repr)
def test_the_weight_of_a_class_is_a_finite_number_of_at_least_0(weight):
    message = f"class_weight of class 1 is {weight!r}: a weight is a finite number of at least 0"
    with pytest.raises(ValueError, match=message):
        classifier(class_weight={0: 1.0, 1: weight}).fit(ward(), labels())


def test_a_generator_is_no_seed_that_a_file_could_keep():
    with pytest.raises(ValueError, match=r"not a Generator: draw one, random_state=int\(rng.int"):
        classifier(random_state=np.random.default_rng(0)).fit(ward(), labels())


@pytest.mark.parametrize("name", BAD_KEYWORDS)
def test_a_keyword_that_cannot_be_is_refused_by_fit_and_not_before(name):
    value, message = BAD_KEYWORDS[name]
    model = classifier(depth=1)
    model.set_params(**{name: value})
    with pytest.raises(ValueError, match=message):
        model.fit(ward(), labels())


def test_inputs_are_a_list_and_no_single_word():
    with pytest.raises(ValueError, match="inputs is a list of names; got 'value'"):
        classifier(inputs="value").fit(ward(), labels())


def test_a_score_of_classes_says_nothing_of_a_regressor():
    with pytest.raises(ValueError, match="monitor must be loss, negative_mse for a 'value' loss"):
        regressor(monitor="auroc").fit(ward(), numbers())


def test_nothing_is_answered_before_fit(tmp_path):
    model = classifier()
    for ask in (
        lambda: model.predict(ward()),
        lambda: model.predict_proba(ward()),
        lambda: model.score(ward(), labels()),
        lambda: model.save(tmp_path / "model"),
        lambda: regressor().predict(ward()),
    ):
        with pytest.raises(NotFittedError, match="is not fitted yet"):
            ask()


def _spoilt(rows, **cells):
    frame = ward()
    for column, value in cells.items():
        frame.loc[rows, column] = value
    return frame


BAD_FRAMES = {
    "nothing": (ward().iloc[:0], "The frame has no rows"),
    "unsorted": (ward().iloc[::-1], r"Time goes back in series 'p.*, or pass sort=True"),
    "conflict": (
        pd.concat([ward()[:6], ward()[5:6].assign(hr=1.0), ward()[6:]], ignore_index=True),
        r"Series 'p\d+' has two values of channel 'hr' at .* pass duplicates='mean' or dup",
    ),
    "infinite": (_spoilt([7], hr=np.inf), "Channel 'hr' holds inf at series 'p.*, row 7"),
    "no time": (_spoilt([7], ds=pd.NaT), r"holds no time \(NaT\) at series 'p.*, row 7"),
    "text times": (ward().assign(ds=ward().ds.astype(str)), "holds times as text"),
    "naive": (
        ward().assign(ds=ward().ds.dt.tz_localize(None)),
        r"has no time zone here and had Europe/Berlin at fit",
    ),
    "missing channel": (ward().drop(columns="temp"), "differ from those at fit.*missing: 'temp'"),
    "new channel": (ward().assign(spo2=1.0), "differ from those at fit.*new: 'spo2'"),
}


@pytest.mark.parametrize("case", BAD_FRAMES)
def test_a_frame_that_cannot_be_right_is_refused_at_predict(fitted, case):
    frame, message = BAD_FRAMES[case]
    with pytest.raises((TypeError, ValueError), match=message):
        fitted.predict(frame)


@pytest.mark.parametrize("case", ["nothing", "unsorted", "conflict", "infinite", "no time"])
def test_a_frame_that_cannot_be_right_is_refused_at_fit(case):
    frame, message = BAD_FRAMES[case]
    with pytest.raises((TypeError, ValueError), match=message):
        classifier().fit(frame, labels())


NO_DATA = {
    "nothing": (None, "Expected a pandas, polars or pyarrow frame, .*; got NoneType"),
    "a path": ("ward.csv", r"got str\. Read the file first: ct_s5.frames.read_frame\(path, time"),
    "a path object": (pathlib.Path("ward.csv"), r"got .*Path\. Read the file first"),
    "a dict": ({"hr": [1.0]}, r"got dict\. Make it a frame: pd.DataFrame\(\.\.\.\)"),
    "a Series": (ward().hr, r"got Series\. Make it a frame with its ids and times as columns"),
    "a number": (3.0, "; got float"),
    "an empty frame": (pd.DataFrame(), "no column 'unique_id' for the series id. It has none"),
}


@pytest.mark.parametrize("case", NO_DATA)
def test_what_is_no_data_is_refused_in_words_of_our_own(fitted, case):
    data, message = NO_DATA[case]
    for use in (
        lambda: classifier().fit(data, labels()),
        lambda: fitted.predict(data),
        lambda: fitted.score(data, labels()),
        lambda: classifier().fit(ward(), labels(), validation=(data, labels())),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            use()


@pytest.mark.parametrize("form", [np.asarray, pd.DataFrame, np.ndarray.tolist])
def test_an_infinite_cell_of_a_table_is_named(form):
    table = np.zeros((12, 4)) + np.arange(4)
    model = classifier().fit(table, labels().to_numpy())
    table[3, 2] = -np.inf
    message = r"Channel '0' holds -inf at series 3, row 2 of array 3; 1 infinite cells in all"
    with pytest.raises(ValueError, match=message):
        model.predict(form(table))
    with pytest.raises(ValueError, match=message):
        classifier().fit(form(table), labels().to_numpy())


def test_a_channel_that_nobody_measured_is_refused_at_fit_and_ordinary_later(fitted):
    frame = ward().assign(temp=np.nan)
    with pytest.raises(ValueError, match="Channel 'temp' has no reading at all in this data"):
        classifier().fit(frame, labels())
    assert len(fitted.predict(frame)) == 12


def test_a_table_of_another_width_is_refused():
    table = np.zeros((12, 4)) + np.arange(4)
    model = classifier().fit(table, labels().to_numpy())
    with pytest.raises(ValueError, match="X has 3 features, but S5Classifier is expecting 4"):
        model.predict(table[:, :3])


BAD_STATIC = {
    "none": (None, "The static features differ from those at fit. Expected 'unit', 'age'"),
    "a series less": ({"drop": "p3"}, "static has no row for series 'p3', which the frame holds"),
    "a new unit": ({"unit": "sea"}, "Static column 'unit' is 'sea' .*, which no series at fit was"),
    "a feature less": ({"without": "age"}, "differ from those at fit.*missing: 'age'"),
    "an array": ("array", "static is a frame with one row a series; got ndarray"),
}


@pytest.fixture(scope="module")
def with_static():
    static = pd.DataFrame({"unit": ["icu", "ward"] * 6, "age": np.arange(12.0)}, index=IDS)
    return classifier().fit(ward(), labels(), static=static), static


@pytest.mark.parametrize("case", BAD_STATIC)
def test_static_features_that_do_not_fit_are_refused(with_static, case):
    model, static = with_static
    change, message = BAD_STATIC[case]
    if change == "array":
        static = np.zeros((12, 2))
    elif change is None:
        static = None
    else:
        static = static.drop(index=change.get("drop", []), columns=change.get("without", []))
        static = static.assign(**{k: v for k, v in change.items() if k == "unit"})
    with pytest.raises((TypeError, ValueError), match=message):
        model.predict(ward(), static=static)


BAD_WEIGHTS = {
    "negative": (
        pd.Series(1.0, IDS).where(Y.index != "p3", -2),
        r"'p.*' is -2.0: weights must not",
    ),
    "too few": (
        np.ones(5),
        r"sample_weight has shape \(5,\); expected one weight for each of the 12",
    ),
    "of strangers": (pd.Series(1.0, [*IDS[:-1], "q"]), "sample_weight goes by series .* 'p11'"),
    "NaN": (pd.Series(np.nan, IDS), "sample_weight goes by series as labels do. .* missing"),
    "all zero": (np.zeros(12), "no target to train on: the weight of each is zero"),
}


@pytest.mark.parametrize("case", BAD_WEIGHTS)
def test_weights_that_cannot_be_right_are_refused(case):
    weights, message = BAD_WEIGHTS[case]
    with pytest.raises(ValueError, match=message):
        classifier().fit(ward(), labels(), sample_weight=weights)


BAD_VALIDATION = {
    "a frame": (ward(), "validation is \\(frame, labels\\) or .*; got DataFrame"),
    "an unknown class": ((ward(), labels() + 1), "The validation labels hold 2, which no training"),
    "other channels": ((ward()[["unique_id", "ds", "hr"]], Y), "missing: 'temp'"),
    "no labels": ((ward(), Y.drop("p3")), "Series without a label: 'p3'"),
}


@pytest.mark.parametrize("case", BAD_VALIDATION)
def test_validation_that_cannot_be_right_is_refused(case):
    validation, message = BAD_VALIDATION[case]
    with pytest.raises((TypeError, ValueError), match=message):
        classifier().fit(ward(), labels(), validation=validation)


def test_validation_with_another_number_of_targets_is_refused():
    two = pd.DataFrame({"a": numbers(), "b": numbers()})
    with pytest.raises(
        ValueError, match=r"targets have shape \(12, 2\); the model was fitted on 1"
    ):
        regressor().fit(ward(), numbers(), validation=(ward(), two))


def test_several_targets_are_known_by_their_names():
    two = pd.DataFrame({"days": numbers(), "cost": numbers() ** 2})
    model = regressor().fit(ward(), two)
    renamed, less = two.rename(columns={"cost": "price"}), two[["days"]]
    message = (
        r"targets differ from those at fit. Expected 'days', 'cost'; missing: 'cost'; new: 'price'"
    )
    with pytest.raises(ValueError, match=message):
        model.score(ward(), renamed)
    with pytest.raises(ValueError, match=message):
        regressor().fit(ward(), two, validation=(ward(), renamed))
    with pytest.raises(ValueError, match=r"missing: 'cost'; new: none"):
        model.score(ward(), less)
    with pytest.raises(ValueError, match=r"missing: none; new: 'extra'"):
        model.score(ward(), two.assign(extra=1.0))
    with pytest.raises(ValueError, match=r"Two targets have the same name: 'days', 'days'"):
        regressor().fit(ward(), pd.concat([less, less], axis=1))


def test_a_series_without_a_reading_is_shown_as_its_id_is_written():
    days = pd.date_range("2024-03-01", periods=12)
    frame = ward(ids=days)
    frame.loc[frame["unique_id"] == days[3], ["hr", "temp"]] = np.nan
    with pytest.raises(ValueError, match=r"1 of 12 .* \(first: 2024-03-04 00:00:00\)\. Drop"):
        regressor(on_empty="error").fit(frame, numbers(ids=days))


def test_targets_beyond_float32_once_scaled_are_refused_by_name():
    wild = numbers()
    wild["p4"] = 1e30
    message = (
        r"The target of series 'p4' is 1e\+30, so far from the training targets that float32 does "
        r"not hold its squared error. Mend it or leave it out, or transform the targets"
    )
    with pytest.raises(ValueError, match=message):
        regressor().fit(ward(), numbers(), validation=(ward(), wild))
    two = pd.DataFrame({"days": numbers(), "cost": -wild})
    with pytest.raises(ValueError, match=r"The target 'cost' of series 'p4' is -1e\+30, so far"):
        regressor().fit(ward(), two.assign(cost=numbers()), validation=(ward(), two))
    frame = ward()
    steps = frame.hr.where(frame.index != 17, 1e300)
    row = frame.unique_id[17]
    with pytest.raises(ValueError, match=rf"The target of series '{row}', row 17 is 1e\+300, so"):
        regressor(per="reading").fit(frame, frame.hr.rename("rate"), validation=(frame, steps))
    with pytest.raises(ValueError, match=r"The target of series 'p\d+' is -?1e\+300: the spread"):
        regressor().fit(ward(), np.sign(numbers()) * 1e300)


def test_a_single_series_cannot_be_split():
    frame = ward(ids=["p0"])
    wanted = pd.Series([0.5], ["p0"])
    with pytest.raises(ValueError, match="1 sample is too few to hold any out for validation"):
        regressor().fit(frame, wanted)
    model = regressor(validation_fraction=0).fit(frame, wanted)
    assert model.predict(frame).index.tolist() == ["p0"]


def test_one_series_with_a_target_cannot_be_split():
    frame = ward()
    steps = frame.hr.where(frame.unique_id == "p4")
    message = (
        r"1 of 12 series has a target of positive weight, too few to hold any out for validation. "
        r"Give more .* validation=\(frame, labels\) of your own, or validation_fraction=0"
    )
    with pytest.raises(ValueError, match=message):
        regressor(per="reading").fit(frame, steps)
    alone = numbers() * 0
    alone["p4"] = 1
    with pytest.raises(ValueError, match=message):
        regressor().fit(frame, numbers(), sample_weight=alone)
    regressor(per="reading", validation_fraction=0).fit(frame, steps)


def test_no_two_distinct_times_need_a_unit():
    frame = ward().drop_duplicates("unique_id")
    with pytest.raises(ValueError, match=r"No series has readings at two distinct times .*'1h'"):
        classifier().fit(frame, labels())
    assert classifier(time_unit="1h").fit(frame, labels()).schema_.time_unit == 3600


def test_an_explosion_names_the_series_by_its_id():
    weights = pd.Series(1.0, IDS)
    weights["p4"] = 1e38
    wanted = numbers()
    wanted["p4"] = 50
    model = regressor(validation_fraction=0)
    with pytest.raises(
        FloatingPointError, match=r"NaN or infinite at step \d .*, series 'p4'\. Try"
    ):
        model.fit(ward(), wanted, sample_weight=weights)


def test_lists_of_frames_count_their_labels():
    with pytest.raises(ValueError, match="5 labels do not go with 12 series: give one a series"):
        classifier().fit(as_list(ward()), [0, 1, 0, 1, 0])


def test_a_refit_that_fails_leaves_no_half_fitted_model():
    model = classifier().fit(ward(), Y)
    with pytest.raises(ValueError, match="monitor"):
        model.set_params(monitor="nothing").fit(ward(), Y)
    with pytest.raises(NotFittedError):
        model.predict(ward())


def test_names_of_several_targets_are_no_labels():
    frame = ward()
    with pytest.raises(ValueError, match=r"y=\['hr', 'temp'\] names columns, .* y=frame\["):
        regressor(per="reading").fit(frame, ["hr", "temp"])


@pytest.mark.parametrize("per", ["series", "reading"])
def test_a_channel_that_holds_the_labels_is_spoken_of(per):
    told = ward()["unique_id"].map(Y)
    frame, y = ward().assign(dead=told.where(told.index % 3 > 0)), Y.rename("dead")
    y = y if per == "series" else told.rename("dead")
    with pytest.warns(UserWarning, match=r"Channel 'dead' holds the labels .*columns='dead'"):
        classifier(per=per, max_epochs=1).fit(frame, y)
    other = frame.assign(dead=1 - told)
    classifier(per=per, max_epochs=1).fit(other, y)  # a name alone says nothing


def test_states_that_do_not_pair_are_named_as_the_keyword():
    with pytest.raises(ValueError, match=r"states must be a multiple of 4; got 6"):
        classifier(depth=1, states=6, n_blocks=2).fit(ward(), Y)

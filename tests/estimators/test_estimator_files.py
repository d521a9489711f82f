"""A model file is data, and only what it claims to be."""

import os
import pickle
import tracemalloc

import jax
import numpy as np
import pandas as pd
import pytest
from tiny_wards import classifier, labels, regressor, ward

from ct_s5.estimators import S5Classifier, load
from ct_s5.training import ArchiveError, read_archive, write_archive


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = classifier().fit(ward(), labels()).save(tmp_path_factory.mktemp("models") / "model")
    return read_archive(path, "estimator")


def _hostile(tmp_path, content, change):
    """A file whose checksum is right and whose content is not."""
    import copy

    settings, arrays = copy.deepcopy(content)
    change(settings, arrays)
    return write_archive(tmp_path / "model", "estimator", settings, arrays)


def _set(*keys, to):
    def change(settings, arrays):
        for key in keys[:-1]:
            settings = settings[key]
        settings[keys[-1]] = to

    return change


HOSTILE = {
    "another class": (
        _set("class", to="os.system"),
        "it asks for 'os.system', which is none of S5C",
    ),
    "unknown keyword": (
        _set("keywords", "code", to="import os"),
        "unexpected keyword argument 'code'",
    ),
    "no schema": (lambda s, a: s.pop("schema"), "schema"),
    "schema of text": (_set("schema", to="x"), "A frame schema is a dict"),
    "unknown setting": (_set("model", "hook", to=1), "its model settings are not those"),
    "wide": (_set("model", "width", to=10**9), "width is 1000000000, which is not a size up to"),
    "many states": (_set("model", "states", to=10**9), "states is 1000000000, which is not a size"),
    "deep": (_set("model", "depth", to=10**9), "depth is 1000000000, which is not a size up to"),
    "size as text": (_set("model", "width", to="8"), "width is '8', which is not a size"),
    "size as flag": (_set("model", "width", to=True), "width is True, which is not a size"),
    "many channels": (_set("model", "n_channels", to=10**9), "n_channels is 1000000000"),
    "unknown pooling": (_set("model", "pooling", to="max"), "pooling must be one of"),
    "other shapes": (_set("model", "width", to=16), r"is float32\[.*\] in the file and float32\["),
    "lacking array": (lambda s, a: a.popitem(), "The file lacks 1 arrays of this model, first"),
    "extra array": (lambda s, a: a.update(x=np.zeros(3)), "holds 1 arrays this model has no place"),
    "endless padding": (_set("lengths", to=[2**60]), "its padded lengths are"),
    "huge class dtype": (_set("classes_dtype", to="<U99999999"), "classes of type '<U99999999'"),
    "odd class dtype": (_set("classes_dtype", to="object"), "classes of type 'object'"),
    "classes of others": (_set("classes", to=["a", "b"]), "invalid literal for int"),
    "history of text": (_set("history", to="x"), "does not describe a model"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_file_that_describes_no_model_is_refused(tmp_path, content, case):
    change, message = HOSTILE[case]
    path = _hostile(tmp_path, content, change)
    with pytest.raises(
        ArchiveError, match=rf"does not describe a model of this ct_s5: .*{message}|{message}"
    ):
        load(path)


CAUSAL = {"depth": 1, "hold": "zoh_forward", "max_epochs": 1}


@pytest.mark.parametrize(
    ("precision", "keywords"),
    [
        ("float32", CAUSAL),  # of both directions in float32, the laws have a test
        ("float64", CAUSAL),
        ("float64", CAUSAL | {"hold": "zoh", "bidirectional": True}),
    ],
    indirect=["precision"],
    ids=["float32", "float64", "float64, both directions"],
)
def test_a_file_of_either_precision_gives_its_model_back_to_the_bit(tmp_path, keywords, precision):
    model = classifier(**keywords).fit(ward(), labels())
    told = model.predict_proba(ward())
    path = model.save(tmp_path / "model")
    assert {a.dtype.name for a in read_archive(path, "estimator")[1].values()} == {precision}
    pd.testing.assert_frame_equal(load(path).predict_proba(ward()), told, check_exact=True)
    if precision == "float32":
        with jax.enable_x64(True):
            again = load(path)
            pd.testing.assert_frame_equal(again.predict_proba(ward()), told, check_exact=True)
            assert load(again.save(path)).model_.head.linear.weight.dtype == precision
    else:
        message = r'in double precision; .*first: jax\.config\.update\("jax_enable_x64", True\)'
        with jax.enable_x64(False), pytest.raises(ArchiveError, match=message):
            load(path)


def test_sizes_that_the_file_does_not_hold_are_never_allocated(tmp_path, content):
    # 256 blocks of width 16384: as weights, 275 GB.
    def change(settings, arrays):
        settings["model"] |= {"width": 16_384, "depth": 256, "mixer": "gru"}

    path = _hostile(tmp_path, content, change)
    tracemalloc.start()
    try:
        with pytest.raises(ArchiveError, match="The file lacks"):
            load(path)
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("mixer", ["s5", "s4", "s4d"])
def test_reading_a_file_works_out_no_start_of_its_layers(tmp_path, content, mixer, monkeypatch):
    # An eigendecomposition takes the cube of the states, which a small file may ask for.
    def change(settings, arrays):
        settings["model"] |= {"states": 8192, "depth": 256, "mixer": mixer}

    def refuse(_):
        raise AssertionError("worked out")

    monkeypatch.setattr(np.linalg, "eigh", refuse)
    with pytest.raises(ArchiveError, match=r"The file lacks|has shape"):
        load(_hostile(tmp_path, content, change))


def test_a_truncated_a_changed_and_a_foreign_file_are_refused(tmp_path, content):
    path = _hostile(tmp_path, content, lambda settings, arrays: None)
    load(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(ArchiveError, match="is truncated or damaged"):
        load(path)
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ArchiveError, match="was altered after it was saved"):
        load(path)
    path.write_bytes(b"unique_id,ds,hr\n")
    with pytest.raises(ArchiveError, match="is no safetensors file"):
        load(path)
    with pytest.raises(FileNotFoundError, match="There is no file"):
        load(tmp_path / "gone")


def test_a_checkpoint_is_no_model(tmp_path):
    path = write_archive(tmp_path / "c", "checkpoint", {}, {})
    with pytest.raises(ArchiveError, match="of kind 'checkpoint', not 'estimator'"):
        load(path)


class _Bomb:
    def __reduce__(self):
        return (os.abort, ())


def test_loading_runs_no_pickle(tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(_Bomb()))
    with pytest.raises(ArchiveError, match="is no safetensors file"):
        load(path)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"timescale": np.array([0.01, 0.1], np.float32)}, {"timescale": (0.01, 0.1)}),
        ({"inputs": np.array(["value", "age"])}, {"inputs": ("value", "age")}),
        ({"time_unit": pd.offsets.Hour(2)}, {"time_unit": "0 days 02:00:00"}),
        ({"dropout": np.float32(0.5), "sort": np.bool_(True)}, {"dropout": 0.5, "sort": True}),
        ({"class_weight": {np.int64(0): np.float32(2), 1: 1}}, {"class_weight": {0: 2.0, 1: 1}}),
    ],
    ids=lambda given: next(iter(given)),
)
def test_what_fit_takes_a_file_keeps(tmp_path, given, kept):
    model = classifier(max_epochs=np.int64(1), **given).fit(ward(), labels())
    again = load(model.save(tmp_path / "model"))
    told = again.get_params()
    assert told["max_epochs"] == 1
    for name, value in kept.items():
        assert told[name] == pytest.approx(value, rel=1e-6) if name == "timescale" else value
    pd.testing.assert_frame_equal(again.predict_proba(ward()), model.predict_proba(ward()))


def test_what_no_file_could_keep_is_refused_before_any_training():
    model = classifier(progress={"a set"})
    message = r"progress=\{'a set'\} has no place in a model file .*Write it as text, a number, "
    with pytest.raises(TypeError, match=message):
        model.fit(ward(), labels())
    assert not hasattr(model, "history_")


def test_a_class_of_the_users_own_says_how_to_be_saved(tmp_path, fitted):
    class Mine(S5Classifier):
        pass

    model = Mine(**fitted.get_params())
    vars(model).update(vars(fitted))
    with pytest.raises(TypeError, match=r"Mine is none of S5Classifier, .* vars\(plain\).upd"):
        model.save(tmp_path / "model")
    assert not list(tmp_path.iterdir())
    plain = S5Classifier()
    vars(plain).update(vars(model))
    again = load(plain.save(tmp_path / "model"))
    assert again.get_params() == fitted.get_params()
    pd.testing.assert_frame_equal(again.predict_proba(ward()), fitted.predict_proba(ward()))


def test_saving_names_its_file_and_replaces_the_old_one(tmp_path, fitted_regressor):
    path = tmp_path / "models" / "days.safetensors"
    assert fitted_regressor.save(path) == path
    assert fitted_regressor.save(str(path)) == path
    assert os.listdir(path.parent) == [path.name]
    assert isinstance(load(str(path)), type(regressor()))

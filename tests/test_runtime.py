"""The NumPy runner gives the numbers of the estimator, without JAX, and refuses what it should."""

import copy
import dataclasses
import json
import math
import pathlib
import re
import subprocess
import sys

import equinox as eqx
import jax
import numpy as np
import pandas as pd
import pytest

from ct_s5 import S5Classifier, S5Forecaster, S5Imputer, S5Model, S5Regressor, runtime
from ct_s5.estimators._levels import Calibration
from ct_s5.ssm import HOLDS
from ct_s5.training import named_arrays

TINY = {"width": 8, "states": 8, "depth": 0, "max_epochs": 1, "random_state": 0}
# Each changes something the runner has to do by itself; weights are drawn, not trained.
MODELS = {
    **{hold: {"hold": hold} for hold in HOLDS},
    "gru": {"mixer": "gru"},
    "batch norm, post": {"norm": "batch", "prenorm": False},
    "rms norm, last": {"norm": "rms", "pooling": "last"},
    "full_glu": {"activation": "full_glu", "pooling": "mean"},
    "half_glu2": {"activation": "half_glu2", "pooling": "gap_mean"},
    "gelu, rescaled": {"activation": "gelu", "rescale": 2.0},
    "every input": {
        "inputs": ("value", "observed", "last", "age", "count", "square", "decayed"),
    },
    "no block": {"depth": 0},
}


def ward() -> tuple[pd.DataFrame, pd.Series]:
    """Two channels at odd times, a row of nothing (a query) in each series."""
    rng = np.random.default_rng(0)
    seconds = np.cumsum(rng.exponential(600, size=(6, 5)), axis=1)
    values = np.where(rng.random((30, 2)) < 0.3, np.nan, rng.normal(70, 9, size=(30, 2)))
    values[3::5] = np.nan
    values[::5, 0] = 60  # something is measured first
    frame = pd.DataFrame({"unique_id": np.repeat(list("abcdef"), 5)})
    frame["ds"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(seconds.ravel(), unit="s")
    frame[["hr", "temp"]] = values
    return frame, pd.Series([0, 1, 0, 1, 0, 1], index=list("abcdef"))


@pytest.fixture(scope="module")
def fitted():
    frame, labels = ward()
    return S5Classifier(**TINY).fit(frame, labels)


def drawn(estimator, **changes):
    """A copy of the estimator with another model, whose weights are drawn."""
    estimator = copy.copy(estimator)
    depth = {"depth": 2} | changes
    settings = dataclasses.replace(estimator.model_.settings, **depth)
    model = S5Model(settings, key=jax.random.key(7))
    estimator.model_ = jax.tree.map(
        lambda a: a + 0.1 * jax.random.normal(jax.random.key(a.size), a.shape), model
    )
    return estimator


def readings_of(frame, name):
    """(values by channel, seconds since the last reading) of one series."""
    part = frame[frame["unique_id"] == name]
    before = None
    for row in part.itertuples():
        values = {"hr": row.hr, "temp": row.temp}
        yield values, None if before is None else (row.ds - before).total_seconds()
        if not np.isnan(list(values.values())).all():
            before = row.ds


@pytest.mark.filterwarnings("ignore:hold='bilinear'")
@pytest.mark.parametrize("changes", MODELS.values(), ids=MODELS)
def test_reading_by_reading_is_what_predict_says(fitted, tmp_path, changes):
    frame, _ = ward()
    estimator = drawn(fitted, **changes)
    model = runtime.load(estimator.save(tmp_path / "model.safetensors"))
    expected = estimator.predict_proba(frame)
    assert expected.to_numpy().std() > 1e-3
    for name in "abc":
        stream = model.begin()
        for values, gap in readings_of(frame, name):
            answer = stream.read(values, gap)
        np.testing.assert_allclose(answer, expected.loc[name], atol=2e-6)


def test_a_question_is_answered_and_leaves_no_trace(fitted, tmp_path):
    frame, _ = ward()
    per_reading = drawn(fitted, per="reading", hold="zoh_forward")
    model = runtime.load(per_reading.save(tmp_path / "model.safetensors"))
    asked, plain = model.begin(), model.begin()
    for values, gap in readings_of(frame, "a"):
        if not np.isnan(list(values.values())).all():
            same = plain.read(values, gap)
        else:
            nothing = asked.read({}, 1.0)
            assert np.isfinite(nothing).all()
        answer = asked.read(values, gap)
    np.testing.assert_array_equal(answer, same)


def test_a_regressor_answers_in_the_units_of_its_targets(tmp_path):
    frame, labels = ward()
    static = pd.DataFrame(
        {"age": [40.0, np.nan, 70, 20, 30, 60], "ward": list("xyxyxy")}, index=labels.index
    )
    estimator = S5Regressor(**TINY).fit(frame, labels * 100.0 + 1000, static=static)
    model = runtime.load(estimator.save(tmp_path / "model.safetensors"))
    expected = estimator.predict(frame, static=static)
    for name in "ab":
        stream = model.begin(static.loc[name].to_dict())
        for values, gap in readings_of(frame, name):
            answer = stream.read([values["hr"], values["temp"]], gap)
        np.testing.assert_allclose(answer, expected.loc[name], rtol=1e-5)
    with pytest.raises(ValueError, match=r"static features \['age', 'ward'\]; got none"):
        model.begin()
    with pytest.raises(ValueError, match="'ward' was never 'z' at fit"):
        model.begin({"age": 3, "ward": "z"})
    for none in (np.float32("nan"), pd.NaT, None):
        unknown, asked = model.begin({"age": none, "ward": none}), {"hr": 70.0}
        known = model.begin({"age": math.nan, "ward": None})
        np.testing.assert_array_equal(unknown.read(asked), known.read(asked))
    for far in (np.inf, -1e200):
        with pytest.raises(ValueError, match=rf"'age' is {re.escape(str(far))}, more than"):
            model.begin({"age": far, "ward": "x"})
        with pytest.raises(ValueError, match="more than float32 holds"):
            estimator.predict(frame, static=static.assign(age=far))


def test_it_runs_where_jax_cannot_be_imported(fitted, tmp_path):
    frame, _ = ward()
    estimator = drawn(fitted)
    path = estimator.save(tmp_path / "model.safetensors")
    readings = list(readings_of(frame, "a"))
    script = f"""
import json, sys
for name in ("jax", "equinox", "pandas", "sklearn", "safetensors", "jaxtyping", "optax", "diffrax"):
    sys.modules[name] = None
sys.path.insert(0, {str(pathlib.Path(runtime.__file__).parent)!r})
import runtime
stream = runtime.load({str(path)!r}).begin()
for values, gap in json.loads({json.dumps(readings)!r}):
    answer = stream.read(values, gap)
print(json.dumps(answer.tolist()))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(
        json.loads(done.stdout), estimator.predict_proba(frame).loc["a"], atol=2e-6
    )


@pytest.mark.parametrize("hold", HOLDS)
@pytest.mark.filterwarnings("ignore:hold='bilinear'")
def test_one_layer_is_the_step_of_the_layer(hold):
    from ct_s5 import S5Layer

    layer = S5Layer(3, 8, hold=hold, key=jax.random.key(0))
    ours = runtime.S5(named_arrays(layer), hold)
    state, other = ours.begin(), layer.initial_state()
    rng = np.random.default_rng(0)
    for gap in [1.0, 0.0, 1e-6, 3.0, 1e4, 0.5]:
        u = rng.normal(size=3).astype(np.float32)
        answer, state = ours.step(u.astype(np.float64), gap, state)
        expected, other = layer.step(u, gap, other)
        np.testing.assert_allclose(answer, expected, atol=2e-6)


def test_what_is_no_model_is_refused(fitted, tmp_path):
    path = pathlib.Path(drawn(fitted).save(tmp_path / "model.safetensors"))
    whole = path.read_bytes()
    for content, message in [
        (b"", "no model file, or a damaged one"),
        (whole[:1000], "damaged"),
        ((10**5).to_bytes(8, "little") + b"[" * 10**5, "no model file, or a damaged one"),
        (whole[:-8], "sizes do not fit"),
        (whole[:-1] + bytes([whole[-1] ^ 1]), "altered after it was saved"),
        (whole.replace(b'"version":"1"', b'"version":"9"'), "newer than this runtime"),
        (whole.replace(b'"version":"1"', b'"versian":"1"'), "no model file, or a damaged one"),
        (whole.replace(b'"sha256":', b'"sha257":'), "no model file, or a damaged one"),
    ]:
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            runtime.load(path)
    with pytest.raises(FileNotFoundError, match="There is no file"):
        runtime.load(tmp_path / "none")
    both = drawn(fitted, bidirectional=True)
    with pytest.raises(ValueError, match="from both ends"):
        runtime.load(both.save(tmp_path / "both.safetensors"))
    other = drawn(fitted, mixer="lstm")
    with pytest.raises(ValueError, match=r"layers are 'lstm'; .* s5 and gru\. Use ct_s5\.load"):
        runtime.load(other.save(tmp_path / "other.safetensors"))
    imputer = S5Imputer(**TINY | {"width": 2, "states": 2}, validation_fraction=0).fit(ward()[0])
    with pytest.raises(ValueError, match="S5Imputer reads every series from both ends"):
        imputer.update(ward()[0])
    with pytest.raises(ValueError, match="This is a S5Imputer, which needs whole series"):
        runtime.load(imputer.save(tmp_path / "imputer.safetensors"))


def test_a_forecaster_foresees_as_predict_does(tmp_path):
    """Also beyond the clip of the anchor, at known channels, and in bins of leads."""
    frame = ward()[0].assign(hour=lambda rows: rows["ds"].dt.hour / 24)
    frame.loc[10, "hr"] = 400.0
    estimator = S5Forecaster(horizon="3h", known="hour", **TINY).fit(frame)
    estimator = drawn(estimator, hold="zoh_forward")
    table = np.sort(np.random.default_rng(0).normal(size=(3, 2, 399)), axis=2)
    estimator.calibration_ = Calibration(np.array([0.5, 2.0]), table)
    model = runtime.load(estimator.save(tmp_path / "model.safetensors"))
    assert model.foreseen == ["hr", "temp"]
    unit = estimator.schema_.time_unit
    for name in "abc":
        stream, own = model.begin(), frame[frame["unique_id"] == name]
        for row, (values, gap) in zip(own.itertuples(), readings_of(frame, name), strict=True):
            assert not len(stream.read(values | {"hour": row.hour}, gap))
        last = own.dropna(subset=["hr", "temp"], how="all")["ds"].max()
        for gap in (0.25 * unit, 1.25 * unit, 5 * unit):
            gap = round(gap)
            at = pd.DataFrame({"unique_id": [name], "ds": last + pd.Timedelta(seconds=gap)})
            at = at.assign(hour=0.3)
            told = estimator.predict(own, at, quantiles=(0.2,)).iloc[0]
            expected, ends = stream.foresee(gap, {"hour": 0.3}, shares=(0.05, 0.95, 0.2))
            for k, channel in enumerate(model.foreseen):
                wanted = [f"{channel}{end}" for end in ("", "-lo-90", "-hi-90", "-q-20")]
                found = [expected[k], *ends[:, k]]
                np.testing.assert_allclose(found, told[wanted].to_numpy(float), rtol=2e-5)
    with pytest.raises(ValueError, match="known holds a channel that is read"):
        stream.foresee(60.0, {"hr": 1.0})
    with pytest.raises(ValueError, match=r"A share lies between 0\.0025 and 0\.9975; got 1"):
        stream.foresee(60.0, shares=(1,))


def test_a_forecaster_without_a_reading_is_as_unsure_as_can_be(tmp_path):
    frame = ward()[0]
    estimator = drawn(S5Forecaster(horizon="3h", **TINY).fit(frame))
    table = np.sort(np.random.default_rng(0).normal(size=(2, 2, 399)), axis=2)
    estimator.calibration_ = Calibration(np.array([0.5]), table)
    model = runtime.load(estimator.save(tmp_path / "model.safetensors"))
    blank = frame[:1].assign(hr=np.nan, temp=np.nan)
    with pytest.warns(UserWarning, match="no reading at all"):
        told = estimator.predict(blank, at=blank["ds"].iloc[0]).iloc[0]
    for ahead in (-1.0, math.nan, "1h"):
        with pytest.raises(ValueError, match=rf"ahead must be a length of time.*; got {ahead!r}"):
            model.begin().foresee(ahead)
    expected, ends = model.begin().foresee(0.0)
    wanted = [told[["hr", "temp"]], told[["hr-lo-90", "temp-lo-90"]]]
    np.testing.assert_allclose([expected, ends[0]], np.array(wanted, float), rtol=2e-5)
    stream = runtime.load(drawn_classifier(tmp_path)).begin()
    with pytest.raises(ValueError, match="no S5Forecaster"):
        stream.foresee(1.0)


def drawn_classifier(folder):
    frame, labels = ward()
    return S5Classifier(**TINY).fit(frame, labels).save(folder / "classifier.safetensors")


def test_a_reading_that_cannot_be_is_refused(fitted, tmp_path):
    stream = runtime.load(drawn(fitted).save(tmp_path / "model.safetensors")).begin()
    with pytest.raises(ValueError, match=r"no channel 'pulse': \['hr', 'temp'\]"):
        stream.read({"pulse": 1.0})
    with pytest.raises(ValueError, match="A reading has 2 values"):
        stream.read([1.0])
    with pytest.raises(ValueError, match="Channel 'temp' is infinite"):
        stream.read([1.0, np.inf])
    for far in (1e200, -1e308):
        with pytest.raises(ValueError, match=rf"'temp' holds {re.escape(f'{far:g}')}.*more than"):
            stream.read([1.0, far])
        with pytest.raises(ValueError, match="more than float32 holds"):
            fitted.predict(ward()[0].assign(temp=far))
    with pytest.raises(
        ValueError, match=r"a number for each of \['hr', 'temp'\]; got \['x', nan\]"
    ):
        stream.read({"hr": "x"})
    stream.read([1.0, 2.0])
    with pytest.raises(ValueError, match=r"gap is a number of seconds: .*; got Timedelta\('0 days"):
        stream.read([1.0, 2.0], pd.Timedelta("1min"))
    with pytest.raises(ValueError, match="needed from the second on"):
        stream.read([1.0, 2.0])
    with pytest.raises(ValueError, match="0 or more; got -1"):
        stream.read([1.0, 2.0], gap=-1)


def test_an_answer_that_is_not_finite_is_refused(fitted, tmp_path):
    broken = drawn(fitted)
    bias = broken.model_.head.linear.bias
    broken.model_ = eqx.tree_at(lambda model: model.head.linear.bias, broken.model_, bias * np.nan)
    stream = runtime.load(broken.save(tmp_path / "model.safetensors")).begin()
    with pytest.raises(ValueError, match="answer is not finite"):
        stream.read([1.0, 2.0])

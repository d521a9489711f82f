"""Half-lives are what a state does, and the warnings fire where memory and gaps part."""

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from tiny_wards import classifier, labels, ward

from ct_s5 import encode, load_exported

ONE = {"depth": 1, "max_epochs": 1, "hold": "impulse"}


@pytest.fixture(scope="module")
def fitted():
    return classifier(**ONE).fit(ward(), labels())


def test_after_its_half_life_half_of_a_state_is_left(fitted):
    layer, found = fitted.model_.blocks[0].mixer, fitted.time_constants()
    _, state = layer.step(jnp.ones(8), jnp.asarray(1.0), layer.initial_state())
    assert found.half_lives["block"].tolist() == [0] * len(state.x)
    for k, half_life in enumerate(found.half_lives["half_life"]):
        gap = half_life / pd.Timedelta(fitted.schema_.unit_name).total_seconds()
        _, later = layer.step(jnp.zeros(8), jnp.asarray(gap, jnp.float32), state)
        np.testing.assert_allclose(abs(later.x[k]), abs(state.x[k]) / 2, rtol=1e-4)


def test_the_gaps_are_those_of_the_gap_report(fitted):
    frame = ward()
    told = fitted.time_constants(frame.sample(frac=1, random_state=0))
    gaps = frame.groupby("unique_id")["ds"].diff().dt.total_seconds().dropna()
    np.testing.assert_array_equal(np.sort(told.gaps), np.sort(gaps))
    spans = frame.groupby("unique_id")["ds"].agg(lambda times: times.max() - times.min())
    assert told.longest_series == spans.max().total_seconds()
    assert told.table.loc["gaps between readings", "50%"] == "1.17 h"
    assert "half-lives, block 0" in str(told)
    assert "half-lives, block 0" in told._repr_html_()


@pytest.mark.parametrize(
    ("time_unit", "timescale", "said"),
    [
        ("1s", (3e-3, 3e-1), r"forgets before the next reading: .* typical gap is 1.17 h"),
        ("10D", (3e-3, 3e-1), r"hardly forgets within a series: .* longest series lasts 4.85 h"),
        (None, (3e-3, 3e-1), None),
    ],
)
def test_a_memory_that_does_not_suit_the_gaps_is_said(time_unit, timescale, said):
    model = classifier(**ONE, time_unit=time_unit, timescale=timescale).fit(ward(), labels())
    found = model.time_constants(ward())
    if said is None:
        assert found.warnings == []
    else:
        assert len(found.warnings) == 1
        assert pd.Series(found.warnings).str.contains(said).all()
        assert found.warnings[0] in str(found)
    assert model.time_constants().warnings == []  # nothing to compare with


def test_bursts_with_long_pauses_lose_what_came_before(fitted):
    seconds = np.concatenate([np.arange(18.0), [1e9]])
    frame = pd.DataFrame({"unique_id": "a", "ds": pd.Timestamp(0) + pd.to_timedelta(seconds, "s")})
    twice = pd.concat([frame, frame.assign(unique_id="b")]).assign(hr=1.0, temp=2.0)
    (warning,) = fitted.time_constants(twice).warnings
    assert "forgets over the longer gaps" in warning


def test_numbers_stay_numbers_and_other_times_are_refused():
    frame = ward()
    frame["ds"] = (frame["ds"] - frame["ds"].min()) / pd.Timedelta("1h")
    model = classifier(**ONE).fit(frame, labels())
    assert model.time_constants(frame).table.loc["gaps between readings", "50%"] == "1.17"
    with pytest.raises(ValueError, match="times are datetimes, those at fit were numbers"):
        model.time_constants(ward())


def test_a_model_without_layers_has_none(fitted):
    with pytest.raises(ValueError, match=r"Only S5 layers have time constants.*depth=0"):
        classifier(max_epochs=1).fit(ward(), labels()).time_constants()


def test_the_exported_estimator_brings_schema_and_classes(fitted, tmp_path):
    ours = load_exported(fitted.export(tmp_path / "exported.safetensors", platforms=["cpu"]))
    encoded = encode(ward(), ours.schema, sort=True)
    batch = encoded.series.batch()
    scores = np.asarray(ours(batch))
    chosen = np.array(ours.told["classes"])[scores.argmax(axis=-1)]
    assert chosen.tolist() == fitted.predict(ward()).tolist()

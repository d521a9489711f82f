import numpy as np
import pandas as pd
import pytest
from tiny_wards import ward

import ct_s5
from ct_s5.estimators import S5Imputer

TINY = {"width": 8, "states": 8, "depth": 0, "max_epochs": 2, "batch_size": 8, "random_state": 0}


@pytest.fixture(scope="module")
def fitted():
    return S5Imputer(**TINY | {"depth": 1}).fit(ward(n_rows=8))


def test_observed_cells_are_returned_as_they_came(fitted):
    frame = ward(seed=2, n_rows=6).sample(frac=1.0, random_state=0)
    frame["temp"] = frame.temp.astype(np.float32)
    frame.index = [f"row {k}" for k in range(len(frame))]
    model = S5Imputer(**TINY, sort=True).fit(ward(n_rows=8))
    told = model.transform(frame, level=90)
    assert told.index.equals(frame.index)
    pd.testing.assert_frame_equal(told[["unique_id", "ds", "hr"]], frame[["unique_id", "ds", "hr"]])
    assert told.temp.dtype == np.float32
    seen = frame.temp.notna()
    assert (told.temp[seen] == frame.temp[seen]).all()
    assert told.temp.notna().all()
    assert (told["temp-lo-90"][seen] == frame.temp[seen]).all()
    gaps = ~seen
    assert (told["temp-lo-90"][gaps] < told["temp-hi-90"][gaps]).all()
    assert frame.temp.isna().any()  # the caller's own frame is left alone


@pytest.mark.parametrize("silent", [("hr", "temp"), ("hr",)])
def test_filling_in_is_what_a_question_at_that_row_says(fitted, silent):
    frame = ward(seed=3)
    fifth = frame.index % 5 == 0
    # Rows of which nothing is left are questions; where temp stays, they are readings.
    frame.loc[fifth, list(silent)] = np.nan
    frame.loc[fifth, "temp"] = np.nan if "temp" in silent else 37.0
    told, asked = fitted.transform(frame), fitted.predict(frame, level=None)
    for name in ("hr", "temp"):
        gaps = frame[name].isna().to_numpy()
        assert gaps.any()
        np.testing.assert_allclose(told[name][gaps], asked[name][gaps], rtol=1e-5)
    pairs = frame.loc[fifth, ["unique_id", "ds"]]
    alone = fitted.predict(frame, pairs, level=None)
    np.testing.assert_allclose(told.hr[fifth], alone.hr, rtol=1e-5)


def test_rows_of_one_time_fill_each_other(fitted):
    frame = ward(n_rows=6).dropna().reset_index(drop=True)
    parts = frame.assign(hr=np.nan), frame.assign(temp=np.nan)
    rows = pd.concat(parts).sort_index(kind="stable")
    told = fitted.transform(rows.reset_index(drop=True), level=90)
    for half in (told[::2], told[1::2]):
        half = half.reset_index(drop=True)
        pd.testing.assert_frame_equal(half[frame.columns], frame)
        for name in ("hr", "temp"):
            assert (half[f"{name}-lo-90"] == frame[name]).all()


def test_later_readings_tell_too(fitted):
    frame = ward(seed=4)
    last = frame.groupby("unique_id").ds.transform("max")
    other = frame.assign(hr=frame.hr.where(frame.ds < last, 150.0))
    gap = frame.temp.isna().to_numpy() & (frame.ds < last).to_numpy()
    one, two = (fitted.transform(f).temp[gap] for f in (frame, other))
    assert (one != two).any()


def test_new_timestamps(fitted):
    frame = ward()
    told = fitted.predict(frame, "1h")
    assert {"hr", "hr-lo-90", "temp-hi-90"} <= set(told.columns)
    assert np.isfinite(told.drop(columns=["unique_id", "ds"])).all(axis=None)


def test_the_file_fills_in_the_same(fitted, tmp_path):
    fitted.save(tmp_path / "imputer.safetensors")
    again = ct_s5.load(tmp_path / "imputer.safetensors")
    frame = ward(seed=7)
    pd.testing.assert_frame_equal(again.transform(frame), fitted.transform(frame))


def test_an_array_is_filled_in_as_an_array():
    rng = np.random.default_rng(0)
    whole = rng.normal(size=(12, 6, 2))
    holes = np.where(rng.random(whole.shape) < 0.3, np.nan, whole)
    model = S5Imputer(**TINY).fit(holes)
    told = model.transform(holes)
    seen = ~np.isnan(holes)
    assert (told[seen] == whole[seen]).all()
    assert np.isfinite(told).all()
    flat = pd.DataFrame(holes[..., 0], index=[f"series {n}" for n in range(12)])
    model = S5Imputer(**TINY).fit(flat)
    told = model.transform(flat)
    assert told.index.equals(flat.index)
    np.testing.assert_array_equal(told, model.transform(flat.to_numpy()))


def test_forms_without_cells_to_fill_are_refused(fitted):
    cells = ward().melt(["unique_id", "ds"], var_name="channel")
    with pytest.raises(TypeError, match="Only a frame with a row a"):
        fitted.transform(cells)


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"hide": 1.0}, "hide is a share between 0 and 1"),
        ({"hide": (0.8, 0.2)}, "hide is a pair of shares, the lower one first"),
        ({"hiding": ("cell", "column")}, "hiding is some of cell, row, block"),
        ({"block": 0}, "block is a whole number of at least 1 row"),
    ],
)
def test_keywords_that_cannot_be_right(keywords, words):
    with pytest.raises(ValueError, match=words):
        S5Imputer(**TINY, **keywords).fit(ward())

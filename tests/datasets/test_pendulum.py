"""Pendulum: the published sums to the last digit, a slow film of one pendulum, and refusals."""

import math
import sys

import numpy as np
import pandas as pd
import pytest
from official_layout import all_columns
from PIL import Image, ImageDraw

from ct_s5_datasets import _pendulum_simulator as simulator
from ct_s5_datasets import check, protocol
from ct_s5_datasets._pendulum import PARTS, PIXELS, PROTOCOLS, load
from ct_s5_datasets._recut import under

# Part of "s5@1": series, sum of pixels / 255, sum of targets, sum of frame numbers.
REFERENCE = {
    "train": (2000, 14373030.2275, 37657.602830, 4957111),
    "validation": (1000, 7238414.7882, 19100.230655, 2478094),
    "test": (1000, 7284288.3490, 18808.583486, 2481381),
}


@pytest.fixture(scope="module")
def loaded():
    return {part: load(part=part) for part in PARTS}


@pytest.fixture(scope="module")
def dense():
    """All 100 frames of the validation set, whose stream is its own: seed 43."""
    draws = np.random.RandomState(43)
    angles, filmed = simulator.simulate_angles(draws, 1000, 0.01)
    shares = simulator.clean_shares(draws, 1000)
    images = simulator.draw_pendulums(filmed)
    every = np.tile(np.arange(100), (1000, 1))
    noisy = simulator.add_noise(draws, images, shares, every)
    return {"angles": angles, "images": images, "shares": shares, "noisy": noisy}


@pytest.mark.parametrize("name", REFERENCE)
def test_sums_are_the_published_ones(loaded, name):
    data = loaded["regression"]
    at = data.splits["s5@1"][name]
    n_series, pixels, targets, times = REFERENCE[name]
    assert len(at) == n_series
    assert data.images[at].sum(dtype=np.int64) / 255 == pytest.approx(pixels, abs=6e-5, rel=0)
    assert data.targets[at].sum() == pytest.approx(targets, abs=6e-7, rel=0)
    assert data.times[at].sum() == times


def test_acceptance_statistics_of_all_frames(dense):
    shares = dense["shares"][:, 5:]
    walked = shares[:, :-1].ravel(), shares[:, 1:].ravel()
    targets = np.stack([np.sin(dense["angles"]), np.cos(dense["angles"])])
    found = [
        *(dense["images"].mean() / 255, dense["images"].std() / 255),
        *(dense["noisy"].mean() / 255, dense["noisy"].std() / 255),
        *(shares.mean(), (shares == 1).mean(), (shares == 0).mean()),
        np.corrcoef(*walked)[0, 1],
        *(targets.mean((1, 2)).tolist() + targets.var((1, 2)).tolist()),
    ]
    told = [".02740", ".14189", ".25150", ".26580", ".497", ".164", ".165"]
    told += [".944", "-.001", ".383", ".439", ".414"]
    for value, text in zip(found, told, strict=True):
        places = len(text.partition(".")[2])
        assert value == pytest.approx(float(text), abs=0.51 * 10**-places, rel=0)


def test_statistics_of_the_kept_frames(loaded, dense):
    data = loaded["regression"]
    at = data.splits["s5@1"]["validation"]
    gaps = np.diff(data.times[at], axis=1)
    assert (gaps.mean(), gaps.std(), gaps.max()) == pytest.approx((1.980, 1.370, 14), abs=6e-4)
    hidden = np.take_along_axis(dense["shares"], data.times[at], axis=1) < 0.05
    assert hidden.mean() == pytest.approx(0.189, abs=6e-4)
    kept = dense["noisy"][np.arange(1000)[:, None], data.times[at]]
    assert np.array_equal(kept, data.images[at])


def test_the_card_has_the_latest_first_frames(loaded):
    for part in PARTS:
        data = loaded[part]
        (split,) = (
            ids for name, ids in data.splits.items() if name in PROTOCOLS and "-l" not in name
        )
        first = {name: max(data.times[k][0] for k in ids) for name, ids in split.items()}
        assert first == {"train": 10, "validation": 10, "test": 11}
    words = "number 11 in test, 10 in train and validation"
    assert f"| latest first frame | {words} | {words} |\n" in data.card


@pytest.mark.parametrize(("part", "substeps"), [("regression", 100), ("interpolation", 500)])
def test_one_pendulum_swung_slowly(loaded, part, substeps):
    data = loaded[part]
    draws = np.random.RandomState(42)
    starts = draws.random_sample(2000)
    kicks = draws.standard_normal((99, 2000))
    series = 7
    angle, speed = 2 * math.pi * starts[series], 0.0
    path = [angle]
    for kick in kicks[:, series]:
        for _ in range(substeps):
            torque = 9.81 * math.sin(angle) - 0.1 * speed / 3
            speed += 1e-4 * torque * 3
            angle += 1e-4 * speed
        speed += 0.1 * kick
        path.append(angle)
    # Upright is 0 in the motion, hanging is 0 in the targets: both sine and cosine turn round.
    expected = [(-math.sin(path[k]), -math.cos(path[k])) for k in data.times[series]]
    assert data.targets[series] == pytest.approx(np.array(expected), abs=1e-9)


def test_rods_are_what_pillow_draws_between_points_not_rounded():
    angles = np.random.default_rng(0).uniform(-7, 7, 200)
    for angle, image in zip(angles, simulator.draw_pendulums(angles), strict=True):
        canvas = Image.new("F", (128, 128), 0.0)
        end = [64 + 55 * math.sin(angle), 64 + 55 * math.cos(angle)]
        ImageDraw.Draw(canvas).line([64, 64, *end], fill=1.0, width=8)
        small = np.asarray(canvas.resize((24, 24), Image.Resampling.LANCZOS))
        assert np.array_equal(image, (np.clip(small, 0, 1) * 255).astype(np.uint8))


def test_a_hanging_rod_points_down_and_a_quarter_turn_points_right():
    hanging, turned = simulator.draw_pendulums(np.array([0.0, math.pi / 2])).astype(int)
    assert hanging[12:].sum() > 10 * hanging[:11].sum()
    assert np.array_equal(hanging > 128, (turned > 128).T)


@pytest.mark.parametrize("part", PARTS)
def test_shapes_splits_and_order(loaded, part):
    data = loaded[part]
    assert list(data.schema) == all_columns(data, [0])
    assert data.images.shape == (4000, 50, 24, 24)
    assert data.images.dtype == np.uint8
    assert data.targets.shape == (4000, 50, 2)
    assert np.square(data.targets).sum(axis=-1) == pytest.approx(1)
    assert (np.diff(data.times, axis=1) > 0).all()
    assert data.times.min() == 0
    assert data.times.max() == 99
    assert "s5@1" in loaded["regression"].splits
    protocol = next(name for name, its_part in PROTOCOLS.items() if its_part == part)
    sizes = {name: len(ids) for name, ids in data.splits[protocol].items()}
    assert sizes == {"train": 2000, "validation": 1000, "test": 1000}
    for split in data.splits.values():
        assert np.array_equal(np.sort(np.concatenate(list(split.values()))), data.ids)
    assert repr(data).startswith("PendulumSet(4000 series of 50 frames, 24 x 24 pixels, splits ")
    assert data.card.endswith(f"- blank frames: {(~data.observed).sum()}\n")


def test_regression_frame(loaded):
    data = loaded["regression"]
    frame = data.frame([3001, 5])
    assert list(frame) == ["unique_id", "ds", *PIXELS, "sin", "cos"] == list(data.schema)
    assert frame["unique_id"].tolist() == [5] * 50 + [3001] * 50
    assert frame["ds"].tolist()[50:] == [pd.Timedelta(10 * k, "ms") for k in data.times[3001]]
    assert frame["pixel_03_17"].tolist()[:50] == (data.images[5, :, 3, 17] / 255).tolist()
    assert frame["cos"].tolist()[:50] == data.targets[5, :, 1].tolist()
    assert not frame.isna().to_numpy().any()
    assert data.observed.all()
    assert frame.drop(columns=["unique_id", "ds"]).dtypes.eq(np.float64).all()


def test_interpolation_frame(loaded):
    data = loaded["interpolation"]
    frame = data.frame(2500)
    clean = [f"clean_{name[6:]}" for name in PIXELS]
    assert list(frame) == ["unique_id", "ds", *PIXELS, *clean] == list(data.schema)
    assert frame["ds"].tolist() == [pd.Timedelta(50 * k, "ms") for k in data.times[2500]]
    pixels, targets = frame[list(PIXELS)].to_numpy(), frame[clean].to_numpy()
    seen = data.observed[2500]
    assert 10 < seen.sum() < 40
    assert np.isnan(pixels[~seen]).all()
    assert np.array_equal(pixels[seen], targets[seen])
    assert np.array_equal(targets * 255, data.images[2500].reshape(50, -1))


def test_interpolation_shows_half_and_the_first_five(loaded):
    data = loaded["interpolation"]
    assert data.observed[data.times < 5].all()
    assert data.observed[data.times >= 5].mean() == pytest.approx(0.5, abs=0.005)
    assert data.images.mean() / 255 == pytest.approx(0.02734, abs=1e-5)


@pytest.mark.parametrize("ids", [4000, [0, -1], ["0"]])
def test_unknown_ids_are_refused(loaded, ids):
    with pytest.raises(ValueError, match=r"No series .*; the ids are 0 to 3999"):
        loaded["regression"].frame(ids)


def test_an_id_asked_for_twice_is_refused(loaded):
    with pytest.raises(ValueError, match=r"Series 2 is asked for twice\. Give each id once"):
        loaded["regression"].frame([1, 2, 2])


def test_an_unknown_part_is_refused():
    with pytest.raises(ValueError, match=r"part='extrapolation': pendulum has the parts 'regr"):
        load(part="extrapolation")


def test_without_pillow_the_next_step_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r"drawn by Pillow\. Install it: pip install pillow"):
        simulator.draw_pendulums(np.zeros(1))


@pytest.mark.parametrize("name", ["s5@1", "cru-interp@1", "cru-interp-leakfree@1"])
def test_protocols_have_their_sizes_and_scale_nothing(loaded, name):
    rules = protocol(f"pendulum/{name}")
    data = under(loaded[rules.asks["part"]], rules)
    assert {part: len(ids) for part, ids in data.split.items()} == {
        "train": 2000, "validation": 1000, "test": 1000,
    }  # fmt: skip
    pd.testing.assert_frame_equal(data.scaled([3999]), data.frame([3999]))
    assert set(data.scaling.index) == set(PIXELS)
    chooses_on_test = [sentence for sentence in check(data) if "epoch on the test" in sentence]
    assert bool(chooses_on_test) == (name == "cru-interp@1")

import numpy as np
import pandas as pd
import pytest

from ct_s5.lab import TREATMENTS, corrupt, treat

CHANNELS = ["hr", "temp"]


def gaps(frame, kind="timedelta"):
    """The gaps of each series, sorted, in seconds or numbers."""
    found = frame.groupby("unique_id")["ds"].diff().dropna()
    found = found / pd.Timedelta("1s") if kind == "timedelta" else found
    return {name: sorted(part) for name, part in found.groupby(frame["unique_id"])}


@pytest.mark.parametrize("treatment", [name for name in TREATMENTS if "resample" not in name])
def test_the_readings_and_their_order_stay(ward, treatment):
    treated = treat(ward, treatment, seed=3)
    pd.testing.assert_series_equal(treated["unique_id"], ward["unique_id"], check_dtype=False)
    np.testing.assert_allclose(treated[CHANNELS], ward[CHANNELS], rtol=1e-6)
    assert list(treated.columns) == [*ward.columns, *(["gap"] if treatment == "appended" else [])]


def test_true_keeps_every_time(ward):
    pd.testing.assert_series_equal(treat(ward, "true")["ds"], ward["ds"])


def test_equal_keeps_nothing_of_the_times(ward):
    treated = treat(ward, "equal")
    assert treated["ds"].tolist() == [k for n in (7, 5, 1, 12) for k in range(n)]
    other = ward.assign(ds=ward["ds"].dt.normalize() + pd.to_timedelta(range(len(ward)), unit="h"))
    other["ds"] = other.groupby("unique_id")["ds"].transform(lambda times: times.sort_values())
    pd.testing.assert_frame_equal(treat(other, "equal"), treated)


def test_appended_is_equal_and_the_gap_in_median_gaps(ward):
    treated = treat(ward, "appended")
    pd.testing.assert_frame_equal(treated.drop(columns="gap"), treat(ward, "equal"))
    seconds = ward.groupby("unique_id", sort=False)["ds"].diff() / pd.Timedelta("1s")
    expected = (seconds / seconds.median()).fillna(1.0)
    np.testing.assert_allclose(treated["gap"], expected, rtol=1e-12)


def test_a_channel_called_gap_keeps_its_name(ward):
    treated = treat(ward.rename(columns={"hr": "gap"}), "appended")
    assert list(treated.columns) == ["unique_id", "ds", "gap", "temp", "gap_"]


@pytest.mark.parametrize("seed", [0, 1])
def test_shuffled_permutes_the_gaps_of_each_series(ward, seed):
    treated = treat(ward, "shuffled", seed=seed)
    assert treated["ds"].dtype == ward["ds"].dtype
    assert gaps(treated) == gaps(ward)
    pd.testing.assert_frame_equal(
        treated.groupby("unique_id")["ds"].agg(["first", "last"]),
        ward.groupby("unique_id")["ds"].agg(["first", "last"]),
    )
    assert (treated["ds"] != ward["ds"]).sum() > 10
    pd.testing.assert_frame_equal(treated, treat(ward, "shuffled", seed=seed))
    assert not treated.equals(treat(ward, "shuffled", seed=seed + 7))


def test_shuffled_leaves_no_gap_where_it_was_more_often_than_chance():
    times = np.cumsum(np.arange(400.0))
    frame = pd.DataFrame({"unique_id": 1, "ds": times, "x": times})
    moved = np.diff(treat(frame, "shuffled")["ds"])
    assert (moved == np.diff(times)).mean() < 0.03
    assert abs(np.corrcoef(moved, np.diff(times))[0, 1]) < 0.15


@pytest.mark.parametrize("kind", ["number", "timedelta", "naive"])
def test_every_kind_of_time_is_shuffled_in_kind(ward, kind):
    seconds = (ward["ds"] - ward["ds"].min()) / pd.Timedelta("1s")
    times = {
        "number": seconds,
        "timedelta": pd.to_timedelta(seconds, unit="s"),
        "naive": pd.Timestamp("2020-02-28") + pd.to_timedelta(seconds, unit="s"),
    }[kind]
    frame = ward.assign(ds=times)
    treated = treat(frame, "shuffled")
    assert treated["ds"].dtype == frame["ds"].dtype
    assert gaps(treated, kind if kind == "number" else "timedelta") == gaps(
        frame, kind if kind == "number" else "timedelta"
    )


def test_a_row_is_a_reading(ward):
    # Split each row in two, add rows without a reading, and mix the order.
    parts = [ward.assign(temp=np.nan), ward.assign(hr=np.nan)]
    queries = ward.assign(ds=ward["ds"] + pd.Timedelta("1s"), hr=np.nan, temp=np.nan)
    messy = pd.concat([*parts, queries]).sample(frac=1, random_state=0)
    found = treat(messy, "equal", sort=True).sort_values(["unique_id", "ds"], ignore_index=True)
    expected = treat(ward, "equal").sort_values(["unique_id", "ds"], ignore_index=True)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-6, check_dtype=False)


@pytest.mark.parametrize("change", [(treat, "true"), (corrupt, "drop=0.3")])
def test_what_a_refusal_offers_is_taken(ward, change):
    how, word = change
    more = ward.assign(hr=ward["hr"] + 1)
    turned = pd.concat(part[::-1] for _, part in ward.groupby("unique_id", sort=False))
    doubled = pd.concat([ward, more]).sort_index(kind="stable")
    for frame, keyword, right in [
        (turned, {"sort": True}, ward),
        (doubled, {"duplicates": "last"}, more),
    ]:
        with pytest.raises(ValueError, match=f"pass {next(iter(keyword))}="):
            how(frame, word)
        pd.testing.assert_frame_equal(how(frame, word, **keyword), how(right, word))


@pytest.mark.parametrize("time", [pd.Timestamp("2024-03-31"), 7.0])
def test_series_of_single_readings_need_no_unit(time):
    frame = pd.DataFrame({"unique_id": ["a", "b"], "ds": time, "x": [1.0, 2.0]})
    for name in TREATMENTS:
        assert treat(frame, name)["x"].tolist() == [1.0, 2.0]
    for kind in ("drop", "jitter"):
        assert corrupt(frame, f"{kind}=0.5")["x"].tolist() == [1.0, 2.0]


def test_a_series_without_a_reading_keeps_its_place(ward):
    silent = ward.assign(unique_id="z", hr=np.nan, temp=np.nan).head(2)
    treated = treat(pd.concat([ward, silent]), "equal")
    assert treated["unique_id"].tolist()[-2:] == ["z", "z"]
    assert len(treated) == len(ward) + 2


def test_other_names_and_forms(ward):
    renamed = ward.rename(columns={"unique_id": "patient", "ds": "time"})
    treated = treat(renamed, "equal", id_col="patient", time_col="time")
    assert list(treated.columns) == ["patient", "time", "hr", "temp"]
    listed = treat([part for _, part in ward.groupby("unique_id", sort=False)], "equal")
    pd.testing.assert_frame_equal(listed, treat(ward, "equal"))


def test_a_treatment_has_a_name(ward):
    with pytest.raises(ValueError, match=r"one of true, equal, appended, .*; got 'regular'"):
        treat(ward, "regular")

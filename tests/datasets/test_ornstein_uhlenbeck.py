"""Ornstein-Uhlenbeck: the forecast against a solve with the whole covariance matrix."""

import numpy as np
import pandas as pd
import pytest

from ct_s5_datasets._known_process import PARTS, PROCESSES, load
from ct_s5_datasets._ornstein_uhlenbeck import OrnsteinUhlenbeck

SECOND = pd.Timedelta("1s")


@pytest.fixture(scope="module")
def loaded():
    return {part: load(part=part) for part in PARTS}


def by_covariance(process, times, values, when):
    """Conditional mean and variance of the value at `when`: one Gaussian, one matrix."""
    variance = process.deviation**2
    points = np.append(times, when)
    joint = variance * np.exp(-np.abs(points[:, None] - points) / process.timescale)
    among = joint[:-1, :-1] + process.noise**2 * np.eye(len(times))
    weights = np.linalg.solve(among, joint[:-1, -1])
    mean = process.mean + weights @ (values - process.mean)
    return mean, variance - weights @ joint[:-1, -1]


@pytest.mark.parametrize("noise", [0.0, 0.03, 1.0, 30.0])
@pytest.mark.parametrize("timescale", [0.2, 10.0, 500.0])
def test_every_next_reading_agrees_with_the_matrix(noise, timescale):
    frame = load(n_series=3, seed=1).frame
    process = OrnsteinUhlenbeck(mean=19.0, deviation=2.5, timescale=timescale, noise=noise)
    found = process.forecast(frame, frame)
    assert list(found) == ["unique_id", "ds", "mean", "variance"]
    for _, rows in frame.groupby("unique_id"):
        times, values = (rows["ds"] / SECOND).to_numpy(), rows["value"].to_numpy()
        for row, k in zip(rows.index, range(len(rows)), strict=True):
            mean, variance = by_covariance(process, times[:k], values[:k], times[k])
            assert found.loc[row, "mean"] == pytest.approx(mean, abs=1e-7)
            assert found.loc[row, "variance"] == pytest.approx(variance, abs=1e-7)


@pytest.mark.parametrize("part", PARTS)
def test_any_horizon_agrees_with_the_matrix(loaded, part):
    process, frame = PROCESSES[part], loaded[part].frame
    draws = np.random.default_rng(0)
    last = (frame.groupby("unique_id")["ds"].max() / SECOND).to_numpy()
    series = draws.integers(0, 500, 200)
    until = draws.uniform(-0.1, 1.1, 200) * last[series]
    ahead = until + draws.exponential(15, 200)
    queries = pd.DataFrame(
        {
            "known_until": pd.to_timedelta((until * 1e6).round(), unit="us"),
            "ds": pd.to_timedelta((ahead * 1e6).round(), unit="us"),
            "unique_id": series,
        },
        index=draws.permutation(200) + 1000,
    )
    found = process.forecast(frame, queries)
    assert found.index.equals(queries.index)
    assert found["unique_id"].tolist() == series.tolist()
    for row, query in queries.iterrows():
        rows = frame[(frame["unique_id"] == query["unique_id"])]
        rows = rows[rows["ds"] <= query["known_until"]]
        times, when = (rows["ds"] / SECOND).to_numpy(), query["ds"] / SECOND
        mean, variance = by_covariance(process, times, rows["value"].to_numpy(), when)
        assert found.loc[row, "mean"] == pytest.approx(mean, abs=1e-7)
        assert found.loc[row, "variance"] == pytest.approx(variance, abs=1e-7)


def small():
    """Two readings of each of two series, out of order, with names and one missing value."""
    return pd.DataFrame(
        {
            "unique_id": ["b", "a", "a", "b", "a"],
            "ds": pd.to_timedelta([4, 3, 0, 1, 2], unit="s"),
            "value": [1.0, -0.5, 2.0, -1.0, np.nan],
        }
    )


@pytest.mark.parametrize("start", [pd.Timedelta(0), pd.Timestamp("2026-03-29", tz="Europe/Oslo")])
def test_order_missing_values_and_kind_of_time_do_not_matter(start):
    process = OrnsteinUhlenbeck(mean=0.0, deviation=1.0, timescale=2.0, noise=0.5)
    readings = small()
    readings["ds"] = start + readings["ds"]
    queries = pd.DataFrame({"unique_id": ["b", "a"], "ds": start + pd.Timedelta("5s")})
    found = process.forecast(readings, queries)
    for row, times, values in ((0, [1, 4], [-1.0, 1.0]), (1, [0, 3], [2.0, -0.5])):
        told = by_covariance(process, np.array(times), np.array(values), 5)
        assert tuple(found.loc[row, ["mean", "variance"]]) == pytest.approx(told)
    assert found["ds"].dtype == queries["ds"].dtype


def test_a_reading_at_the_asked_time_counts_only_under_known_until():
    process = OrnsteinUhlenbeck(mean=0.0, deviation=1.0, timescale=2.0)
    queries = pd.DataFrame({"unique_id": ["a"], "ds": pd.to_timedelta([3], unit="s")})
    before = process.forecast(small(), queries)
    at = process.forecast(small(), queries.assign(known_until=queries["ds"]))
    assert before["mean"].tolist() == pytest.approx([2 * np.exp(-1.5)])
    assert at["mean"].tolist() == pytest.approx([-0.5])
    assert at["variance"].tolist() == pytest.approx([0])


def test_before_any_reading_nothing_is_known():
    process = OrnsteinUhlenbeck(mean=7.0, deviation=3.0, timescale=2.0, noise=1.0)
    queries = pd.DataFrame({"unique_id": ["b", "a"], "ds": pd.to_timedelta([1, 0], unit="s")})
    for readings in (small(), small().assign(value=np.nan)):
        found = process.forecast(readings, queries)
        assert found["mean"].tolist() == [7, 7]
        assert found["variance"].tolist() == [9, 9]
    assert process.forecast(small(), queries[:0]).empty


def test_gaps_of_a_microsecond_years_later_are_kept():
    process = OrnsteinUhlenbeck(mean=0.0, deviation=1.0, timescale=1e-6)
    times = pd.Timedelta("36500D") + pd.to_timedelta([0, 1, 2], unit="us")
    frame = pd.DataFrame({"unique_id": 0, "ds": times, "value": [1.0, 2.0, 3.0]})
    found = process.forecast(pd.concat([frame.assign(ds=frame["ds"] - times[0]), frame][1:]), frame)
    assert found["mean"].tolist() == pytest.approx([0, np.exp(-1), 2 * np.exp(-1)])


def test_samples_have_the_covariance_of_the_process():
    process = OrnsteinUhlenbeck(mean=-3.0, deviation=2.0, timescale=4.0, noise=0.7)
    times = np.array([0.0, 0.5, 4.5, 5.0, 30.0])
    n_series = 100_000
    series = np.repeat(np.arange(n_series), 5)
    true, read = process.sample(np.random.default_rng(0), series, np.tile(times, n_series))
    true, read = true.reshape(-1, 5), read.reshape(-1, 5)
    expected = 4 * np.exp(-np.abs(times[:, None] - times) / 4)
    assert true.mean(0) == pytest.approx(np.full(5, -3.0), abs=0.03)
    assert np.cov(true.T) == pytest.approx(expected, abs=0.08)
    assert np.cov((read - true).T) == pytest.approx(0.49 * np.eye(5), abs=0.01)


@pytest.mark.parametrize("part", PARTS)
def test_no_simple_forecaster_comes_near_and_the_variance_tells_the_error(loaded, part):
    process, frame = PROCESSES[part], loaded[part].frame
    found = process.forecast(frame, frame)
    variance = found["variance"] + process.noise**2
    standard = (frame["value"] - found["mean"]) / np.sqrt(variance)
    n_rows = len(frame)
    assert abs(standard.mean()) < 4 / np.sqrt(n_rows)
    assert standard.var() == pytest.approx(1, abs=4 * np.sqrt(2 / n_rows))
    lagged = standard.groupby(frame["unique_id"]).shift()
    assert abs((standard * lagged).mean()) < 4 / np.sqrt(n_rows)
    best = ((frame["value"] - found["mean"]) ** 2).mean()
    held = frame.groupby("unique_id")["value"].shift().fillna(process.mean)
    assert best < 0.9 * ((frame["value"] - held) ** 2).mean()
    assert best < 0.9 * ((frame["value"] - process.mean) ** 2).mean()


def test_rows_splits_and_card(loaded):
    noisy, exact = loaded["noisy"], loaded["exact"]
    assert noisy.frame[["unique_id", "ds"]].equals(exact.frame[["unique_id", "ds"]])
    errors = noisy.frame["value"] - exact.frame["value"]
    assert errors.std() == pytest.approx(1, abs=0.02)
    for data in loaded.values():
        assert list(data.frame) == list(data.schema) == ["unique_id", "ds", "value"]
        assert data.labels is None
        assert data.static is None
        rows = data.frame.groupby("unique_id")["ds"]
        assert (rows.size().min(), rows.size().max()) == (40, 80)
        assert rows.min().eq(pd.Timedelta(0)).all()
        assert rows.diff().dropna().gt(pd.Timedelta(0)).all()
        assert len(data.splits) == 5
        assert data.card.endswith(f"- series: 500\n- rows: {len(data.frame)}\n")
        assert repr(data).startswith("Dataset(500 series, ")


def test_the_seed_decides():
    first, again, other = (load(n_series=9, seed=seed).frame for seed in (5, 5, 6))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda r, q: (r.drop(columns="value"), q), r"readings has no column 'value'; it needs"),
        (lambda r, q: (r, q.drop(columns="ds")), r"queries has no column 'ds'"),
        (lambda r, q: (r, q.assign(ds=3.0)), r"queries has ds as float64\. Give timedeltas in"),
        (
            lambda r, q: (r, q.assign(ds=pd.Timestamp("2026-01-01"))),
            r"queries has ds as datetime64\[.*\]\. Give timedeltas in both readings and queries",
        ),
        (
            lambda r, q: (r, q.assign(ds=q["ds"].shift())),
            r"queries has a row without unique_id or ds",
        ),
        (lambda r, q: (r.assign(value=np.inf), q), r"readings has an infinite value"),
        (lambda r, q: (pd.concat([r, r[1:2]]), q), r"readings has series 'a' twice at 0 days 00:0"),
        (lambda r, q: (r, q.assign(unique_id="c")), r"queries asks about series 'c', readings has"),
        (
            lambda r, q: (r, q.assign(known_until=pd.Timedelta("9s"))),
            r"series 'a': known_until 0 days 00:00:09 is not at or before ds 0 days 00:00:05",
        ),
    ],
)
def test_wrong_tables_are_refused(change, told):
    process = OrnsteinUhlenbeck(mean=0.0, deviation=1.0, timescale=1.0)
    queries = pd.DataFrame({"unique_id": ["a"], "ds": pd.to_timedelta([5], unit="s")})
    with pytest.raises(ValueError, match=told):
        process.forecast(*change(small(), queries))


@pytest.mark.parametrize(
    ("keywords", "told"),
    [
        ({"part": "loud"}, r"part='loud': ornstein_uhlenbeck has the parts 'noisy' and 'exact'"),
        ({"n_series": 0}, r"n_series=0: ask for at least one series"),
    ],
)
def test_wrong_arguments_are_refused(keywords, told):
    with pytest.raises(ValueError, match=told):
        load(**keywords)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("mean", np.nan, r"mean=nan must be a number"),
        ("deviation", 0, r"deviation=0 must be a number above 0"),
        ("timescale", np.inf, r"timescale=inf must be a number above 0"),
        ("noise", -1, r"noise=-1 must be a number, 0 or more"),
    ],
)
def test_wrong_parameters_are_refused(name, value, told):
    parameters = {"mean": 0.0, "deviation": 1.0, "timescale": 1.0, name: value}
    with pytest.raises(ValueError, match=told):
        OrnsteinUhlenbeck(**parameters)

import dataclasses

import numpy as np
import pytest
from ragged import draw_series, spans

from ct_s5.batch import Queries, ask, hide, pieces
from oracles.gaps_loop import gaps_loop

SERIES = draw_series(0, lengths=(5, 0, 9, 1))


def draw_queries(seed, n=40):
    rng = np.random.default_rng(seed)
    return Queries(rng.integers(0, 4, n), rng.integers(-4, 60, n) / 4)


@pytest.mark.parametrize("seed", range(5))
def test_queries_stand_in_order_of_time_after_the_reading_of_that_time(seed):
    queries = draw_queries(seed)
    told, place = ask(SERIES, queries)
    assert len(np.unique(place)) == len(place)
    for n, rows in enumerate(spans(told)):
        own = SERIES.times[spans(SERIES)[n]]
        asked = queries.times[queries.series == n]
        steps = sorted([(t, 0) for t in own] + [(t, 1) for t in asked])
        np.testing.assert_array_equal(told.times[rows], [t for t, _ in steps])
        is_query = np.isin(np.arange(rows.start, rows.stop), place)
        np.testing.assert_array_equal(is_query, [kind for _, kind in steps])
        reading = told.reading[rows]
        gaps, after = gaps_loop(told.times[rows], reading, told.first_gap)
        np.testing.assert_array_equal(told.gaps[rows], gaps)
        np.testing.assert_array_equal(told.gaps_after[rows], after)
    np.testing.assert_array_equal(told.times[place], queries.times)
    assert not told.observed[place].any()
    assert not told.reading[place].any()


def test_queries_leave_the_rows_as_they_were():
    told, place = ask(SERIES, draw_queries(1))
    own = np.setdiff1d(np.arange(len(told.times)), place)
    for name in ("values", "observed", "times", "reading", "gaps", "gaps_after"):
        np.testing.assert_array_equal(getattr(told, name)[own], getattr(SERIES, name))
    np.testing.assert_array_equal(told.static, SERIES.static)


def test_a_forecast_knows_the_rows_up_to_its_origin_alone():
    rows = np.arange(*SERIES.offsets[2:4])
    origins = np.array([rows[3], rows[0], rows[3], -1])
    times = SERIES.times[rows[-1]] + np.array([0.0, 1.0, 2.0, 3.0])
    told, place = ask(SERIES, Queries(np.full(4, 2), times), origins)
    for origin, time, row in zip(origins, times, place, strict=True):
        read = [r for r in rows if r <= origin and SERIES.reading[r]]
        wanted = time - SERIES.times[read[-1]] if read else SERIES.first_gap
        assert told.gaps[row] == wanted
        own = np.setdiff1d(np.arange(told.offsets[2], row), place)
        assert len(own) == (0 if origin < 0 else origin - rows[0] + 1)


def test_the_digits_behind_the_second_decide():
    series = SERIES.take(np.array([3]))
    queries = Queries(np.zeros(2, int), series.times[[0, 0]], np.array([-1e-12, 1e-12]))
    told, place = ask(series, queries)
    np.testing.assert_array_equal(place, [0, 2])
    assert told.gaps[2] == (1e-12 if series.reading[0] else series.first_gap)


def test_no_query_changes_nothing():
    told, place = ask(SERIES, Queries(np.zeros(0, int), np.zeros(0)))
    assert len(place) == 0
    np.testing.assert_array_equal(told.times, SERIES.times)
    np.testing.assert_array_equal(told.offsets, SERIES.offsets)


def test_a_row_with_every_cell_hidden_is_a_query():
    rng = np.random.default_rng(0)
    hidden = rng.random(SERIES.values.shape) < 0.6
    told = hide(SERIES, hidden)
    np.testing.assert_array_equal(told.observed, SERIES.observed & ~hidden)
    np.testing.assert_array_equal(told.reading, SERIES.reading & told.observed.any(axis=1))
    assert not told.values[~told.observed].any()
    np.testing.assert_array_equal(told.values[told.observed], SERIES.values[told.observed])
    gaps = [gaps_loop(told.times[r], told.reading[r], told.first_gap)[0] for r in spans(told)]
    np.testing.assert_array_equal(told.gaps, np.concatenate(gaps))


def test_hiding_makes_no_reading_of_a_query_that_carries_what_is_known():
    rows = np.arange(*SERIES.offsets[2:4])
    told, place = ask(SERIES, Queries(np.array([2]), SERIES.times[rows[:1]] - 5.0))
    observed = told.observed.copy()
    observed[place] = True
    told = dataclasses.replace(told, observed=observed)
    hidden = hide(told, np.zeros_like(told.observed))
    assert not hidden.reading[place].any()
    np.testing.assert_array_equal(hidden.reading, told.reading & told.observed.any(axis=1))


def test_asking_a_series_that_goes_on_leaves_its_gaps():
    parts, _ = pieces(SERIES, 3)
    told, place = ask(parts, Queries(np.array([1]), parts.times[parts.offsets[1:2]] + 0.01))
    own = np.setdiff1d(np.arange(len(told.times)), place)
    np.testing.assert_array_equal(told.gaps[own], parts.gaps)
    again, _ = pieces(parts, 2)
    np.testing.assert_array_equal(again.gaps, parts.gaps)

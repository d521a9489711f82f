import dataclasses

import numpy as np
import pytest
from ragged import draw_series, spans

from oracles.gaps_loop import gaps_loop

SERIES = draw_series(0)


def test_taking_series_keeps_each_as_it_was():
    chosen = [2, 1, 5, 2, 0]
    taken = SERIES.take(np.array(chosen))
    assert len(taken) == len(chosen)
    np.testing.assert_array_equal(taken.lengths, SERIES.lengths[chosen])
    for n, rows in zip(chosen, spans(taken), strict=True):
        source = spans(SERIES)[n]
        for name in ("values", "observed", "times", "reading", "gaps", "gaps_after"):
            np.testing.assert_array_equal(getattr(taken, name)[rows], getattr(SERIES, name)[source])
    np.testing.assert_array_equal(taken.static, SERIES.static[chosen])
    owned = np.concatenate([np.arange(len(SERIES.times))[spans(SERIES)[n]] for n in chosen])
    np.testing.assert_array_equal(SERIES.rows(np.array(chosen)), owned)


def test_taking_no_series_leaves_an_empty_set():
    nothing = SERIES.take(np.array([], int))
    assert len(nothing) == 0
    assert len(nothing.values) == 0


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_rows_left_out_leave_the_gaps_of_those_that_stay(share):
    kept = np.random.default_rng(0).random(len(SERIES.times)) < share
    rest = SERIES.keep(kept)
    assert len(rest) == len(SERIES)
    for n, (rows, source) in enumerate(zip(spans(rest), spans(SERIES), strict=True)):
        stays = kept[source]
        assert rest.lengths[n] == stays.sum()
        np.testing.assert_array_equal(rest.values[rows], SERIES.values[source][stays])
        times, reading = SERIES.times[source][stays], SERIES.reading[source][stays]
        alone = gaps_loop(times, reading, SERIES.first_gap)
        np.testing.assert_array_equal((rest.gaps[rows], rest.gaps_after[rows]), alone)


@pytest.mark.parametrize(("length", "size"), [(None, None), (12, None), (None, 8), (9, 6)])
def test_a_batch_holds_every_step_in_its_place_and_nothing_else(length, size):
    batch = SERIES.batch(length, size)
    assert batch.values.shape == (size or 6, length or 9, 2)
    assert batch.n_channels == 2
    assert batch.gaps.dtype == batch.values.dtype == np.float32
    for n, rows in enumerate(spans(SERIES)):
        n_steps = SERIES.lengths[n]
        for name in ("values", "observed", "gaps", "gaps_after", "reading"):
            row = getattr(batch, name)[n]
            np.testing.assert_array_equal(row[:n_steps], getattr(SERIES, name)[rows])
            assert not row[n_steps:].any()
        np.testing.assert_array_equal(batch.real[n], np.arange(len(batch.real[n])) < n_steps)
        np.testing.assert_array_equal(batch.static[n], SERIES.static[n])
    assert not batch.real[6:].any()


def test_series_without_a_step_make_a_batch():
    batch = SERIES.take(np.array([1, 1])).batch()
    assert batch.gaps.shape == (2, 1)
    assert not batch.real.any()


@pytest.mark.parametrize(("length", "size"), [(8, None), (None, 5)])
def test_a_batch_too_small_is_refused(length, size):
    message = f"6 series of up to 9 steps do not fit a batch of {size or 6} x {length or 9}"
    with pytest.raises(ValueError, match=message):
        SERIES.batch(length, size)


@pytest.mark.parametrize(("row", "time"), [(3, -1.0), (2, np.nan), (4, 1e33)])
def test_a_gap_that_cannot_be_right_is_refused_by_its_row_and_series(row, time):
    rows = spans(SERIES)[2]
    times, reading = SERIES.times.copy(), np.ones(len(SERIES.times), bool)
    times[rows.start + row] = time
    with pytest.raises(ValueError, match=rf"Row {row} of series number 2 is \S+ model units"):
        dataclasses.replace(SERIES, times=times, reading=reading)

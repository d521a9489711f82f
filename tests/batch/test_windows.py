import dataclasses
import itertools

import numpy as np
import pytest
from ragged import draw_series, spans

from ct_s5.batch import pieces, windows

SERIES = draw_series(0, lengths=(5, 0, 23, 1, 8))


@pytest.mark.parametrize(("length", "context"), [(8, 0), (8, 3), (5, 4), (40, 2), (1, 0)])
def test_every_row_is_new_in_one_window_and_context_in_those_after(length, context):
    told, owner, new = windows(SERIES, length, context)
    assert told.lengths.max() <= length
    assert (np.diff(owner) >= 0).all()
    for n, rows in enumerate(spans(SERIES)):
        parts = [part for part, own in zip(spans(told), owner, strict=True) if own == n]
        assert len(parts) >= 1
        fresh = [told.times[part][new[part]] for part in parts]
        np.testing.assert_array_equal(np.concatenate(fresh), SERIES.times[rows])
        for before, part in itertools.pairwise(parts):
            np.testing.assert_array_equal(
                told.values[part][~new[part]],
                told.values[before][len(told.values[before]) - context :],
            )
    np.testing.assert_array_equal(told.static, SERIES.static[owner])


def test_a_window_of_context_alone_is_refused():
    with pytest.raises(ValueError, match="cannot repeat 8 of them"):
        windows(SERIES, 8, 8)


@pytest.mark.parametrize("fine", [False, True])
@pytest.mark.parametrize("length", [1, 4, 40])
def test_pieces_have_the_gaps_of_the_whole(length, fine):
    series = SERIES
    if fine:
        series = dataclasses.replace(series, fractions=np.arange(len(series.times)) / 64)
    told, owner = pieces(series, length)
    assert told.lengths.max() <= length
    np.testing.assert_array_equal(told.values, series.values)
    np.testing.assert_array_equal(told.gaps, series.gaps)
    np.testing.assert_array_equal(told.static, series.static[owner])
    last = len(owner) - 1
    ends = np.array([last, 0])
    np.testing.assert_array_equal(told.take(ends).gaps, series.gaps[told.rows(ends)])
    read = told.reading
    np.testing.assert_array_equal(told.keep(read).gaps, series.keep(read).gaps)


def test_a_piece_without_its_first_reading_reaches_back_to_the_piece_before():
    told, owner = pieces(SERIES, 4)
    piece = int(np.flatnonzero(owner == 2)[2])  # rows 8 to 11 of the third series
    rows = np.arange(*told.offsets[piece : piece + 2])
    first = rows[told.reading[rows]][0]
    kept = np.arange(len(told.times)) != first
    after = rows[rows > first][0]
    before = np.flatnonzero(SERIES.reading[: rows[0]])[-1]
    wanted = (SERIES.times[after] - SERIES.times[before]) / SERIES.unit
    assert told.keep(kept).gaps[after - 1] == wanted


def test_the_first_window_of_a_series_that_goes_on_knows_when_it_was_last_read():
    parts, _ = pieces(SERIES, 9)
    told, owner, _ = windows(parts, 4)
    first = np.flatnonzero(np.diff(owner, prepend=-1) * (told.lengths > 0))
    assert len(first) > 4
    rows = parts.offsets[owner[first]]
    assert (parts.gaps[rows] != parts.first_gap).any()
    np.testing.assert_array_equal(told.gaps[told.offsets[first]], parts.gaps[rows])

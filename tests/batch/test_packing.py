import collections

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ragged import draw_series, spans

from ct_s5.batch import pack, packed_minibatches, thinned_lengths
from oracles.gaps_loop import gaps_loop

SERIES = draw_series(1, lengths=(5, 0, 9, 1, 3, 9, 2, 7, 7, 4, 12))


def cut(thinning=0.0, batch_size=4, seed=0, epoch=1):
    packing = pack(thinned_lengths(SERIES, thinning))
    drawn = {"seed": seed, "epoch": epoch, "thinning": thinning}
    return list(packed_minibatches(SERIES, packing, batch_size, **drawn))


@given(lengths=st.lists(st.integers(0, 20), max_size=40), more=st.integers(0, 10))
def test_every_series_gets_one_place_and_no_row_overflows(lengths, more):
    lengths = np.array(lengths, int)
    packing = pack(lengths, int(lengths.max(initial=1)) + more)
    members = packing.assign(lengths, np.random.default_rng(0))
    assert sorted(members[members >= 0]) == list(range(len(lengths)))
    steps = np.where(members >= 0, np.append(lengths, 0)[members], 0)
    assert (steps.sum(axis=1) <= packing.length).all()


@pytest.mark.parametrize("seed", range(5))
def test_rows_cut_to_pieces_pack_into_about_as_many_rows(seed):
    # Full rows, cut at random: as many rows are enough, and best fit needs at most 11/9 of them.
    rng = np.random.default_rng(seed)
    cuts = [np.sort(rng.choice(np.arange(1, 100), 4, replace=False)) for _ in range(30)]
    pieces = np.concatenate([np.diff(np.concatenate([[0], c, [100]])) for c in cuts])
    assert 30 <= len(pack(pieces, 100).rows) <= 11 / 9 * 30 + 1


def test_a_series_beyond_the_row_is_refused():
    with pytest.raises(ValueError, match="A series has 12 steps, a row 9"):
        pack(SERIES.lengths, 9)
    with pytest.raises(ValueError, match="The series of row 1 have 10 steps together, a row has 9"):
        SERIES.take(np.arange(4)).packed(np.array([[0, 1], [2, 3]]), 9)


@pytest.mark.parametrize("thinning", [0.0, 0.4])
@pytest.mark.parametrize("epoch", [None, 1, 5])
def test_each_series_comes_once_an_epoch(epoch, thinning):
    seen = np.concatenate([m.series.ravel() for m in cut(epoch=epoch, thinning=thinning)])
    assert collections.Counter(seen[seen >= 0]) == dict.fromkeys(range(len(SERIES)), 1)


@pytest.mark.parametrize("thinning", [0.0, 0.5])
def test_every_step_is_the_row_it_says_it_is(thinning):
    for part in cut(thinning):
        batch, rows = part.batch, part.rows
        np.testing.assert_array_equal(batch.real, rows >= 0)
        for name in ("values", "observed", "reading"):
            flat = getattr(SERIES, name)
            np.testing.assert_array_equal(getattr(batch, name)[batch.real], flat[rows[batch.real]])
        for n, slot in np.ndindex(part.series.shape):
            own = (batch.segments[n] == slot) & batch.real[n]
            series, kept = part.series[n, slot], rows[n][own]
            if series < 0:
                assert not own.any()
                continue
            np.testing.assert_array_equal(batch.static[n, slot], SERIES.static[series])
            assert np.isin(kept, np.arange(len(SERIES.times))[spans(SERIES)[series]]).all()
            assert (np.diff(kept) > 0).all()
            assert (np.diff(np.flatnonzero(own)) == 1).all()
            anew = gaps_loop(SERIES.times[kept], SERIES.reading[kept], SERIES.first_gap)
            np.testing.assert_array_equal((batch.gaps[n][own], batch.gaps_after[n][own]), anew)


def test_batches_have_one_shape_whatever_the_epoch():
    shapes = [[(m.rows.shape, m.series.shape) for m in cut(epoch=e, thinning=0.4)] for e in (1, 2)]
    assert shapes[0] == shapes[1]
    assert len(set(shapes[0])) == 1


def test_an_epoch_is_a_function_of_seed_and_number():
    def content(**keywords):
        return [(m.series.tolist(), m.rows.tolist()) for m in cut(thinning=0.4, **keywords)]

    assert content(seed=3, epoch=2) == content(seed=3, epoch=2)
    assert content(seed=3, epoch=2) != content(seed=3, epoch=3)
    assert content(seed=3, epoch=2) != content(seed=4, epoch=2)


def test_series_of_equal_length_trade_places():
    def company(epoch):
        rows = np.concatenate([m.series for m in cut(epoch=epoch)])
        return {frozenset(row[row >= 0].tolist()) for row in rows}

    assert len({frozenset(company(epoch)) for epoch in range(1, 9)}) > 1

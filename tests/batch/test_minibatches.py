import collections

import numpy as np
import pytest
from ragged import draw_series, spans

from ct_s5.batch import bucket_lengths, minibatches
from oracles.gaps_loop import gaps_loop

SERIES = draw_series(1, lengths=(5, 0, 9, 1, 3, 9, 2, 7, 7, 4, 12))
LENGTHS = bucket_lengths(SERIES.lengths, 3)


def cut(**keywords):
    return list(minibatches(SERIES, LENGTHS, 4, **({"seed": 0, "epoch": 0} | keywords)))


@pytest.mark.parametrize("thinning", [0.0, 0.4])
@pytest.mark.parametrize("epoch", [None, 0, 5])
def test_each_series_comes_once_an_epoch(epoch, thinning):
    seen = np.concatenate([m.series for m in cut(epoch=epoch, thinning=thinning)])
    assert collections.Counter(seen[seen >= 0]) == dict.fromkeys(range(len(SERIES)), 1)


@pytest.mark.parametrize("thinning", [0.0, 0.4])
def test_every_step_is_the_row_it_says_it_is(thinning):
    for minibatch in cut(thinning=thinning):
        batch, rows = minibatch.batch, minibatch.rows
        real = rows >= 0
        np.testing.assert_array_equal(batch.real, real)
        for name in ("values", "observed", "reading"):
            flat = getattr(SERIES, name)[rows]
            np.testing.assert_array_equal(getattr(batch, name)[real], flat[real])
        for n, places in zip(minibatch.series, rows, strict=True):
            kept = places[places >= 0]
            if n < 0:
                assert kept.size == 0
                continue
            own = np.arange(len(SERIES.times))[spans(SERIES)[n]]
            assert np.isin(kept, own).all()
            assert (np.diff(kept) > 0).all()
            if not thinning:
                np.testing.assert_array_equal(kept, own)


def test_batches_have_one_size_and_the_length_of_their_bucket():
    for minibatch in cut():
        n_rows, length = minibatch.batch.gaps.shape
        assert n_rows == 4
        assert length in LENGTHS
        longest = minibatch.batch.real.sum(axis=1).max()
        assert length == min(b for b in LENGTHS if b >= longest)


def test_an_epoch_is_a_function_of_seed_and_number():
    def content(**keywords):
        return [(m.series.tolist(), m.rows.tolist()) for m in cut(thinning=0.4, **keywords)]

    assert content(seed=3, epoch=2) == content(seed=3, epoch=2)
    assert content(seed=3, epoch=2) != content(seed=3, epoch=3)
    assert content(seed=3, epoch=2) != content(seed=4, epoch=2)


def test_evaluation_keeps_the_order_within_a_bucket():
    order = np.concatenate([m.series[m.series >= 0] for m in cut(epoch=None)])
    bucket = np.searchsorted(LENGTHS, SERIES.lengths[order])
    assert (np.diff(bucket) >= 0).all()
    assert all((np.diff(order[bucket == b]) > 0).all() for b in np.unique(bucket))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_thinning_leaves_the_readings_it_should_and_all_queries(share):
    for minibatch in cut(thinning=share):
        for n, places in zip(minibatch.series, minibatch.rows, strict=True):
            if n < 0:
                continue
            kept = places[places >= 0]
            reading = SERIES.reading[spans(SERIES)[n]]
            expected = max(1, round((1 - share) * reading.sum())) if reading.any() else 0
            assert SERIES.reading[kept].sum() == expected
            assert (~SERIES.reading[kept]).sum() == (~reading).sum()


def test_the_gaps_of_a_thinned_series_are_measured_anew():
    for minibatch in cut(thinning=0.5):
        batch = minibatch.batch
        for n, places in enumerate(minibatch.rows):
            kept = places[places >= 0]
            anew = gaps_loop(SERIES.times[kept], SERIES.reading[kept], SERIES.first_gap)
            measured = batch.gaps[n, : len(kept)], batch.gaps_after[n, : len(kept)]
            np.testing.assert_array_equal(measured, anew)


def test_what_stays_differs_from_epoch_to_epoch():
    def kept(epoch):
        return {row for m in cut(thinning=0.5, epoch=epoch) for row in m.rows.ravel().tolist()}

    everything = {row for epoch in range(20) for row in kept(epoch)}
    assert kept(0) < everything
    assert everything == {-1, *range(len(SERIES.times))}


def test_a_series_beyond_the_longest_bucket_is_refused():
    with pytest.raises(ValueError, match="A series has 12 steps, the longest bucket 9"):
        list(minibatches(SERIES, (4, 9), 4, seed=0))


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_share_that_cannot_be_left_out_is_refused(share):
    with pytest.raises(ValueError, match=f"from 0 to below 1; got {share}"):
        cut(thinning=share)

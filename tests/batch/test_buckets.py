import itertools

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from ct_s5.batch import bucket_lengths

settings_ = settings(deadline=None, derandomize=True, max_examples=60)


def padded_steps(lengths, buckets):
    """What every series takes up in the smallest bucket that it fits."""
    return sum(min(b for b in buckets if b >= n) for n in lengths)


def fewest_padded(lengths, n):
    """What n lengths pad to at best, by trying all."""
    longest = max(1, *lengths)
    others = itertools.combinations(range(1, longest), min(n - 1, longest - 1))
    return min(padded_steps(lengths, (*some, longest)) for some in others)


few_lengths = st.lists(st.integers(0, 12), min_size=1, max_size=12)


@given(lengths=few_lengths, n=st.integers(1, 4))
@settings_
def test_no_other_choice_of_buckets_pads_less(lengths, n):
    buckets = bucket_lengths(np.array(lengths), n)
    assert buckets[-1] == max(1, *lengths)
    assert len(buckets) <= n
    assert padded_steps(lengths, buckets) == fewest_padded(lengths, n)


@given(lengths=few_lengths, n=st.integers(1, 4), waste=st.sampled_from([0.1, 0.5, 1.0]))
@settings_
def test_another_length_is_spent_only_on_waste(lengths, n, waste):
    buckets = bucket_lengths(np.array(lengths), n, waste=waste)
    enough = (1 + waste) * sum(lengths)
    best = padded_steps(lengths, buckets)
    assert best <= enough or best == fewest_padded(lengths, n)
    if len(buckets) > 1:
        assert fewest_padded(lengths, len(buckets) - 1) > enough


@given(lengths=st.lists(st.integers(0, 5000), max_size=200), n=st.integers(1, 8))
@settings_
def test_every_series_fits_a_few_growing_buckets(lengths, n):
    buckets = bucket_lengths(np.array(lengths, int), n)
    assert 1 <= len(buckets) <= n
    assert all(a < b for a, b in itertools.pairwise(buckets))
    longest = max([1, *lengths])
    assert longest <= buckets[-1] <= longest + longest // 64
    assert all(type(b) is int for b in buckets)


@given(lengths=st.lists(st.integers(0, 500), min_size=1, max_size=99), multiple=st.integers(1, 40))
@settings_
def test_buckets_are_multiples(lengths, multiple):
    buckets = bucket_lengths(np.array(lengths), multiple=multiple)
    assert all(b % multiple == 0 for b in buckets)
    assert buckets[-1] >= max(lengths)


def test_no_bucket_is_refused():
    with pytest.raises(ValueError, match="n_buckets must be at least 1; got 0"):
        bucket_lengths(np.array([3]), 0)

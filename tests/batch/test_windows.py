import itertools

import numpy as np
import pytest
from ragged import draw_series, spans

from ct_s5.batch import windows

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

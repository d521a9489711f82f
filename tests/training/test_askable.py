"""What a model could only answer with NaN is named before anything is computed."""

import dataclasses

import numpy as np
import pytest
from tiny_training import NAMES, SETTINGS, classes, tiny_model, tiny_series

from ct_s5.training import fit, predict_all


def sentences(token):
    """Six series of four tokens, one of them `token`."""
    tokens = np.tile(np.arange(4, dtype=np.float32), 6)[:, None]
    tokens[9] = token
    return dataclasses.replace(tiny_series(), values=tokens, observed=np.ones((24, 1), bool))


def model():
    return tiny_model(n_channels=1, n_tokens=5, depth=0)


@pytest.mark.parametrize("token", [5.0, -1.0, -0.5, 1.9, np.nan])
def test_a_token_outside_is_refused_by_row_and_series(token):
    message = rf"Row 1 of series 'cleo' has the token {token:g}; .* vocabulary is 0 to 4"
    with pytest.raises(ValueError, match=message):
        fit(model(), sentences(token), classes(), loss="class", settings=SETTINGS, names=NAMES)
    with pytest.raises(ValueError, match="Row 1 of series 2 has the token"):
        predict_all(model(), sentences(token))


def test_the_last_token_and_a_cell_without_one_are_not():
    assert np.isfinite(predict_all(model(), sentences(4.0))).all()
    unasked = sentences(7.0)
    unasked.observed[9] = False
    assert np.isfinite(predict_all(model(), unasked)).all()


@pytest.mark.parametrize("mixer", ["s5", "transformer"])
def test_reading_both_ways_a_question_beyond_the_next_reading_is_refused(mixer):
    series = tiny_series()
    times, reading = series.times.copy(), series.reading.copy()
    reading[5], times[5] = False, times[7] + 1.0  # a row of bob's, asked ahead of those it knows
    series = dataclasses.replace(series, times=times, reading=reading)
    both = tiny_model(mixer=mixer, bidirectional=True, depth=1)
    message = r"Row 1 of series 'bob' is -\S+ model units before the next reading, 1 such rows"
    with pytest.raises(ValueError, match=message):
        fit(both, series, classes(), loss="class", settings=SETTINGS, names=NAMES)
    with pytest.raises(ValueError, match="Questions about times beyond a later row"):
        predict_all(both, series)
    assert np.isfinite(predict_all(tiny_model(), series)).all()

"""Answers in the cells that hold none, and nothing else touched."""

import numpy as np
import pandas as pd

from ct_s5.frames import encode, fill_missing


def filled(frame, columns=None):
    """A frame filled in with -1, -2, ... by row, and what stands around its channels."""
    encoded = encode(frame)
    told = -1.0 - np.arange(len(encoded.series.times))
    names = columns or {name: [name] for name in encoded.schema.channels}
    told = {channel: {name: told for name in own} for channel, own in names.items()}
    return fill_missing(frame, encoded, told)


def test_an_interval_is_that_of_its_channel_whatever_the_others_are_called():
    frame = pd.DataFrame({"unique_id": "a", "ds": range(3), "x": [1.0, np.nan, 3.0]})
    frame["x-lo"] = [100.0, 200.0, 300.0]
    names = {"x-lo": ["x-lo", "x-lo-lo-90"], "x": ["x", "x-lo-90"]}
    told = filled(frame, names)
    assert told["x-lo-90"].tolist() == [1, -2, 3]
    assert told["x-lo-lo-90"].tolist() == told["x-lo"].tolist() == [100, 200, 300]

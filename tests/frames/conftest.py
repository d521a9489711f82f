"""A small ward: three patients, read when somebody had time."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def ward():
    return pd.DataFrame(
        {
            "unique_id": ["b", "a", "b", "a", "c", "b"],
            "ds": pd.to_datetime(
                [
                    "2024-03-01 08:00",
                    "2024-03-01 09:00",
                    "2024-03-01 10:00",
                    "2024-03-01 13:30",
                    "2024-03-01 07:00",
                    "2024-03-02 08:00",
                ]
            ),
            "hr": [80.0, np.nan, 84.0, 91.0, 70.0, np.nan],
            "temp": [36.5, 38.0, np.nan, 37.5, np.nan, np.nan],
        },
        index=[10, 3, 3, 7, 0, -1],
    )

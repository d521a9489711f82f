"""Lengths of time that people read: 10 s, 1 h, 3 d."""

import numpy as np

from ct_s5.frames import duration as duration
from ct_s5.frames import unit_for as unit_for

_YEAR = 365.25 * 86400
_STEPS = [
    *((10.0 ** (k - 9), f"{10**k} ns") for k in range(3)),
    *((10.0 ** (k - 6), f"{10**k} µs") for k in range(3)),
    *((10.0 ** (k - 3), f"{10**k} ms") for k in range(3)),
    *((1.0, "1 s"), (3.0, "3 s"), (10.0, "10 s"), (30.0, "30 s")),
    *((60.0, "1 min"), (180.0, "3 min"), (600.0, "10 min"), (1800.0, "30 min")),
    *((3600.0, "1 h"), (3 * 3600.0, "3 h"), (12 * 3600.0, "12 h")),
    *((86400.0, "1 d"), (3 * 86400.0, "3 d"), (10 * 86400.0, "10 d"), (30 * 86400.0, "30 d")),
    *((100 * 86400.0, "100 d"),),
    *((_YEAR * 10**k, f"{10**k:,} y") for k in range(7)),
]


def duration_ticks(low: float, high: float, most: int = 7) -> tuple[list[float], list[str]]:
    """Round lengths of time between two, in seconds, for a logarithmic axis."""
    inside = [(value, word) for value, word in _STEPS if low <= value <= high]
    if len(inside) < 2:
        inside = [(value, duration(value)) for value in np.geomspace(low, high, 3)]
    every = -(-len(inside) // most)
    return [value for value, _ in inside[::every]], [word for _, word in inside[::every]]

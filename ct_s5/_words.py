"""How a message shows what it speaks of: values, lists, near misses."""

import datetime
import difflib
from collections.abc import Iterable

import numpy as np


def shown(value) -> str:
    """A value as a person would write it: `3`, `'b'`, `2020-01-01 08:00:00`."""
    # Those of pandas among them.
    times = datetime.datetime | datetime.timedelta | np.datetime64 | np.timedelta64
    if isinstance(value, times):
        return str(value)
    return repr(value.item() if isinstance(value, np.generic) else value)


def listed(values: Iterable, most: int = 5) -> str:
    """The first few values, and how many more there are: `'a', 'b' and 3 more`."""
    values = list(values)
    more = f" and {len(values) - most} more" if len(values) > most else ""
    return ", ".join(shown(value) for value in values[:most]) + more


def near(name: str, names: Iterable, likeness: float = 0.6) -> str:
    """A question for who mistyped a name: ` Did you mean 'ds'?`, or nothing where none is alike."""
    known = [str(other) for other in names]
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=likeness)
    return f" Did you mean {close[0]!r}?" if close else ""


def first(mask: np.ndarray) -> int:
    """The position of the first True."""
    return int(np.flatnonzero(mask)[0])

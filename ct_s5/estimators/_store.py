"""One state a series, for as many series as are live: stacked arrays, on the host."""

import json
from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int, Num

from ct_s5.frames import Instants
from ct_s5.nn import S5Model, vector_of


class Live(NamedTuple):
    """What is kept of n series; every array has n in front.

    Beside the state stand the one *before* the last reading and that reading itself: a row that
    shares its time may still come, and a drive that is already written could not take it in.
    """

    state: Float[np.ndarray, "n D"]
    """The `ModelState` as one vector, which is gone through in no time."""
    before: Float[np.ndarray, "n D"]
    gap: Float[np.ndarray, " n"]
    """Of the last reading, in model units."""
    totals: Float[np.ndarray, "n C"]
    """Sum of its values, in the caller's units: under `duplicates="mean"` of several."""
    counts: Int[np.ndarray, "n C"]
    """How many they are; 0 where the channel was not observed."""
    whole: Num[np.ndarray, " n"]
    """Its time, as `Instants` have it."""
    rest: Int[np.ndarray, " n"]
    static: Float[np.ndarray, "n S"]

    def take(self, rows: Int[np.ndarray, " m"]) -> "Live":
        """Some of the series."""
        return Live(*(array[rows] for array in self))


def fresh(model: S5Model, n: int) -> Live:
    """n series before their first reading."""
    settings = model.settings
    empty = np.tile(np.asarray(vector_of(model.initial_state())), (n, 1))
    return Live(
        state=empty,
        before=empty.copy(),
        gap=np.zeros(n),
        totals=np.zeros((n, settings.n_channels)),
        counts=np.zeros((n, settings.n_channels), np.int64),
        whole=np.zeros(n, np.int64),
        rest=np.zeros(n, np.int64),
        static=np.zeros((n, settings.n_static), np.float32),
    )


class Store:
    """Series by id. Places grow by doubling, and those of forgotten series are used again."""

    def __init__(self, model: S5Model):
        """Without any series.

        Raises:
            ValueError: The model cannot take readings as they arrive.
        """
        self._empty = fresh(model, 1)
        self._live = self._empty.take(np.zeros(1, np.int64))  # a copy: it is written to
        self._place: dict[Hashable, int] = {}
        self._free = [0]

    def __len__(self) -> int:
        """How many series are live."""
        return len(self._place)

    @property
    def ids(self) -> list[Hashable]:
        """The series, in order of their first reading."""
        return list(self._place)

    def find(self, ids: Iterable[Hashable]) -> Int[np.ndarray, " n"]:
        """Where the series are; -1 for those without a state."""
        return np.array([self._place.get(i, -1) for i in ids], np.int64)

    def get(self, places: Int[np.ndarray, " n"]) -> Live:
        """What is kept at these places; the fresh state where a place is -1."""
        kept, new = self._live.take(places), places < 0
        for out, empty in zip(kept, self._empty, strict=True):
            out[new] = empty
        return kept

    def put(self, ids: list[Hashable], live: Live) -> None:
        """Keep these series, in place of what was kept of them."""
        new = [i for i in ids if i not in self._place]
        self._grow(len(new) - len(self._free))
        for i in new:
            self._place[i] = self._free.pop()
        places = self.find(ids)
        self._live, live = _alike(self._live, live), _alike(live, self._live)
        for out, rows in zip(self._live, live, strict=True):
            out[places] = rows

    def forget(self, ids: Iterable[Hashable]) -> None:
        """Drop these series, all of which are known."""
        self._free += [self._place.pop(i) for i in ids]

    def _grow(self, missing: int) -> None:
        have = len(self._live.gap)
        more = max(missing, have) if missing > 0 else 0
        if more:
            rows = self._empty.take(np.zeros(more, np.int64))
            self._live = Live(*map(np.concatenate, zip(self._live, rows, strict=True)))
            self._free = [*range(have + more - 1, have - 1, -1), *self._free]

    def arrays(self) -> dict[str, np.ndarray]:
        """All series under readable names, for a file."""
        live = self._live.take(self.find(self._place))
        text = json.dumps([_plain(i) for i in self._place])
        ids = np.frombuffer(text.encode(), np.uint8)
        return {"ids": ids} | live._asdict()

    def set_arrays(self, arrays: dict[str, np.ndarray]) -> None:
        """Put what `arrays` gave in place of all series.

        Raises:
            ValueError: Arrays of other names, shapes or types.
        """
        ids = [_hashable(i) for i in json.loads(arrays["ids"].tobytes())]
        own = self._empty._asdict()
        if set(own) != set(arrays) - {"ids"} or len(set(ids)) < len(ids):
            raise ValueError("its arrays are not those of live series")
        for name, wanted in own.items():
            found = arrays[name]
            types = {wanted.dtype, np.dtype(np.float64)} if name == "whole" else {wanted.dtype}
            if found.shape != (len(ids), *wanted.shape[1:]) or found.dtype not in types:
                raise ValueError(f"array {name!r} is {found.dtype}{list(found.shape)}")
        live = Live(**{name: arrays[name] for name in own})
        self._place, self._free = {}, list(range(len(self._live.gap)))
        self.put(ids, live)


def _alike(live: Live, other: Live) -> Live:
    """Times that are whole numbers become floats beside floats."""
    own, theirs = (Instants(x.whole, x.rest, True) for x in (live, other))
    times = own.like(theirs)
    return live._replace(whole=times.whole, rest=times.rest)


def _plain(series_id) -> Any:
    """An id in JSON; no id is a list, so tuples may be lists there."""
    if isinstance(series_id, np.generic):
        series_id = series_id.item()
    if isinstance(series_id, tuple):
        return [_plain(part) for part in series_id]
    if not isinstance(series_id, str | int | float):
        raise TypeError(
            f"Series {series_id!r} has an id of type {type(series_id).__name__}, which has no "
            "place in a file. Ids are numbers, text or tuples of them; turn yours into text."
        )
    return series_id


def _hashable(told) -> Hashable:
    return tuple(map(_hashable, told)) if isinstance(told, list) else told

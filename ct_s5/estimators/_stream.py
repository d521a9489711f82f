"""Readings as they come: live series, each with its state."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Literal, NamedTuple

import jax
import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from ct_s5._words import first, listed
from ct_s5.batch import LONGEST_GAP
from ct_s5.estimators._late import dropped, refuse_late
from ct_s5.estimators._onward import Run, Steps, by_row, compiled, go_on, joined, padding
from ct_s5.estimators._store import Live, Store
from ct_s5.frames import (
    Asked,
    Duplicates,
    EncodedFrame,
    FrameSchema,
    Instants,
    LongFrame,
    TimeColumn,
    conform,
    encode,
    encode_static,
    read_static,
    to_long,
)
from ct_s5.nn import S5Model
from ct_s5.training import ArchiveError, from_archive, named_arrays, to_archive


class Replies(NamedTuple):
    """What the model says to M questions that come after the rows."""

    asked: Asked
    answers: Any
    leads: Float[np.ndarray, " M"]
    """Time since the last reading of each one's series, in model units; infinite without one."""


class Fresh(NamedTuple):
    """What some rows bring; nothing of it is kept before `Stream.keep`."""

    encoded: EncodedFrame
    """The rows, as `predict` would have them."""
    answers: Any
    """The model's raw answers, one a series of `encoded`, or one a row of it."""
    silent: pd.Index
    """Series that have no reading by now, and so the empty state's answer."""
    ids: list[Hashable]
    """Series to keep, and what to keep of them."""
    live: Live
    replies: Replies | None
    """To the questions, where there are any."""


class Stream:
    """The live series of a fitted model: what `S5Estimator.update` goes on from."""

    def __init__(self, model: S5Model, schema: FrameSchema):
        """Without any series.

        Raises:
            ValueError: The model reads from both ends, so it cannot take readings as they arrive.
        """
        self.model, self.schema = model, schema
        self.store = Store(model)
        self._bare = dataclasses.replace(schema, static=())
        self._run: Run | None = None

    def __getstate__(self):
        return vars(self) | {"_run": None}  # compiled code has no place in a pickle

    @property
    def run(self) -> Run:
        """The compiled `model.run` of a batch."""
        self._run = self._run or compiled(self.model)
        return self._run

    def read(
        self,
        rows,
        *,
        static=None,
        late: Literal["error", "drop"] = "error",
        duplicates: Duplicates = "error",
        sort: bool = False,
        questions: Callable[[EncodedFrame], Asked] | None = None,
    ) -> Fresh:
        """The answers that new rows bring, and the states to keep; see `S5Estimator.update`.

        Args:
            rows: As there, and so are `static`, `late`, `duplicates` and `sort`.
            questions: What to ask a model that answers per reading once the rows are read, about
                their series: at any times from the last readings on. Not asked without a row.

        Raises:
            TypeError, ValueError: As `update`; a question before the last reading of its series.
        """
        long, now, kept, known, last = self._arrived(rows, late)
        encoded = encode(long, self._bare, duplicates=duplicates, sort=sort)
        features = self._static(static, long, known, kept)
        total, count = kept.totals.copy(), kept.counts.copy()
        _fold(long, known[long.series] & now.same(last.take(long.series)), total, count, duplicates)
        times, owner = Instants.of(encoded.index.times), encoded.series.owners
        merged = known[owner] & times.same(last.take(owner))
        steps = self._steps(encoded, kept, known, last, merged)
        n = len(long.ids)
        again = np.zeros(n, bool)
        again[owner[merged]] = True
        steps = joined(self._replay(again, kept, total, count, merged, owner), steps)
        start = np.where(again[:, None], kept.before, kept.state)
        silent = np.flatnonzero(np.bincount(steps.owner, minlength=n) == 0)
        steps = joined(steps, padding(silent, len(self.schema.channels)))
        # The last reading of each series, and all that follows, comes after the state to keep.
        cut = np.full(n, -1)
        cut[steps.owner[steps.reading]] = np.flatnonzero(steps.reading)
        told = np.flatnonzero(cut >= 0)
        row = steps.row[cut[told]]
        come = (row >= 0) & ~np.append(merged, False)[row]  # whose last reading is a new one
        new, row = told[come], row[come]
        times = times.take(row).like(last)
        last = last.like(times)
        last.whole[new], last.rest[new] = times.whole, times.rest

        tail = np.arange(len(steps.owner)) >= cut[steps.owner]
        head, rest, begun = steps.where(~tail), steps.where(tail), known | (cut >= 0)
        asked, leads = None, np.zeros(0)
        if questions is not None and len(owner):
            asked = questions(encoded)
            asking = self._asking(asked, encoded, last, begun)
            rest, leads = joined(rest, asking), np.where(begun[asked.owner], asking.gaps, np.inf)
        heard, before = go_on(self.run, head, features, start)
        answers, state = go_on(self.run, rest, features, before)
        n_rows, replies = len(owner), None
        answers = self._in_order(n, n_rows + len(leads), (head, heard), (rest, answers))
        if asked is not None:
            replies = Replies(asked, _each(lambda a: a[n_rows:], answers), leads)
            answers = _each(lambda a: a[:n_rows], answers)

        total[new], count[new] = 0, 0
        final = np.zeros(len(owner), bool)
        final[row] = True
        _fold(long, final[_row_of(encoded, long)], total, count, duplicates)
        gap = kept.gap.copy()
        gap[told] = steps.gaps[cut[told]]
        live = Live(state, before, gap, total, count, last.whole, last.rest, features).take(told)
        return Fresh(encoded, answers, long.ids[~begun], long.ids[told].tolist(), live, replies)

    def keep(self, fresh: Fresh) -> None:
        """Go on from what `read` found."""
        self.store.put(fresh.ids, fresh.live)

    def last_readings(self, ids: Iterable[Hashable] | None = None) -> pd.Series:
        """The time of the last reading of each live series, or of those of `ids` that are live."""
        chosen = self.store.ids if ids is None else self._chosen(ids)
        places = self.store.find(chosen)
        names = [name for name, place in zip(chosen, places, strict=True) if place >= 0]
        kept, schema = self.store.get(places[places >= 0]), self.schema
        times = Instants(kept.whole, kept.rest, schema.time_kind == "number")
        told = times.column(schema.time_kind, schema.time_zone).rename(schema.time_col)
        # A tuple is one id.
        return told.set_axis(pd.Index(names, name=schema.id_col, tupleize_cols=False))

    def forget(self, ids: Iterable[Hashable] | None = None) -> None:
        """Drop some series, or all.

        Raises:
            ValueError: A series that has no state.
        """
        ids = self._chosen(self.store.ids if ids is None else ids)
        unknown = self.store.find(ids) < 0
        if unknown.any():
            names = [i for i, absent in zip(ids, unknown, strict=True) if absent]
            raise ValueError(f"There is no state of series {listed(names)}, so none to forget.")
        self.store.forget(ids)

    def _chosen(self, ids: Iterable[Hashable] | Hashable) -> list:
        """Each id once; one that is no list is one series, and so is a tuple that is an id."""
        alone = isinstance(ids, tuple) and self.store.find([ids])[0] >= 0
        if alone or not isinstance(ids, Iterable) or isinstance(ids, str):
            ids = [ids]
        return list(dict.fromkeys(ids))

    def to_bytes(self) -> bytes:
        """All states, in the format of model files; `from_bytes` reads them."""
        return to_archive("stream", {"model": self._fingerprint()}, self.store.arrays())

    def from_bytes(self, content: bytes) -> None:
        """Put exported states in place of all series.

        Raises:
            ArchiveError: Damaged or altered content, none of ours, or states of another model.
        """
        told, arrays = from_archive(content, "stream")
        if told.get("model") != self._fingerprint():
            raise ArchiveError(
                "These are the states of another model: its weights or its frame schema differ. "
                "Load the model that exported them, or give the readings to `update` anew."
            )
        try:
            self.store.set_arrays(arrays)
        except (LookupError, TypeError, ValueError) as error:
            raise ArchiveError(f"The archive holds no states of this model: {error}.") from error

    def _fingerprint(self) -> str:
        told = [dataclasses.asdict(self.model.settings), self.schema.to_json()]
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
        for name, array in named_arrays(self.model).items():
            digest.update(f"{name} {array.dtype} {array.shape}\n".encode() + array.tobytes())
        return digest.hexdigest()

    def _arrived(self, rows, late):
        """New rows and their times; of their series what is kept, which live, when last read."""
        if late not in ("error", "drop"):
            raise ValueError(f"late is 'error' or 'drop'; got {late!r}.")
        long = to_long(rows, id_col=self.schema.id_col, time_col=self.schema.time_col)
        if long.form == "array":
            raise ValueError(
                "An array has no times, so each update would begin at 0 again. Give a frame with "
                f"the columns {self.schema.id_col!r} and {self.schema.time_col!r}."
            )
        long = conform(long, self.schema)
        places = self.store.find(long.ids.tolist())
        kept, known = self.store.get(places), places >= 0
        self._refuse_twins(long.ids[~known])
        last = Instants(kept.whole, kept.rest, long.times.kind == "number")
        now = Instants.of(long.times)
        back = known[long.series] & now.before(last.take(long.series))
        if back.any():
            refuse_late(long, back, last, late)
            long, now = dropped(long, ~back), now.take(np.flatnonzero(~back))
        return long, now, kept, known, last

    def _refuse_twins(self, new: pd.Index) -> None:
        """Refuse 7 where '7' is live, which is another series and most likely meant to be it."""
        twins = [(own, other) for own in new if (other := _twin(own)) is not None]
        lives = self.store.find([other for _, other in twins]) >= 0
        for (own, other), live in zip(twins, lives, strict=True):
            if live:
                raise ValueError(
                    f"Series {own!r} is new, while {other!r} is live: an id and its text are two "
                    f"series. Give ids of one type, as {type(other).__name__}."
                )

    def _in_order(self, n: int, n_rows: int, head: tuple[Steps, Any], rest: tuple[Steps, Any]):
        """From answers at the steps to one for each of n series, or one for each of all rows."""
        if self.model.settings.per == "reading":
            return by_row(n_rows, head, rest)
        steps, answers = rest
        ends = np.cumsum(np.bincount(steps.owner, minlength=n)) - 1
        return _each(lambda a: a[ends], answers)

    def _static(self, static, long: LongFrame, known, kept: Live) -> Float[np.ndarray, "N S"]:
        """Features of each series: what is kept of it, or what comes with its first rows."""
        columns, features = self.schema.static, kept.static.copy()
        if static is None:
            if columns and not known.all():
                raise ValueError(
                    f"Series {listed(long.ids[~known])} has no state yet, and the model was fitted "
                    "with static features: pass static= with a row for it."
                )
            return features
        counted = isinstance(long.ids, pd.RangeIndex)
        new = long if counted else dataclasses.replace(long, ids=long.ids[~known])
        table = read_static(static, new)
        assert table is not None
        told = long.ids.isin(table.index)
        ids = long.ids[told]
        features[told] = encode_static(table.loc[ids], columns, ids)
        other = known & (features != kept.static).any(axis=1)
        if other.any():
            raise ValueError(
                f"The static features of series {listed(long.ids[other])} differ from those that "
                "came with its first reading. Leave them out, or forget the series first."
            )
        return features

    def _steps(self, encoded: EncodedFrame, kept: Live, known, last: Instants, merged) -> Steps:
        """The new rows, but those that merge into the last reading of their series."""
        series, owner = encoded.series, encoded.series.owners
        # Gaps inside the new rows are known; those that begin at the last reading are not.
        readings = np.cumsum(series.reading) - series.reading
        begin = np.append(readings, 0)[series.offsets[:-1]]
        across = np.flatnonzero(known[owner] & (readings == begin[owner]))
        gaps, times = series.gaps.copy(), encoded.index.times
        now, since = Instants.of(times).take(across), last.take(owner[across])
        gaps[across] = self._gaps(now, since, lambda i: encoded.where(int(across[i])), times)
        chosen = ~merged
        if self.model.settings.per == "series":
            chosen &= series.reading  # nobody is told what a query hears
        real, rows = np.ones(len(owner), bool), np.arange(len(owner))
        steps = Steps(series.values, series.observed, gaps, series.reading, real, owner, rows)
        return steps.where(chosen)

    def _asking(self, asked: Asked, encoded: EncodedFrame, last: Instants, begun) -> Steps:
        """Questions as steps that follow the last readings; their rows follow the frame's."""
        owner = asked.owner
        gaps, now = asked.series.gaps[asked.place], Instants.of(asked.times)
        some = np.flatnonzero(begun[owner])
        now, since = now.take(some), last.take(owner[some])
        if (back := now.before(since)).any():
            q = first(back)
            raise ValueError(
                f"at= asks about {asked.where(encoded, int(some[q]))}, before the last reading at "
                f"{since.show(q, asked.times)}. A stream answers from the last reading on; use "
                "predict for the past."
            )
        gaps[some] = self._gaps(
            now, since, lambda q: asked.where(encoded, int(some[q])), asked.times.take(some)
        )
        values, observed = (a[asked.place] for a in (asked.series.values, asked.series.observed))
        no, rows = np.zeros(len(owner), bool), len(encoded.series.times) + np.arange(len(owner))
        return Steps(values, observed, gaps, no, ~no, owner, rows)

    def _replay(self, chosen: Bool[np.ndarray, " n"], kept: Live, total, count, merged, whose):
        """The last reading of the chosen series once more, with the rows that merged into it."""
        owner = np.flatnonzero(chosen)
        observed = count[owner] > 0
        mean = np.where(observed, total[owner] / np.maximum(count[owner], 1), np.nan)
        values = np.where(observed, self.schema.standardise(mean), 0.0).astype(np.float32)
        ones, row = np.ones(len(owner), bool), np.full(len(chosen), -1)
        row[whose[merged]] = np.flatnonzero(merged)
        return Steps(values, observed, kept.gap[owner], ones, ones, owner, row[owner])

    def _gaps(self, now: Instants, last: Instants, where: Callable[[int], str], times: TimeColumn):
        """From last readings to now, in model units."""
        with np.errstate(over="ignore"):
            gaps = now.since(last) / self.schema.time_unit
        beyond = ~(gaps <= LONGEST_GAP) | ((gaps < np.finfo(np.float32).tiny) & ~now.same(last))
        if beyond.any():
            i = first(beyond)
            raise ValueError(
                f"The gap before {where(i)}, from the last reading at {last.show(i, times)} to "
                f"{now.show(i, times)}, is beyond what float32 can hold in units of "
                f"{self.schema.unit_name}. Forget the series first, which begins it anew."
            )
        return gaps


def _row_of(encoded: EncodedFrame, long: LongFrame) -> Int[np.ndarray, " R"]:
    """The row of `encoded` in which each row of `long` ended."""
    rows = np.empty(len(long.series), np.int64)
    rows[long.row_of_input] = encoded.row_of_input
    return rows


def _each(take: Callable[[np.ndarray], np.ndarray], answers):
    """A Gaussian has two arrays of answers."""
    return jax.tree.map(take, answers)


def _fold(long: LongFrame, chosen: Bool[np.ndarray, " R"], total, count, rule: Duplicates) -> None:
    """Write the values of some rows into their series' last reading, by the rule for duplicates."""
    rows = np.flatnonzero(chosen)
    r, c = np.nonzero(~np.isnan(long.values[rows]))
    n, values = long.series[rows[r]], long.values[rows[r], c]
    if rule == "mean":
        np.add.at(total, (n, c), values)
        np.add.at(count, (n, c), 1)
        return
    # What an earlier update merged is a mean, whatever the rule is now.
    had = total[n, c] / np.maximum(count[n, c], 1)
    clash = (count[n, c] > 0) & (had != values)
    if rule == "error" and clash.any():
        at = first(clash)
        row = int(rows[r[at]])
        raise ValueError(
            f"{long.where(row)} has {values[at]} for channel {long.channels[c[at]]!r} at "
            f"{long.times.show(row)}, which had {had[at]} at that time in an earlier "
            "update. Keep one of them, or fit with duplicates='mean' or duplicates='last'."
        )
    total[n, c], count[n, c] = values, 1


def _twin(own: Hashable) -> int | str | None:
    """7 of '7', and '7' of 7; of others nothing."""
    if isinstance(own, str):
        plain = own.isascii() and own.isdecimal() and len(own) < 19 and str(int(own)) == own
        return int(own) if plain else None
    return str(own) if isinstance(own, int | np.integer) and not isinstance(own, bool) else None

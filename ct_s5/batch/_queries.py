"""Queries put into series: steps that read the state and leave no trace."""

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from ct_s5.batch._series import SeriesSet


@dataclasses.dataclass(frozen=True)
class Queries:
    """Q questions, in any order, each to one series at one time."""

    series: Int[np.ndarray, " Q"]
    """Which series each asks."""
    times: Float[np.ndarray, " Q"]
    """When, on the clock and in the unit of the set's own `times`."""
    fractions: Float[np.ndarray, " Q"] | None = None
    """What `times` lack of the exact time."""


def ask(
    series: SeriesSet, queries: Queries, after: Int[np.ndarray, " Q"] | None = None
) -> tuple[SeriesSet, Int[np.ndarray, " Q"]]:
    """Put queries into series.

    Args:
        series: N series, R rows.
        queries: What to ask; a query at the time of a reading comes after it.
        after: For each query the last row of its series that it may know of, -1 for none. Left
            out, all rows up to its time. A row well before that time makes the query a forecast:
            its gap is the time since that row, whatever came in between.

    Returns:
        The series with Q rows more, and the row in which each query ended.
    """
    if after is None:
        after = _last_row_before(series, queries)
    starts = series.offsets[queries.series]
    behind = np.maximum(after + 1, starts)  # how many of the R rows come before each query
    fine = np.zeros(len(after)) if queries.fractions is None else queries.fractions
    order = np.lexsort((fine, queries.times, behind, queries.series))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = behind[order] + np.arange(len(order))
    n_rows = len(series.times) + len(order)
    own = np.ones(n_rows, dtype=bool)
    own[place] = False
    asked = np.bincount(queries.series, minlength=len(series))

    def widened(rows, answers: Any = 0):
        wide = np.zeros((n_rows, *rows.shape[1:]), rows.dtype)
        wide[own], wide[place] = rows, answers
        return wide

    fractions = series.fractions
    if fractions is not None or queries.fractions is not None:
        zero = np.zeros(len(series.times)) if fractions is None else fractions
        fractions = widened(zero, 0 if queries.fractions is None else queries.fractions)
    told = SeriesSet(
        values=widened(series.values),
        observed=widened(series.observed),
        times=widened(series.times, queries.times),
        reading=widened(series.reading, False),
        offsets=series.offsets + np.concatenate([[0], np.cumsum(asked)]),
        static=series.static,
        first_gap=series.first_gap,
        fractions=fractions,
        unit=series.unit,
        earlier=series.earlier,
    )
    return told, place


def ask_ahead(
    series: SeriesSet, rows: Int[np.ndarray, " Q"], origins: Int[np.ndarray, " Q"]
) -> tuple[SeriesSet, Int[np.ndarray, " Q"]]:
    """`ask` at the times of rows, each knowing what came up to its origin alone."""
    fractions = None if series.fractions is None else series.fractions[rows]
    return ask(series, Queries(series.owners[rows], series.times[rows], fractions), origins)


def one_clock(
    series: SeriesSet, rows: Int[np.ndarray, " Q"], apart: float
) -> Float[np.ndarray, " Q"]:
    """Times of rows on a clock that all series share, one after the other, in model units.

    Args:
        series: N series.
        rows: In order, so that their times on this clock are sorted.
        apart: Time from the last row of a series to the first of the next, at least.
    """
    elapsed = series.elapsed[rows]
    return elapsed + series.owners[rows] * (elapsed.max(initial=0) + apart)


def _last_row_before(series: SeriesSet, queries: Queries) -> Int[np.ndarray, " Q"]:
    """The last row of each query's series at or before its time; -1 where there is none."""
    n_rows = len(series.times)
    owner = np.concatenate([series.owners, queries.series])
    parts = [np.concatenate([series.times, queries.times])]
    if series.fractions is not None or queries.fractions is not None:
        both = ((series.fractions, series.times), (queries.fractions, queries.times))
        parts.append(np.concatenate([np.zeros_like(t) if f is None else f for f, t in both]))
    is_query = np.arange(len(owner)) >= n_rows
    order = np.lexsort((is_query, *parts[::-1], owner))
    rows = np.where(is_query[order], -1, order)
    last = np.maximum.accumulate(rows) if len(rows) else rows
    found = np.empty(len(order), dtype=np.int64)
    found[order] = last
    found = found[n_rows:]
    return np.where(found >= series.offsets[queries.series], found, -1)


def hide(series: SeriesSet, hidden: Bool[np.ndarray, "R C"]) -> SeriesSet:
    """Hide cells: they are not observed any more, and a row without any other is a query."""
    observed = series.observed & ~hidden
    return dataclasses.replace(
        series,
        values=np.where(observed, series.values, np.zeros_like(series.values)),
        observed=observed,
        reading=series.reading & np.asarray(observed.any(axis=1)),
    )

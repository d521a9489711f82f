"""What the runs of a comparison come to: a row a cell, and a curve over each corruption."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from ct_s5.lab._statistics import paired

Task = Literal["classify", "regress"]
SCORES: dict[Task, tuple[str, str]] = {"classify": ("accuracy", "auroc"), "regress": ("r2", "mse")}
"""Scores of a task; the first decides where nothing else is said."""
AS_THEY_ARE = "none"
"""The level of corruption at which the readings are left as they are."""
CONTROLS = ("depth-0", "summary", "summary-boosting", "last-value", "constant")
"""Models that know nothing of the order of readings, or next to nothing."""

Cell = tuple[str, str, str]
"""Model, treatment, level of corruption."""


class Curve(NamedTuple):
    """A score against the rate of a corruption."""

    rates: list[float]
    """The first is that of the readings as they are."""
    means: list[float]
    """Over seeds; NaN where no run has a score."""
    sds: list[float]
    """Over seeds, of a sample; NaN for a single one."""


def level_of(corruption: Mapping[str, Any] | None) -> str:
    """The word for a corruption, "drop=0.3"."""
    if corruption is None:
        return AS_THEY_ARE
    return f"{corruption['kind']}={corruption['rate']!r}".removesuffix(".0")


def levels_of(settings: Mapping[str, Any]) -> list[str]:
    """The levels of corruption of a comparison, the readings as they are first."""
    return [AS_THEY_ARE, *map(level_of, settings["corruptions"])]


def chance_of(settings: Mapping[str, Any]) -> float | None:
    """What knowing nothing would score; None for a squared error, whose unit is the data's."""
    if settings["score"] == "accuracy":
        classes = settings["data"].get("classes")
        return max(classes.values()) / sum(classes.values()) if classes else None
    return {"auroc": 0.5, "r2": 0.0}.get(settings["score"])


def cells_of(
    records: Iterable[dict[str, Any]], settings: Mapping[str, Any]
) -> dict[Cell, list[dict[str, Any]]]:
    """The records of each cell, in the order of the settings; none for a cell without any."""
    cells: dict[Cell, list[dict[str, Any]]] = {
        (model, treatment, level): []
        for model in settings["models"]
        for treatment in settings["treatments"]
        for level in levels_of(settings)
    }
    for record in records:
        key = record["model"], record["treatment"], level_of(record["corruption"])
        cells[key].append(record)
    return cells


def rows_of(
    cells: Mapping[Cell, Sequence[Mapping[str, Any]]], settings: Mapping[str, Any]
) -> dict[Cell, dict[str, Any]]:
    """Each cell as numbers; NaN where there is nothing to say."""
    score = settings["score"]
    second = next(name for name in SCORES[settings["task"]] if name != score)
    rows: dict[Cell, dict[str, Any]] = {}
    for cell, records in cells.items():
        # What was skipped or not run is no run.
        runs = [r for r in records if r["status"] not in ("skipped", "not run")]
        measured = [run for run in runs if run["status"] != "diverged"]
        beside = against(cell, settings)
        found = paired([] if beside is None else cells[beside], runs, score)
        rows[cell] = {
            score: _over(np.mean, measured, score),
            "sd": _over(_sd, measured, score),
            "difference": found.difference,
            "lo": found.lo,
            "hi": found.hi,
            "relative %": 100 * found.relative,
            "relative lo": 100 * found.relative_lo,
            "relative hi": 100 * found.relative_hi,
            "wins": found.wins,
            "ties": found.ties,
            "pairs": found.pairs,
            second: _over(np.mean, measured, second),
            "runs": len(runs),
            "diverged": len(runs) - len(measured),
            "seconds": _over(np.mean, runs, "seconds"),
            "ms a step": 1e3 * _over(np.mean, measured, "seconds_per_step"),
            "memory MB": _over(np.mean, measured, "memory_mb"),
            "compilations": _over(np.mean, measured, "n_compilations"),
            "parameters": _over(max, measured, "n_parameters"),
        }
    return rows


def against(cell: Cell, settings: Mapping[str, Any]) -> Cell | None:
    """The cell that a difference is taken from; None where there is no other.

    True gaps of the same model, and where there is one treatment only, the first model.
    """
    model, treatment, level = cell
    if len(settings["treatments"]) > 1:
        known = "true" in settings["treatments"] and treatment != "true"
        return (model, "true", level) if known else None
    first = next(iter(settings["models"]))
    return None if model == first else (first, treatment, level)


def curves_of(
    rows: Mapping[Cell, Mapping[str, Any]], settings: Mapping[str, Any]
) -> dict[str, dict[tuple[str, str], Curve]]:
    """For each kind of corruption, the curve of each model and treatment."""
    score = settings["score"]
    found: dict[str, dict[tuple[str, str], Curve]] = {}
    for kind in dict.fromkeys(c["kind"] for c in settings["corruptions"]):
        rates = sorted(c["rate"] for c in settings["corruptions"] if c["kind"] == kind)
        points = [(1.0 if kind == "rate" else 0.0, AS_THEY_ARE)]
        points += [(rate, level_of({"kind": kind, "rate": rate})) for rate in rates]
        found[kind] = {
            (model, treatment): Curve(
                [rate for rate, _ in points],
                [rows[model, treatment, level][score] for _, level in points],
                [rows[model, treatment, level]["sd"] for _, level in points],
            )
            for model in settings["models"]
            for treatment in settings["treatments"]
        }
    return found


def _over(how: Callable, runs: Sequence[Mapping[str, Any]], name: str) -> float:
    """A number over the runs that have it."""
    values = [run[name] for run in runs if run.get(name) is not None]
    return float(how(values)) if values else math.nan


def _sd(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan

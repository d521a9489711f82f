"""A comparison on a terminal: its table cut to the width there is, and notes."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ct_s5.lab._summary import level_of, levels_of

WIDTH = 120
_FORMS = {
    "relative %": "{:.0f}",
    "relative lo": "{:.0f}",
    "relative hi": "{:.0f}",
    "seconds": "{:.1f}",
    "ms a step": "{:.1f}",
    "memory MB": "{:,.0f}",
    "compilations": "{:.0f}",
    "parameters": "{:,.0f}",
}
# Not worth a word where it is the same in all rows, which is nearly always 0.
_SILENT = ("diverged", "ties")
# What goes first where a table is too wide; all of it is in `table` and on the page.
_EXPENDABLE = (
    ("relative lo", "relative hi"),  # one end alone is no interval
    *(("compilations",), ("memory MB",), ("ms a step",), ("runs",), ("parameters",), ("ties",)),
    *(("seconds",), ("auroc",), ("accuracy",), ("mse",), ("r2",), ("sd",), ("diverged",)),
    *(("wins",), ("pairs",)),
)
_STATUS = {
    "skipped": "Skipped",
    "not run": "Not run",
    "diverged": "Diverged and in no mean",
    "stopped": "Stopped early, and counted",
}


def fitted_text(table: pd.DataFrame, score: str, width: int = WIDTH) -> str:
    """The table as text, without the columns that say nothing and those that find no room.

    What is the same in all rows is said once, below.
    """
    shown, same = pd.DataFrame(index=table.index), []
    alone = (table["pairs"] == 0).to_numpy()
    for name in table.columns:
        words = [_worded(name, value) for value in table[name]]
        if name in ("wins", "ties", "pairs"):
            words = ["-" if left else word for left, word in zip(alone, words, strict=True)]
        if name == score or len(set(words)) > 1 or (len(words) == 1 and words != ["-"]):
            shown[name] = words
        elif words[0] != "-" and name not in _SILENT:
            same.append(f"{name} {words[0]}")
    text = shown.to_string()
    for names in _EXPENDABLE:
        if max(map(len, text.splitlines())) <= width:
            break
        shown = shown.drop(columns=[name for name in names if name != score], errors="ignore")
        text = shown.to_string()
    return "\n".join([text, f"In all rows: {', '.join(same)}."] if same else [text])


def notes_of(records: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]) -> list[str]:
    """What the intervals do not say, and a line a reason for what has no score or stopped early."""
    told = []
    if settings["score"] == "auroc":
        told.append("AUROC is no mean over series: its intervals come from the seeds alone.")
    elif len(settings["seeds"]) == 1:
        told.append(
            "One seed only: the intervals say what other test series would do, and nothing of "
            "other splits and weights."
        )
    trained = {_training(r): r for r in records if r["status"] == "ok" and "n_epochs" in r}
    late = [r for r in trained.values() if r["best_epoch"] == r["n_epochs"]]
    if len(late) > len(trained) / 4:
        names = ", ".join(dict.fromkeys(record["model"] for record in late))
        told.append(
            f"{len(late)} of {len(trained)} trained networks were best in their last epoch "
            f"({names}): more max_epochs may raise them."
        )
    reasons: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for record in records:
        if record["status"] != "ok":
            # Reasons that differ in a number alone, such as the step, are one.
            key = record["status"], re.sub(r"\d+", "0", record["reason"])
            reasons.setdefault(key, []).append(record)
    for (status, _), found in reasons.items():
        cells: dict[str, list[str]] = {}
        for record in found:
            cells.setdefault(record["model"], []).append(record["treatment"])
        names = [f"{model} ({', '.join(dict.fromkeys(ts))})" for model, ts in cells.items()]
        seeds = sorted({record["seed"] for record in found})
        some = f", seed {', '.join(map(str, seeds))}" if seeds != sorted(settings["seeds"]) else ""
        levels = list(dict.fromkeys(level_of(record["corruption"]) for record in found))
        if len(levels) < len(levels_of(settings)):
            some += f", corruption {', '.join(levels)}"
        reason = found[0]["reason"].removesuffix(".")
        reason = f"{reason[:1].upper()}{reason[1:]}."
        told.append(f"{_STATUS[status]}: {', '.join(names)}{some}. {reason}")
    return told


def _training(record: Mapping[str, Any]) -> tuple:
    """What tells a training from the others; at other points of a curve it may be the same one."""
    return record["model"], record["treatment"], record["seed"], record["seconds"]


def _worded(name: str, value) -> str:
    if isinstance(value, float) and math.isnan(value):
        return "-"
    form = _FORMS.get(name, "{:.0f}" if isinstance(value, int | np.integer) else "{:.3f}")
    return form.format(value)

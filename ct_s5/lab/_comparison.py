"""Comparison: what `compare` found, as a table, a sentence, a file, a page."""

import dataclasses
import functools
import hashlib
import json
import math
import os
import pathlib
from typing import Any

import numpy as np
import pandas as pd

from ct_s5._files import write_atomically

FORMAT = "ct-s5 comparison"
FORMAT_VERSION = 1
SCORES = {"classify": ("accuracy", "auroc"), "regress": ("r2", "mse")}
"""Scores of a task, the one that decides first; of that one, more is better."""
WORDS = {"accuracy": "an accuracy", "r2": "an R²"}
_TREATED = {
    "equal": "treating all gaps as equal",
    "appended": "giving the gaps as one more channel",
    "shuffled": "shuffling the gaps",
}


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The runs of a comparison, and all that is needed to read and to repeat them."""

    records: list[dict[str, Any]]
    """One a run: model, treatment, seed, status ("ok", "stopped" or "diverged"), scores, seconds,
    best_epoch, n_epochs, n_compilations, n_parameters, history (loss by epoch)."""
    settings: dict[str, Any]
    """Treatments, keywords of each model, seeds, split, a description of the data, the command."""
    versions: dict[str, str]
    commit: str | None
    machine: dict[str, str | int]

    @property
    def score(self) -> str:
        """The score that decides: "accuracy", or "r2". More is better."""
        return SCORES[self.settings["task"]][0]

    @property
    def protocol(self) -> dict[str, str]:
        """Name and sha256 of the rules: task, split, seeds, treatments, models. Not of the data."""
        names = ("task", "treatments", "models", "seeds", "test_fraction", "validation_fraction")
        rules = {"version": FORMAT_VERSION} | {name: self.settings[name] for name in names}
        text = json.dumps(rules, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return {"name": "ct-s5 compare@1", "sha256": hashlib.sha256(text.encode()).hexdigest()}

    @functools.cached_property
    def table(self) -> pd.DataFrame:
        """One row a (model, treatment).

        Columns: the score, its standard deviation over seeds (`sd`, of a sample); `difference`, by
        how much true gaps score higher with the same model and seed, on average, and the standard
        deviation of that; `wins`, the seeds in which they do, and `ties`, of `pairs`; the second
        score; `runs`, of which `diverged` have no score and are in no mean; seconds a run, and
        parameters.
        """
        table = pd.DataFrame(self.rows).T
        table.index.names = ["model", "treatment"]
        whole = ["wins", "ties", "pairs", "runs", "diverged", "parameters"]
        return table.astype(dict.fromkeys(whole, int))

    @functools.cached_property
    def rows(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The table as plain numbers, by (model, treatment); NaN where there is nothing to say."""
        first, second = SCORES[self.settings["task"]]
        rows: dict[tuple[str, str], dict[str, Any]] = {}
        for model in self.settings["models"]:
            true = self._by_seed(model, "true", first)
            for treatment in self.settings["treatments"]:
                scores = self._by_seed(model, treatment, first)
                paired = [true[s] - scores[s] for s in scores if s in true]
                paired = [] if treatment == "true" else paired
                runs = self._runs(model, treatment)
                rows[model, treatment] = {
                    first: _mean(scores.values()),
                    "sd": _sd(scores.values()),
                    "difference": _mean(paired),
                    "difference sd": _sd(paired),
                    "wins": sum(difference > 0 for difference in paired),
                    "ties": sum(difference == 0 for difference in paired),
                    "pairs": len(paired),
                    second: _mean(self._by_seed(model, treatment, second).values()),
                    "runs": len(runs),
                    "diverged": sum(run["status"] == "diverged" for run in runs),
                    "seconds": _mean(run["seconds"] for run in runs),
                    "parameters": max((run.get("n_parameters", 0) for run in runs), default=0),
                }
        return rows

    @property
    def headline(self) -> str:
        """The answer in one sentence, about the first model."""
        model, words = next(iter(self.settings["models"])), WORDS[self.score]
        known = [t for t in ("true", *_TREATED) if not math.isnan(self._score_of(model, t))]
        if not known:
            return f"No run of {model} came to an end: the loss diverged in all of them."
        if known[0] != "true":
            told = ", ".join(f"{t} {self._score_of(model, t):.2f}" for t in known)
            return f"Without a score for true gaps there is nothing to compare: {told}."
        best = f"True gaps reach {words} of {self._score_of(model, 'true'):.2f}"
        if len(known) == 1 or not self.rows[model, known[1]]["pairs"]:
            return f"{best}; there is no other treatment to compare with."
        if all(f"{self._score_of(model, t):.2f}" == "1.00" for t in known):
            return f"All treatments reach {words} of 1.00: the task is too easy to tell them apart."
        others = [self.rows[model, t] for t in known[1:]]
        if all(0 < row["pairs"] == row["ties"] for row in others):
            return (
                f"All treatments reach, seed for seed, the same: {words} of "
                f"{self._score_of(model, 'true'):.2f}. The task is too hard, or its test series "
                "too few, to tell them apart."
            )
        row = others[0]
        pairs = row["pairs"]
        size, kind = f"{row['difference']:.2f}, one seed only", "difference"
        if pairs > 1:
            size = f"{row['difference']:.2f} ± {row['difference sd']:.2f} over {pairs} paired seeds"
            # A rule of thumb, not a test: nobody should read a few seeds as more than that.
            clear = abs(row["difference"]) > 2 * row["difference sd"] / math.sqrt(pairs)
            if not clear or row["wins"] not in (0, pairs):
                kind = "no clear difference:"
        return f"{best}; {_TREATED[known[1]]} reaches {row[self.score]:.2f} ({kind} {size})."

    @property
    def notes(self) -> list[str]:
        """What the means hide: what some seeds left out; runs that diverged or stopped early."""
        told = [left_out(untold) for untold in self.settings.get("left_out", [])]
        for record in self.records:
            if record["status"] != "ok":
                name = f"{record['model']} with {record['treatment']} gaps, seed {record['seed']}"
                left = "is in no mean" if record["status"] == "diverged" else "counts"
                told.append(f"{name} {record['status']} and {left}: {record['reason']}")
        return told

    def __str__(self) -> str:
        shown = self.table.drop(columns=["runs"])
        if not any(row["diverged"] for row in self.rows.values()):
            shown = shown.drop(columns="diverged")
        spec = {"seconds": "{:.1f}", "parameters": "{:,.0f}"}
        for name in shown.columns:
            form = spec.get(name, "{:.0f}" if shown[name].dtype.kind == "i" else "{:.3f}")
            shown[name] = [_shown(form, value) for value in shown[name]]
        own = shown.index.get_level_values("treatment") == "true"
        shown.loc[own, ["wins", "ties", "pairs"]] = "-"
        return "\n".join([shown.to_string(), "", self.headline, *self.notes])

    def to_json(self, path: str | os.PathLike) -> pathlib.Path:
        """Write results.json: settings, protocol, versions, commit, machine, and the runs."""
        content = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "headline": self.headline,
            "protocol": self.protocol,
            "settings": self.settings,
            "versions": self.versions,
            "commit": self.commit,
            "machine": self.machine,
            "runs": self.records,
        }
        text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False)
        return write_atomically(path, (text + "\n").encode())

    @classmethod
    def from_json(cls, path: str | os.PathLike) -> "Comparison":
        """Read what `to_json` wrote.

        Raises:
            ValueError: Another file, or one of a newer ct_s5.
        """
        try:
            found = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise ValueError(f"{path} is no results file of ct-s5 compare: {error}.") from error
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise ValueError(f"{path} is no results file of ct-s5 compare.")
        if found.get("format_version") != FORMAT_VERSION:
            raise ValueError(
                f"{path} has format version {found.get('format_version')!r}; this ct_s5 reads "
                f"{FORMAT_VERSION}. Read it with the ct_s5 that wrote it, or a newer one."
            )
        try:
            names = ("settings", "versions", "commit", "machine")
            comparison = cls(found["runs"], **{name: found[name] for name in names})
            _ = comparison.table, comparison.protocol
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is an incomplete results file: {error!r}.") from error
        return comparison

    def to_html(self, path: str | os.PathLike) -> pathlib.Path:
        """Write one self-contained page: the answer, the table, the plots, how to repeat it."""
        from ct_s5.lab._page import page

        return write_atomically(path, page(self).encode())

    def _repr_html_(self) -> str:
        return f"<p>{self.headline}</p>{self.table.to_html(float_format='%.3g', border=0)}"

    def _runs(self, model: str, treatment: str) -> list[dict[str, Any]]:
        return [r for r in self.records if r["model"] == model and r["treatment"] == treatment]

    def _by_seed(self, model: str, treatment: str, score: str) -> dict[int, float]:
        """Scores by seed, of the runs that have one."""
        runs = self._runs(model, treatment)
        return {run["seed"]: run[score] for run in runs if run.get(score) is not None}

    def _score_of(self, model: str, treatment: str) -> float:
        return self.rows.get((model, treatment), {}).get(self.score, math.nan)


def left_out(untold: dict[str, Any]) -> str:
    """A sentence about the channels and static columns that a seed left out; none for none."""
    words = [f"channel {name!r}" for name in untold["channels"]]
    words += [f"static column {name!r}" for name in untold["static"]]
    if not words:
        return ""
    return (
        f"With seed {untold['seed']} no training series has a value of {', '.join(words)}: left "
        "out of all runs of that seed."
    )


def plain(value):
    """A value as JSON has it: tuples become lists, times become text."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def number(value) -> float | None:
    """A float, or None where it is not finite, which JSON has no word for."""
    return float(value) if np.isfinite(value) else None


def _mean(values) -> float:
    values = list(values)
    return float(np.mean(values)) if values else math.nan


def _sd(values) -> float:
    values = list(values)
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def _shown(form: str, value) -> str:
    return "-" if isinstance(value, float) and math.isnan(value) else form.format(value)

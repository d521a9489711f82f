"""Comparison: what `compare` found, as a table, a sentence, a file, a page."""

import dataclasses
import functools
import hashlib
import html
import json
import os
import pathlib
from typing import Any

import numpy as np
import pandas as pd

from ct_s5._files import write_atomically
from ct_s5.lab._headline import Answer
from ct_s5.lab._summary import SCORES as SCORES
from ct_s5.lab._summary import Cell, Curve, cells_of, curves_of, rows_of
from ct_s5.lab._surroundings import origins
from ct_s5.lab._text import fitted_text, notes_of

FORMAT = "ct-s5 comparison"
FORMAT_VERSION = 2
_PROTOCOL = 3
_RULES = (
    *("task", "per", "score", "treatments", "models", "matched", "corruptions", "corrupt_at"),
    *("seeds", "test_fraction", "validation_fraction", "grid", "grouped"),
)
_WHOLE = ("wins", "ties", "pairs", "runs", "diverged")


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The runs of a comparison, and all that is needed to read and to repeat them."""

    records: list[dict[str, Any]]
    """One a run and corruption of its test (None: the readings as they are): model, treatment,
    seed, corruption, status, its reason, scores, errors (one a test unit) and units, seconds,
    seconds_per_step, memory_mb, best_epoch, n_epochs, n_steps, n_compilations, n_parameters,
    history (loss by epoch). The status is "ok", "stopped" (the loss became NaN after the best
    epoch), "diverged" (no score), "skipped" (the model cannot take the treatment) or "not run".
    `made`, of a run from a store, is what of commit, machine and versions was not as below; None
    where the store does not say."""
    settings: dict[str, Any]
    """Treatments, keywords of each model, corruptions, seeds, split, the score that decides, a
    description of the data, the command."""
    versions: dict[str, str]
    commit: str | None
    machine: dict[str, str | int]

    @property
    def score(self) -> str:
        """The score that decides: "accuracy", "auroc", "r2", or "mse", of which less is better."""
        return self.settings["score"]

    @property
    def protocol(self) -> dict[str, str]:
        """Name and sha256 of the rules. Neither the data nor the time allowed is one of them.

        A split that was given is one. Of results that an older ct-s5 wrote it is that of the rules
        as they are told today, so that any two can be compared; their file keeps what it was then.
        """
        rules = {"version": _PROTOCOL} | {name: self.settings[name] for name in _RULES}
        rules["split"] = self.settings.get("split")  # which the first files lack
        text = json.dumps(rules, sort_keys=True, separators=(",", ":"), allow_nan=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        return {"name": f"ct-s5 compare@{_PROTOCOL}", "sha256": digest}

    @functools.cached_property
    def table(self) -> pd.DataFrame:
        """One row a (model, treatment), or (model, treatment, corruption) where there are any.

        Columns: the score and its standard deviation over seeds (`sd`, of a sample); `difference`,
        by how much true gaps are better with the same model, seed and corruption (with one
        treatment only: by how much the first model is), with its 95 % interval, `lo` to `hi`
        (see `ct_s5.lab._statistics.paired`); the same as a share of the error, `relative %`;
        `wins`, the seeds in which it is better, and `ties`, of `pairs`; the second score; `runs`,
        of which `diverged` have no score and are in no mean; seconds a run, milliseconds a step,
        the peak of memory, compilations, and parameters. NaN where there is nothing to say.
        """
        table = pd.DataFrame(self.rows).T
        table.index.names = ["model", "treatment", "corruption"]
        if not self.settings["corruptions"]:
            table = table.droplevel("corruption")
        return table.astype(dict.fromkeys(_WHOLE, int))

    @functools.cached_property
    def rows(self) -> dict[Cell, dict[str, Any]]:
        """The table as plain numbers, by (model, treatment, corruption), "none" for none."""
        return rows_of(self._cells, self.settings)

    @property
    def curves(self) -> dict[str, dict[tuple[str, str], Curve]]:
        """The score against the rate, by kind of corruption, then by (model, treatment)."""
        return curves_of(self.rows, self.settings)

    @functools.cached_property
    def headline(self) -> str:
        """The answer in a sentence about the first model, and one about the best of several."""
        return str(Answer(self.settings, self._cells, self.rows))

    @property
    def notes(self) -> list[str]:
        """What the means hide: what was left out, skipped, not run, stopped, made elsewhere."""
        told = [left_out(untold) for untold in self.settings.get("left_out", [])]
        here = {name: getattr(self, name) for name in ("commit", "machine", "versions")}
        return told + notes_of(self.records, self.settings) + origins(self.records, here)

    def __str__(self) -> str:
        return "\n".join([fitted_text(self.table, self.score), "", self.headline, *self.notes])

    def to_json(self, path: str | os.PathLike) -> pathlib.Path:
        """Write results.json: settings, protocol, versions, commit, machine, notes, the runs."""
        content = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "headline": self.headline,
            "notes": self.notes,
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
        version = found.get("format_version")
        if version not in (1, FORMAT_VERSION):
            raise ValueError(
                f"{path} has format version {version!r}; this ct_s5 reads 1 and "
                f"{FORMAT_VERSION}. Read it with the ct_s5 that wrote it, or a newer one."
            )
        try:
            if version == 1:
                found = _brought_up(found)
            names = ("settings", "versions", "commit", "machine")
            comparison = cls(found["runs"], **{name: found[name] for name in names})
            _ = comparison.headline, comparison.table, comparison.protocol
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is an incomplete results file: {error!r}.") from error
        return comparison

    def to_html(self, path: str | os.PathLike) -> pathlib.Path:
        """Write one self-contained page: the answer, the table, the plots, how to repeat it."""
        from ct_s5.lab._page import page

        return write_atomically(path, page(self).encode())

    def _repr_html_(self) -> str:
        table = self.table.to_html(float_format="%.3g", border=0)
        return f"<p>{html.escape(self.headline)}</p>{table}"

    @functools.cached_property
    def _cells(self) -> dict[Cell, list[dict[str, Any]]]:
        return cells_of(self.records, self.settings)


def _brought_up(found: dict[str, Any]) -> dict[str, Any]:
    """A file of version 1, of which every run was of whole series as they are."""
    settings = {
        "per": "series",
        "score": SCORES[found["settings"]["task"]][0],
        "matched": None,
        "corruptions": [],
        "corrupt_at": "test",
        "grid": None,
        "grouped": False,
    }
    runs = [{"corruption": None} | run for run in found["runs"]]
    return found | {"settings": settings | found["settings"], "runs": runs}


def left_out(untold: dict[str, Any]) -> str:
    """What a seed left out, in sentences; none for nothing."""
    words = [f"channel {name!r}" for name in untold["channels"]]
    words += [f"static column {name!r}" for name in untold["static"]]
    told, seed = [], untold["seed"]
    if words:
        told.append(
            f"With seed {seed} no training series has a value of {', '.join(words)}: left out of "
            "all runs of that seed."
        )
    if n := untold.get("validation"):
        told.append(
            f"With seed {seed} {n} labels of the validation part are of classes that no training "
            "label is of: they choose no epoch."
        )
    return " ".join(told)


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

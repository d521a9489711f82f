"""The table of README.md from the results files: `python -m experiments.defaults.table`."""

import json
import pathlib
from typing import Any

import numpy as np

from experiments.defaults.run import CHANGES, RESULTS
from experiments.record import fill, mean_and_spread

SETS = ("physionet2012", "oscillators")
SCORES = {"auroc": "AUROC", "log_loss": "log loss"}


def tables() -> dict[str, str]:
    """The table, by the name of its markers."""
    heads = [f"{name} {title}" for name in SETS for title in SCORES.values()]
    lines = ["| change | " + " | ".join(heads) + " | seeds |", "|---|" + "---|" * (len(heads) + 1)]
    base = {name: _results(name, "defaults") for name in SETS}
    for change in CHANGES:
        found = {name: _results(name, change) for name in SETS}
        against = base if change != "defaults" else dict.fromkeys(SETS)
        cells = [_cell(found[n], against[n], score) for n in SETS for score in SCORES]
        counts = {len(results["seeds"]) for results in found.values() if results}
        cells.append(" / ".join(map(str, sorted(counts))))
        lines.append(f"| {change.replace('_', ' ')} | {' | '.join(cells)} |")
    return {"defaults": "\n".join(lines)}


def _results(name: str, change: str) -> dict[str, Any]:
    path = RESULTS / f"{name}-{change}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def _cell(results: dict[str, Any], base: dict[str, Any] | None, score: str) -> str:
    """A level; or by how much it differs from the base, over the seeds that both have."""
    if not results or base == {}:
        return "not run"
    if base is None:
        return mean_and_spread(results, score)
    levels = {entry["seed"]: entry[score] for entry in base["seeds"]}
    known = [entry for entry in results["seeds"] if entry["seed"] in levels]
    differences = [entry[score] - levels[entry["seed"]] for entry in known]
    return f"{np.mean(differences):+.3f} ({min(differences):+.3f} to {max(differences):+.3f})"


def write(*, check: bool = False) -> bool:
    """Fill the README; whether it already said the same."""
    return fill(pathlib.Path(__file__).parent / "README.md", tables(), check=check)


if __name__ == "__main__":
    write()

"""The table of README.md from the results files: `python -m experiments.defaults.table`."""

import json
import pathlib

import numpy as np

from experiments.defaults.run import CHANGES, RESULTS
from experiments.record import fill, mean_and_spread

SETS = ("physionet2012", "oscillators")
SCORES = {"auroc": "AUROC", "log_loss": "log loss"}


def tables() -> dict[str, str]:
    """The table, by the name of its markers."""
    heads = [f"{name} {title}" for name in SETS for title in SCORES.values()]
    lines = ["| change | " + " | ".join(heads) + " | seeds |", "|---|" + "---|" * (len(heads) + 1)]
    for change in CHANGES:
        found = {name: _results(name, change) for name in SETS}
        cells = [_cell(found[name], name, score) for name in SETS for score in SCORES]
        counts = {len(results["seeds"]) for results in found.values() if results}
        cells.append(" / ".join(map(str, sorted(counts))))
        lines.append(f"| {change.replace('_', ' ')} | {' | '.join(cells)} |")
    return {"defaults": "\n".join(lines)}


def _results(name: str, change: str) -> dict | None:
    path = RESULTS / f"{name}-{change}.json"
    return json.loads(path.read_text()) if path.exists() else None


def _cell(results: dict | None, name: str, score: str) -> str:
    """The level of the defaults; of a change, by how much it differs over the seeds both have."""
    base = _results(name, "defaults")
    if results is None or base is None:
        return "not run"
    if results == base:
        return mean_and_spread(results, score)
    levels = {entry["seed"]: entry[score] for entry in base["seeds"]}
    differences = [
        entry[score] - levels[entry["seed"]]
        for entry in results["seeds"]
        if entry["seed"] in levels
    ]
    return f"{np.mean(differences):+.3f} ({min(differences):+.3f} to {max(differences):+.3f})"


def write(*, check: bool = False) -> bool:
    """Fill the README; whether it already said the same."""
    return fill(pathlib.Path(__file__).parent / "README.md", tables(), check=check)


if __name__ == "__main__":
    write()

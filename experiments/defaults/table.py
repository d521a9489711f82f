"""The table of README.md from the results files: `python -m experiments.defaults.table`."""

import json
import pathlib

from experiments.defaults.run import CHANGES, RESULTS
from experiments.record import fill, mean_and_spread


def tables() -> dict[str, str]:
    """The table, by the name of its markers."""
    sets = ("physionet2012", "oscillators")
    lines = ["| change | " + " | ".join(f"{s} AUROC | {s} log loss" for s in sets) + " |"]
    lines.append("|---|" + "---|" * 2 * len(sets))
    for change in CHANGES:
        cells = []
        for name in sets:
            path = RESULTS / f"{name}-{change}.json"
            if not path.exists():
                cells += ["not run", "not run"]
                continue
            results = json.loads(path.read_text())
            cells += [mean_and_spread(results, "auroc"), mean_and_spread(results, "log_loss")]
        lines.append(f"| {change.replace('_', ' ')} | {' | '.join(cells)} |")
    return {"defaults": "\n".join(lines)}


def write(*, check: bool = False) -> bool:
    """Fill the README; whether it already said the same."""
    return fill(pathlib.Path(__file__).parent / "README.md", tables(), check=check)


if __name__ == "__main__":
    write()

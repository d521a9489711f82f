"""The table of README.md from the results files: `python -m experiments.forecasting.table`."""

import json
import pathlib

import numpy as np

from experiments.record import fill, table_of_runs

HERE = pathlib.Path(__file__).parent
PROBLEMS = {
    "physionet2012": ("PhysioNet 2012, 24 h to the next 24 h", 5),
    "ushcn": ("USHCN, seven days", 3),
    "glucose": ("glucose, 30 and 60 min", 3),
}
LEADS = ("30 min", "60 min")
ROWS = {
    "s5": "S5Forecaster",
    "gru_gap": "GRU of equal size, told the gaps",
    "gru": "GRU of equal size, told ages and how far ahead",
    "last_value": "last value",
    "mean": "mean of the history",
    "linear_trend": "linear trend of six readings",
}


def tables() -> dict[str, str]:
    """The table, by the name of its markers."""
    trained = ("s5", "gru", "gru_gap")
    table = table_of_runs(HERE / "results", "problem", PROBLEMS, ROWS, trained)
    return {"forecasting": table, "leads": _by_lead()}


def _by_lead() -> str:
    """Glucose 30 and 60 minutes ahead, each by itself."""
    lines = ["| glucose ahead | model | test MSE | 90 % intervals hold |", "|---|---|---|---|"]
    for lead in LEADS:
        for model, title in ROWS.items():
            path = HERE / "results" / f"glucose_{model}.json"
            runs = json.loads(path.read_text())["seeds"] if path.exists() else []
            told = [run["apart"][lead] for run in runs if "apart" in run]
            if not told:
                lines.append(f"| {lead} | {title} | not run |  |")
                continue
            held = [run["coverage"] for run in told if "coverage" in run]
            error = np.mean([run["test_mse"] for run in told])
            coverage = f"{np.mean(held):.3f}" if held else ""
            lines.append(f"| {lead} | {title} | {error:.3f} | {coverage} |")
    return "\n".join(lines)


def write(*, check: bool = False) -> bool:
    """Fill the README here; whether it already said the same."""
    return fill(HERE / "README.md", tables(), check=check)


if __name__ == "__main__":
    write()

"""The table of README.md from the results files: `python -m experiments.forecasting.table`."""

import json
import pathlib

from experiments.record import fill, mean_and_spread

HERE = pathlib.Path(__file__).parent
PROBLEMS = {
    "physionet2012": ("PhysioNet 2012, 24 h to the next 24 h", 5),
    "ushcn": ("USHCN, seven days", 3),
    "glucose": ("glucose, 30 and 60 min", 3),
}
ROWS = {
    "s5": "S5Forecaster",
    "gru": "GRU of equal size, told the gaps",
    "last_value": "last value",
    "mean": "mean of the history",
    "linear_trend": "linear trend of six readings",
}


def tables() -> dict[str, str]:
    """The table, by the name of its markers."""
    lines = [
        "| problem | model | test MSE | test MAE | 90 % intervals hold | runs |",
        "|---|---|---|---|---|---|",
    ]
    for problem, (title, digits) in PROBLEMS.items():
        for row, model in ROWS.items():
            path = HERE / "results" / f"{problem}_{row}.json"
            if not path.exists():
                lines.append(f"| {title} | {model} | not run |  |  |  |")
                continue
            results = json.loads(path.read_text())
            cells = [mean_and_spread(results, name, digits) for name in ("test_mse", "test_mae")]
            trained = row in ("s5", "gru")
            if not trained:
                cells = [cell.removesuffix(" (one seed)") for cell in cells]
            known = "coverage" in results["seeds"][0]
            cells.append(mean_and_spread(results, "coverage") if known else "")
            cells.append(str(len(results["seeds"])) if trained else "")
            lines.append(f"| {' | '.join([title, model, *cells])} |")
    return {"forecasting": "\n".join(lines)}


def write(*, check: bool = False) -> bool:
    """Fill the README here; whether it already said the same."""
    return fill(HERE / "README.md", tables(), check=check)


if __name__ == "__main__":
    write()

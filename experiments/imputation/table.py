"""The table of README.md from the results files: `python -m experiments.imputation.table`."""

import json
import pathlib

from experiments.record import fill, mean_and_spread

HERE = pathlib.Path(__file__).parent
PROBLEMS = {"ushcn": "USHCN, daily weather", "wearable": "batteryless wearable"}
ROWS = {
    "s5": "S5Imputer",
    "linear_interpolation": "linear interpolation in time",
    "last_value": "last value",
    "mean": "mean of the channel",
}


def tables() -> dict[str, str]:
    """The table, by the name of its markers."""
    lines = [
        "| hidden half of | model | test MSE | test MAE | 90 % intervals hold | runs |",
        "|---|---|---|---|---|---|",
    ]
    for problem, title in PROBLEMS.items():
        for row, model in ROWS.items():
            path = HERE / "results" / f"{problem}_{row}.json"
            if not path.exists():
                lines.append(f"| {title} | {model} | not run |  |  |  |")
                continue
            results = json.loads(path.read_text())
            cells = [mean_and_spread(results, "test_mse"), mean_and_spread(results, "test_mae")]
            if row != "s5":
                cells = [cell.removesuffix(" (one seed)") for cell in cells]
            known = "coverage" in results["seeds"][0]
            cells.append(mean_and_spread(results, "coverage") if known else "")
            cells.append(str(len(results["seeds"])) if row == "s5" else "")
            lines.append(f"| {' | '.join([title, model, *cells])} |")
    return {"imputation": "\n".join(lines)}


def write(*, check: bool = False) -> bool:
    """Fill the README here; whether it already said the same."""
    return fill(HERE / "README.md", tables(), check=check)


if __name__ == "__main__":
    write()

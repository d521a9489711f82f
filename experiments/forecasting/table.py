"""The table of README.md from the results files: `python -m experiments.forecasting.table`."""

import pathlib

from experiments.record import fill, table_of_runs

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
    table = table_of_runs(HERE / "results", "problem", PROBLEMS, ROWS, trained=("s5", "gru"))
    return {"forecasting": table}


def write(*, check: bool = False) -> bool:
    """Fill the README here; whether it already said the same."""
    return fill(HERE / "README.md", tables(), check=check)


if __name__ == "__main__":
    write()

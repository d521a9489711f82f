"""The table of README.md from the results files: `python -m experiments.imputation.table`."""

import pathlib

from experiments.record import fill, table_of_runs

HERE = pathlib.Path(__file__).parent
PROBLEMS = {"ushcn": ("USHCN, daily weather", 3), "wearable": ("batteryless wearable", 3)}
ROWS = {
    "s5": "S5Imputer",
    "linear_interpolation": "linear interpolation in time",
    "last_value": "last value",
    "mean": "mean of the channel",
}


def tables() -> dict[str, str]:
    """The table, by the name of its markers."""
    table = table_of_runs(HERE / "results", "hidden half of", PROBLEMS, ROWS, trained=("s5",))
    return {"imputation": table}


def write(*, check: bool = False) -> bool:
    """Fill the README here; whether it already said the same."""
    return fill(HERE / "README.md", tables(), check=check)


if __name__ == "__main__":
    write()

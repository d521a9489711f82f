"""The table of README.md from the results files: `python -m experiments.japanese_vowels.table`."""

import pathlib

from experiments.every_model import table_of_models
from experiments.record import fill

HERE = pathlib.Path(__file__).parent
COLUMNS = {f"drop-{rate}": f"{rate} % dropped" for rate in (30, 50, 70)}


def tables() -> dict[str, str]:
    """The table, by the name of its markers."""
    return {"models": table_of_models(HERE / "results", COLUMNS, ("accuracy",))}


def write(*, check: bool = False) -> bool:
    """Fill the README here; whether it already said the same."""
    return fill(HERE / "README.md", tables(), check=check)


if __name__ == "__main__":
    write()

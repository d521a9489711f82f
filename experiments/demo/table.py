"""The table of the front page from what `make demo` gave: `python -m experiments.demo.table`."""

import pathlib

from ct_s5.lab import Comparison
from experiments.record import fill

HERE = pathlib.Path(__file__).parent


def tables() -> dict[str, str]:
    """The table, by the name of its markers."""
    comparison = Comparison.from_json(HERE / "results" / "results.json")
    lines = ["| gaps | test accuracy | true is better by | ms a step |", "|---|---|---|---|"]
    for (_, treatment), row in comparison.table.iterrows():
        difference = f"{row['difference']:.3f} [{row['lo']:.3f}, {row['hi']:.3f}]"
        difference = "" if treatment == "true" else difference
        score = f"{row['accuracy']:.3f} ± {row['sd']:.3f}"
        cells = [treatment, score, difference, f"{row['ms a step']:.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    n = len(comparison.settings["seeds"])
    cores = comparison.machine["cores"]
    told = f"Mean ± standard deviation over {n} paired seeds, bootstrap intervals in brackets"
    lines.append(f"\n{told}; {cores} cores.")
    return {"demo": "\n".join(lines)}


def write(*, check: bool = False) -> bool:
    """Fill the front page; whether it already said the same."""
    return fill(HERE.parents[1] / "README.md", tables(), check=check)


if __name__ == "__main__":
    write()

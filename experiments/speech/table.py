"""The table of README.md from the results files: `python -m experiments.speech.table`."""

import json
import pathlib

from experiments.record import fill

HERE = pathlib.Path(__file__).parent
TITLES = {
    "s5": "S5, zoh, true gaps",
    "s5-async": "S5, async, true gaps",
    "s4": "S4, equal steps",
    "gru": "GRU, equal steps",
}


def tables() -> dict[str, str]:
    """Accuracy at both rates."""
    lines = [
        "| model | 8 kHz | 4 kHz, never trained on | points lost | parameters | minutes to train |",
        "|---|---|---|---|---|---|",
    ]
    path = HERE / "results" / "digits.json"
    runs = json.loads(path.read_text())["runs"] if path.exists() else []
    for model, title in TITLES.items():
        own = {bool(r["corruption"]): r for r in runs if r["model"] == model and "accuracy" in r}
        if len(own) < 2:
            lines.append(f"| {title} | not run |  |  |  |  |")
            continue
        full, half = own[False], own[True]
        lost = 100 * (full["accuracy"] - half["accuracy"])
        lines.append(
            f"| {title} | {full['accuracy']:.3f} | {half['accuracy']:.3f} | {lost:.1f} "
            f"| {full['n_parameters']:,} | {full['seconds'] / 60:.0f} |"
        )
    return {"rates": "\n".join(lines)}


def write(*, check: bool = False) -> bool:
    """Fill the README here; whether it already said the same."""
    return fill(HERE / "README.md", tables(), check=check)


if __name__ == "__main__":
    write()

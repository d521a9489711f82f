"""The table of README.md from the results files: `python -m experiments.speech.table`."""

import json
import pathlib

from experiments.record import fill

HERE = pathlib.Path(__file__).parent
FOUR = ("s5", "s5-async", "s4", "gru")
SETS = {
    "digits-2khz": ("2 kHz", FOUR),
    "digits": ("8 kHz", FOUR),
    "digits-blocks": ("8 kHz, blocks", ("s5-foh", "s5", "gru")),
    "digits-thinned": ("8 kHz, blocks, thinned", ("s5-foh", "s5")),
}
TITLES = {
    "s5-foh": "S5, foh, true gaps",
    "s5": "S5, zoh, true gaps",
    "s5-async": "S5, async, true gaps",
    "s4": "S4, equal steps",
    "gru": "GRU, equal steps",
}


def tables() -> dict[str, str]:
    """Accuracy at the rate of training, and at half of it."""
    lines = [
        "| trained at | model | accuracy there | at half the rate | points lost | parameters "
        "| minutes to train |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, (rate, models) in SETS.items():
        path = HERE / "results" / f"{name}.json"
        runs = json.loads(path.read_text())["runs"] if path.exists() else []
        for model in models:
            title = TITLES[model]
            own = {
                bool(r["corruption"]): r for r in runs if r["model"] == model and "accuracy" in r
            }
            if len(own) < 2:
                lines.append(f"| {rate} | {title} | not run |  |  |  |  |")
                continue
            full, half = own[False], own[True]
            lost = 100 * (full["accuracy"] - half["accuracy"])
            lines.append(
                f"| {rate} | {title} | {full['accuracy']:.3f} | {half['accuracy']:.3f} "
                f"| {lost:.1f} | {full['n_parameters']:,} | {full['seconds'] / 60:.0f} |"
            )
    return {"rates": "\n".join(lines)}


def write(*, check: bool = False) -> bool:
    """Fill the README here; whether it already said the same."""
    return fill(HERE / "README.md", tables(), check=check)


if __name__ == "__main__":
    write()

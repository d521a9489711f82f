"""The table of README.md from the results files: `python -m experiments.speech.table`."""

import json
import pathlib
import statistics
from collections.abc import Iterable

from experiments.record import fill

HERE = pathlib.Path(__file__).parent
FOUR = ("s5", "s5-async", "s4", "gru")
SETS = {
    "digits-2khz": ("2 kHz", FOUR),
    "digits": ("8 kHz", FOUR),
    "digits-blocks": ("8 kHz, blocks", ("s5-foh", "s5", "s4", "gru")),
    "digits-thinned": ("8 kHz, blocks, thinned", ("s5-foh", "s5")),
}
TITLES = {
    "s5-foh": "S5, foh, true gaps",
    "s5": "S5, zoh, true gaps",
    "s5-async": "S5, async, true gaps",
    "s4": "S4, equal gaps",
    "gru": "GRU, equal gaps",
}


def tables() -> dict[str, str]:
    """Accuracy at the rate of training, and at half of it; the mean where there are seeds."""
    lines = [
        "| trained at | model | seeds | accuracy there | at half the rate | points lost "
        "| parameters | minutes to train |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, (rate, models) in SETS.items():
        path = HERE / "results" / f"{name}.json"
        runs = json.loads(path.read_text())["runs"] if path.exists() else []
        for model in models:
            own = [r for r in runs if r["model"] == model and "accuracy" in r]
            full = [r for r in own if not r["corruption"]]
            half = [r for r in own if r["corruption"]]
            if not full or [r["seed"] for r in full] != [r["seed"] for r in half]:
                lines.append(f"| {rate} | {TITLES[model]} | 0 | not run |  |  |  |  |")
                continue
            there, then = (_each(r["accuracy"] for r in rows) for rows in (full, half))
            lost = _each(
                (100 * (a["accuracy"] - b["accuracy"]) for a, b in zip(full, half, strict=True)),
                digits=1,
            )
            lines.append(
                f"| {rate} | {TITLES[model]} | {len(full)} | {there} | {then} | {lost} "
                f"| {full[0]['n_parameters']:,} "
                f"| {statistics.mean(r['seconds'] for r in full) / 60:.0f} |"
            )
    return {"rates": "\n".join(lines)}


def _each(values: Iterable[float], digits: int = 3) -> str:
    """Their mean, and in brackets each of several."""
    values = list(values)
    mean = f"{statistics.mean(values):.{digits}f}"
    if len(values) == 1:
        return mean
    return f"{mean} ({', '.join(f'{value:.{digits}f}' for value in values)})"


def write(*, check: bool = False) -> bool:
    """Fill the README here; whether it already said the same."""
    return fill(HERE / "README.md", tables(), check=check)


if __name__ == "__main__":
    write()

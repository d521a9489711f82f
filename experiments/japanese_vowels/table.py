"""The table of README.md from the results files: `python -m experiments.japanese_vowels.table`."""

import json
import pathlib

import numpy as np

from ct_s5.lab import MODELS
from experiments.record import fill

HERE = pathlib.Path(__file__).parent
RATES = ("30", "50", "70")


def tables() -> dict[str, str]:
    """Accuracy by model and share of dropped rows, and what a run costs."""
    runs = {}
    for rate in RATES:
        path = HERE / "results" / f"drop-{rate}.json"
        runs[rate] = json.loads(path.read_text())["runs"] if path.exists() else []
    lines = [
        "| model | "
        + " | ".join(f"{rate} % dropped" for rate in RATES)
        + " | parameters | ms a step |",
        "|---|" + "---|" * (len(RATES) + 2),
    ]
    for model in MODELS:
        own = {rate: [r for r in runs[rate] if r["model"] == model] for rate in RATES}
        every = [run for some in own.values() for run in some]
        paces = [run["seconds_per_step"] for run in every if run.get("seconds_per_step")]
        sizes = {run["n_parameters"] for run in every if "n_parameters" in run}
        pace = f"{1e3 * float(np.median(paces)):.1f}" if paces else ""
        size = f"{max(sizes):,}" if sizes else ""
        cells = " | ".join(_cell(own[rate]) for rate in RATES)
        lines.append(f"| {model} | {cells} | {size} | {pace} |")
    return {"models": "\n".join(lines)}


def _cell(runs: list[dict]) -> str:
    known = np.array([run["accuracy"] for run in runs if run.get("accuracy") is not None])
    lost = f", {len(runs) - len(known)} without a score" if len(runs) > len(known) else ""
    if not len(known):
        return f"{'none' if runs else 'not run'}{lost}"
    if len(known) == 1:
        return f"{known[0]:.3f} (one seed){lost}"
    return f"{known.mean():.3f} ± {known.std(ddof=1):.3f} ({len(known)} seeds){lost}"


def write(*, check: bool = False) -> bool:
    """Fill the README here; whether it already said the same."""
    return fill(HERE / "README.md", tables(), check=check)


if __name__ == "__main__":
    write()

"""The tables of README.md from the results files: `python -m experiments.true_gaps.table`."""

import json
import math
import pathlib

import numpy as np

from ct_s5.lab import Comparison, Paired, paired
from experiments.record import fill

HERE = pathlib.Path(__file__).parent
TITLES = {
    "physionet2012": "PhysioNet 2012, set a: death in hospital",
    "ushcn": "USHCN, half of the days: TMAX three days ahead",
    "glucose": "glucose, half an hour ahead",
    "wearable": "wearable: activity at each reading",
    "japanese_vowels": "Japanese Vowels, half of the rows: who speaks",
}
LAYERS = {"s5": "S5", "gru-d": "GRU-D", "linoss": "LinOSS", "transformer": "Transformer"}
SCORES = {"accuracy": "accuracy", "auroc": "AUROC", "r2": "R²"}


def tables() -> dict[str, str]:
    """Scores of each treatment and by how much true gaps are better; then the verdict."""
    lines = [
        "| set | treatment | score | error lower with true gaps, % | seeds won | s per run |",
        "|---|---|---|---|---|---|",
    ]
    verdict, known = [], 0
    for name, title in TITLES.items():
        path = HERE / "results" / f"{name}.json"
        if not path.exists():
            lines.append(f"| {title} | not run |  |  |  |  |")
            continue
        known += 1
        found = json.loads(path.read_text())
        score = found["settings"]["score"]
        runs = {t: _runs(found, t, score) for t in found["settings"]["treatments"]}
        lower = {}
        for treatment, own in runs.items():
            seconds = np.mean([run["seconds"] for run in own]) if own else math.nan
            lead, won = "", ""
            if not own:
                reason = next(r["reason"] for r in found["runs"] if r["treatment"] == treatment)
                lines.append(f"| {title} | {treatment} | not run: {reason} |  |  |  |")
                continue
            if treatment != "true":
                pair = lower[treatment] = paired(runs["true"], own, score)
                lead, won = _lead(pair), f"{pair.wins} of {pair.pairs}"
            told = f"{SCORES[score]} {_mean(own, score)}"
            lines.append(f"| {title} | {treatment} | {told} | {lead} | {won} | {seconds:.0f} |")
        beaten = [t for t, pair in lower.items() if pair.relative_lo > 0]
        worse = [t for t, pair in lower.items() if pair.relative_hi < 0]
        rivals = [t for t in lower if t != "appended"]
        pairs = max((pair.pairs for pair in lower.values()), default=0)
        verdict.append(_said(title, beaten, worse, rivals, pairs))
    if not known:
        verdict = ["- Nothing is run yet."]
    return {"treatments": "\n".join(lines), "verdict": "\n".join(verdict), "layers": _layers()}


def _layers() -> str:
    """A line per set and layer: its scores with true gaps and with equal ones."""
    lines = [
        "| set | layer | true gaps | equal gaps | error lower with true gaps, % | seeds won |",
        "|---|---|---|---|---|---|",
    ]
    for name, title in TITLES.items():
        path = HERE / "results" / "layers" / f"{name}.json"
        if not path.exists():
            lines.append(f"| {title} | not run |  |  |  |  |")
            continue
        found = json.loads(path.read_text())
        score = found["settings"]["score"]
        for model, called in LAYERS.items():
            true, equal = (_runs(found, t, score, model) for t in ("true", "equal"))
            if not true or not equal:
                lines.append(f"| {title} | {called} | not run |  |  |  |")
                continue
            pair = paired(true, equal, score)
            scores = f"{SCORES[score]} {_mean(true, score)} | {_mean(equal, score)}"
            won = f"{pair.wins} of {pair.pairs}"
            lines.append(f"| {title} | {called} | {scores} | {_lead(pair)} | {won} |")
    return "\n".join(lines)


def _lead(pair: Paired) -> str:
    """By how much the error is lower, in percent, and the interval where there is one."""
    low, high = pair.relative_lo, pair.relative_hi
    between = "" if math.isnan(low) else f" [{100 * low:.0f}, {100 * high:.0f}]"
    return f"{100 * pair.relative:.0f}{between}"


def _runs(found, treatment: str, score: str, model: str = "s5") -> list[dict]:
    runs = [r for r in found["runs"] if r["treatment"] == treatment and r["model"] == model]
    return [run for run in runs if run.get(score) is not None]


def _mean(runs, score: str) -> str:
    values = np.array([run[score] for run in runs])
    if len(values) == 1:
        return f"{values[0]:.3f} (one seed)"
    return f"{values.mean():.3f} ± {values.std(ddof=1):.3f}"


def _said(title: str, beaten: list[str], worse: list[str], rivals: list[str], pairs: int) -> str:
    better = f"True gaps are clearly better than {', '.join(beaten)}."
    if rivals and set(rivals) <= set(beaten):
        answer = "yes"
    elif beaten:
        answer = "in part"
    else:
        answer, better = "no", "No comparison is clearly in favour of true gaps."
    unlike = f" They are clearly worse than {', '.join(worse)}." if worse else ""
    seeds = "One seed so far." if pairs == 1 else f"{pairs} seeds."
    return f"- **{title}: {answer}.** {better}{unlike} {seeds}"


def headlines() -> dict[str, str]:
    """The answer of each set in one sentence, as `compare` gives it."""
    lines = []
    for name, title in TITLES.items():
        path = HERE / "results" / f"{name}.json"
        if path.exists():
            lines.append(f"- {title}. {Comparison.from_json(path).headline}")
    return {"headlines": "\n".join(lines or ["- Nothing is run yet."])}


def write(*, check: bool = False) -> bool:
    """Fill the README here and the front page of the docs; whether they already said the same."""
    here = fill(HERE / "README.md", tables(), check=check)
    return fill(HERE.parents[1] / "docs" / "index.md", headlines(), check=check) and here


if __name__ == "__main__":
    write()

"""All models of the lab on a data set under a protocol, and the table of it.

A run that stops loses at most the run it was at; started again, it goes on with the next.
"""

import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ct_s5.lab import MODELS, compare


def every_model(
    data: Mapping[str, Any], results: pathlib.Path, seeds: int, command: str, **keywords
) -> None:
    """Run the models that results files lack: the first seed of each set before any second.

    Args:
        data: Sets loaded by a protocol's name (`uea/japanese-vowels-drop-50@1`), by the name of
            the results file.
        results: Folder of the results files; finished runs also stand in `out/`.
        seeds: Of weights and order; the split is the protocol's.
        command: What to type to get this again.
        **keywords: Of `compare`.
    """
    for n_seeds in range(1, seeds + 1):
        for name, found in data.items():
            comparison = compare(
                found.frame,
                found.labels,
                static=found.static,
                split=found.splits[found.name.partition("/")[2]],
                models=tuple(MODELS),
                treatments=("true",),
                seeds=n_seeds,
                store=pathlib.Path("out") / results.parent.name / f"{name}.jsonl",
                command=command,
                progress=True,
                **keywords,
            )
            comparison.settings["data_set"] = found.cite()
            comparison.to_json(results / f"{name}.json")
            print(name, comparison, sep="\n", flush=True)


def table_of_models(folder: pathlib.Path, columns: Mapping[str, str], scores: Sequence[str]) -> str:
    """A line per model: its scores by results file, its size, and what a step costs.

    Args:
        folder: Where the results files lie.
        columns: Heading by results file.
        scores: Which scores, a column each and file.
    """
    runs = {}
    for name in columns:
        path = folder / f"{name}.json"
        runs[name] = json.loads(path.read_text())["runs"] if path.exists() else []
    heads = [f"{title}, {score}" for title in columns.values() for score in scores]
    lines = ["| model | " + " | ".join(heads) + " | parameters | ms per step |"]
    lines.append("|---|" + "---|" * (len(heads) + 2))
    for model in MODELS:
        own = {name: [r for r in some if r["model"] == model] for name, some in runs.items()}
        every = [run for some in own.values() for run in some]
        paces = [run["seconds_per_step"] for run in every if run.get("seconds_per_step")]
        sizes = [run["n_parameters"] for run in every if "n_parameters" in run]
        cells = [_cell(some, score) for some in own.values() for score in scores]
        cells.append(f"{max(sizes):,}" if sizes else "")
        cells.append(f"{1e3 * float(np.median(paces)):.1f}" if paces else "")
        lines.append(f"| {model} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(runs: list[dict], score: str) -> str:
    known = np.array([run[score] for run in runs if run.get(score) is not None])
    lost = f", {len(runs) - len(known)} without a score" if len(runs) > len(known) else ""
    if not len(known):
        return f"{'none' if runs else 'not run'}{lost}"
    if len(known) == 1:
        return f"{known[0]:.3f} (one seed){lost}"
    return f"{known.mean():.3f} ± {known.std(ddof=1):.3f} ({len(known)} seeds){lost}"

"""The tables of README.md from the results files: `python -m experiments.lra.table`."""

import json
import pathlib
from typing import Any

from experiments.lra import recipe
from experiments.record import fill

HERE = pathlib.Path(__file__).parent
NOT_RUN = "not run"
# Of the sets that are not generated; those of retrieval were not at hand to be counted.
N_TRAIN = {"text": 22_500, "image": 45_000, "retrieval": None}


def tables() -> dict[str, str]:
    """The tables, by the names of their markers."""
    return {"accuracy": _accuracy(), "small": _small(), "pace": _pace()}


def _accuracy() -> str:
    lines = ["| task | steps | S5's paper | here, same settings |", "|---|---:|---:|---:|"]
    for task in recipe.TASKS:
        here = NOT_RUN
        if results := _results(task):
            found = [f"{100 * entry['test_accuracy']:.2f}" for entry in results["seeds"]]
            here = f"{', '.join(found)} ({results['machine']['device']})"
        length = recipe.read(task).data.length
        lines.append(f"| {task} | {length} | {recipe.published_accuracy(task):.2f} | {here} |")
    return "\n".join(lines)


def _small() -> str:
    lines = [
        "| task | training examples | steps | parameters | minutes | test accuracy | "
        "validation accuracy on the way |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for task in recipe.TASKS:
        if "small" not in recipe.presets(task):
            continue
        paths = sorted((HERE / "results").glob(f"{task}-small*.json"))
        if not paths:
            lines.append(f"| {task} | {NOT_RUN} |  |  |  |  |  |")
        for path in paths:
            lines += [_small_row(task, entry) for entry in json.loads(path.read_text())["seeds"]]
    return "\n".join(lines)


def _small_row(task: str, entry: dict[str, Any]) -> str:
    steps, planned = entry["steps"], entry.get("planned_steps", entry["steps"])
    cells = [
        task,
        f"{entry['examples']['train']:,}",
        f"{steps:,}" if steps == planned else f"{steps:,} of {planned:,}",
        f"{entry['parameters']:,}",
        f"{entry['training_seconds'] / 60:.0f}",
        f"{entry['test_accuracy']:.3f}",
        " ".join(f"{row['validation_accuracy']:.2f}" for row in entry["curve"]),
    ]
    return f"| {' | '.join(cells)} |"


def _pace() -> str:
    lines = [
        "| task | parameters | batch | steps in all | two cores, seconds per step | days "
        "| H200, ms per step | hours |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for task in recipe.TASKS:
        told = recipe.read(task)
        batch, n_train = told.training.batch_size, _n_train(task, told.data)
        steps = n_train and told.training.epochs * (n_train // batch)
        cores, gpu = (_of_step(f"pace-{place}{task}", batch) for place in ("", "gpu-"))
        size = next((f"{found[1]:,}" for found in (cores, gpu) if found), "")
        cells = [task, size, batch, f"{steps:,}" if steps else ""]
        for found, shown, unit, whole in ((cores, ".0f", 1, 86_400), (gpu, ".1f", 1e-3, 3600)):
            if found is None:
                cells += [NOT_RUN, ""]
            else:
                cells.append(f"{found[0] / unit:{shown}}")
                cells.append(f"{found[0] * steps / whole:{shown}}" if steps else "")
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def _of_step(name: str, batch: int) -> tuple[float, int] | None:
    """Seconds of a step of the published batch, and parameters."""
    results = _results(name)
    if results is None:
        return None
    (entry,) = results["seeds"]
    return entry["seconds_an_example"] * batch, entry["parameters"]


def _n_train(task: str, told: recipe.DataSettings) -> int | None:
    if told.generator is None:
        return N_TRAIN[task]
    if "sizes" in told.generator:
        return told.generator["sizes"][0]
    return told.generator["n_images"] * 8 // 10


def _results(name: str) -> dict[str, Any] | None:
    path = HERE / "results" / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def write(*, check: bool = False) -> bool:
    """Fill the README; whether it already said the same."""
    return fill(HERE / "README.md", tables(), check=check)


if __name__ == "__main__":
    write()

"""The parts of a page that say what was found, and what it cost."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ct_s5.lab._comparison import SCORES, Comparison
from ct_s5.lab._corruptions import CORRUPTIONS
from ct_s5.lab._summary import AS_THEY_ARE, Cell, chance_of, levels_of
from ct_s5.lab._treatments import TREATMENTS
from ct_s5.plots import colours, figure_to_svg, plot_comparison, plot_curves, plot_samples

NAMES = {"accuracy": "accuracy", "auroc": "AUROC", "r2": "R²", "mse": "squared error"}
COLOURS = colours(list(TREATMENTS))
"""Of all treatments, so that one has the same colour whichever others are there."""
_DOTS = (
    "Each dot is one run; a bar is the mean over seeds and one standard deviation to either side. "
    "Thin lines join the runs of one seed, which share the split of the series and the seed of the "
    "weights."
)
# Rows of a figure that a reader still takes in; a longer one opens on demand.
_MANY_ROWS = 40
# In simulations, intervals of fewer seeds held the truth far less often than they say.
_ENOUGH_SEEDS = 5
_COSTS = {
    "seconds": ("s a run", "{:,.1f}"),
    "ms a step": ("ms a step", "{:,.1f}"),
    "memory MB": ("memory, MB", "{:,.0f}"),
    "compilations": ("compilations", "{:.0f}"),
    "parameters": ("parameters", "{:,.0f}"),
}


def result(comparison: Comparison) -> list[dict[str, Any]]:
    """Notes, the table, and every run as a dot; of the readings as they are."""
    cells = [cell for cell in comparison.rows if cell[2] == AS_THEY_ARE]
    blocks: list[dict[str, Any]] = [{"note": note} for note in comparison.notes]
    blocks.append(_table(comparison, cells))
    figure = _dots(comparison)
    if len(cells) > _MANY_ROWS:
        return [*blocks, {"details": "Every run as a dot", "blocks": [figure]}]
    return [*blocks, figure]


def under_corruption(comparison: Comparison) -> list[dict[str, Any]]:
    """A curve for each kind of corruption, an example of it, and the whole table."""
    settings = comparison.settings
    if not settings["corruptions"]:
        return []
    models, treatments = list(settings["models"]), settings["treatments"]
    where = {
        "test": "Trained on the readings as they are, and tested on fewer or disturbed ones.",
        "train": "Trained on fewer or disturbed readings, and tested on the readings as they are.",
        "both": "Trained and tested on readings that are spoiled alike.",
    }
    band = (
        " The band is one standard deviation over seeds to either side."
        if len(settings["seeds"]) > 1
        else ""
    )
    blocks: list[dict[str, Any]] = [{"text": where[settings["corrupt_at"]]}]
    for kind, curves in comparison.curves.items():
        # One treatment: models beside one another. Several: a figure a model.
        figures = {m: {t: curves[m, t] for t in treatments} for m in models}
        palette: Mapping[str, str] | None = COLOURS
        if len(treatments) == 1:
            figures, palette = {treatments[0]: {m: curves[m, treatments[0]] for m in models}}, None
        for name, lines in figures.items():
            told = {n: curve for n, curve in lines.items() if not np.isnan(curve.means).all()}
            if not told:
                continue
            figure = plot_curves(
                told,
                rate=kind,
                score=f"test {NAMES[comparison.score]}",
                chance=chance_of(settings),
                title=name if len(models) > 1 else "",
                colour=palette,
            )
            of = f"Test {NAMES[comparison.score]} by {kind}, {name}"
            caption = f"{kind}: {CORRUPTIONS[kind]}.{band}"
            blocks.append({"figure": figure_to_svg(figure, of), "caption": caption})
    samples = _samples(comparison)
    every = {"details": "All cells under corruption", "blocks": [_table(comparison)]}
    return [*blocks, *samples, every]


def costs(comparison: Comparison) -> list[dict[str, Any]]:
    """What each model and treatment took to train."""
    cells = [cell for cell in comparison.rows if cell[2] == AS_THEY_ARE]
    told = {
        name: how
        for name, how in _COSTS.items()
        if not all(math.isnan(comparison.rows[cell][name]) for cell in cells)
    }
    rows = []
    for cell in cells:
        found = comparison.rows[cell]
        numbers = [
            "" if math.isnan(found[name]) else form.format(found[name])
            for name, (_, form) in told.items()
        ]
        rows.append([_name(comparison, cell), *numbers])
    caption = (
        "Means over runs. Seconds are of a whole training with its compilation; a step is one "
        "update of the weights after the first epoch; memory is by how much the process grew, so "
        "that what earlier runs left in it counts for none. Simple models take no steps."
    )
    columns = [_head(comparison), *(word for word, _ in told.values())]
    return [{"table": rows, "columns": columns, "caption": caption}]


def shown(value: float) -> str:
    """A number for a cell."""
    if math.isnan(value):
        return "none"
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:.4g}"


def _table(comparison: Comparison, cells: list[Cell] | None = None) -> dict[str, Any]:
    """Rows of cells: those that are given, or all with their corruption."""
    score = comparison.score
    other = next(name for name in SCORES[comparison.settings["task"]] if name != score)
    chosen = list(comparison.rows) if cells is None else cells
    found = [comparison.rows[cell] for cell in chosen]
    compared = any(row["pairs"] for row in found)
    lost = any(row["diverged"] for row in found)
    rows = []
    for cell, row in zip(chosen, found, strict=True):
        words = [_name(comparison, cell)]
        words += [cell[2]] if cells is None else []
        words.append(_spread(row[score], row["sd"]))
        if compared:
            percent = row["relative %"], row["relative lo"], row["relative hi"]
            words += [
                _with_ends(row["difference"], row["lo"], row["hi"], shown),
                _with_ends(*percent, lambda share: f"{round(share) + 0:,}%"),
                _wins(row) if row["pairs"] else "",
            ]
        words.append(shown(row[other]))
        words += [f"{row['diverged']} of {row['runs']}"] if lost else []
        rows.append(words)
    better = "true" if len(comparison.settings["treatments"]) > 1 else _first(comparison)
    columns = [_head(comparison), *(["corruption"] if cells is None else []), NAMES[score]]
    columns += [f"{better} is better by", "error lower by", f"{better} wins"] if compared else []
    columns += [NAMES[other], *(["diverged"] if lost else [])]
    caption = "One run of each, with the same seed."
    if len(comparison.settings["seeds"]) > 1:
        caption = "Mean ± standard deviation over seeds."
    if compared:
        caption += " Differences are taken within each seed, with 95% intervals in brackets."
        if 1 < len(comparison.settings["seeds"]) < _ENOUGH_SEEDS:
            caption += " Of so few seeds these are too short where the seeds differ much."
    return {"columns": columns, "table": rows, "caption": caption}


def _dots(comparison: Comparison) -> dict[str, Any]:
    records, palette = [r for r in comparison.records if r["corruption"] is None], COLOURS
    several = len(comparison.settings["seeds"]) > 1
    what = "treatment"
    if len(comparison.settings["treatments"]) == 1 and len(comparison.settings["models"]) > 1:
        # One row a model, in one panel.
        records = [r | {"model": r["treatment"], "treatment": r["model"]} for r in records]
        palette, what = colours(list(comparison.settings["models"])), "model"
    level = chance_of(comparison.settings)
    dashed = "" if level is None else " Dashed: what knowing nothing would score."
    figure = plot_comparison(
        records,
        comparison.score,
        chance=level,
        label=f"test {NAMES[comparison.score]}",
        colour=palette,
    )
    svg = figure_to_svg(figure, f"Test {NAMES[comparison.score]} by {what}")
    return {"figure": svg, "caption": f"{_DOTS if several else 'Each dot is one run.'}{dashed}"}


def _samples(comparison: Comparison) -> list[dict[str, Any]]:
    """One series as it is under each corruption, where examples were asked for."""
    examples = comparison.settings.get("corrupted_examples", [])
    numbers = comparison.settings["data"]["time_kind"] == "number"
    of: dict[str, dict[str, Any]] = {}
    for example in examples:
        times = np.array(example["times"], np.float64)
        if not numbers:
            times = (times * 1e9).round().astype("timedelta64[ns]")
        values = np.array(example["values"], np.float64)
        of.setdefault(str(example["series"]), {})[example["corruption"]] = times, values
    blocks = []
    for series, states in of.items():
        kept = {name: states[name] for name in levels_of(comparison.settings) if name in states}
        first = comparison.settings["data"]["channels"][0]
        # Twelve panels are what a figure takes.
        few = dict(list(kept.items())[:12])
        caption = (
            f"Series {series}, channel {first}. Grey: where the readings were before anything was "
            "lost or moved."
        )
        svg = figure_to_svg(plot_samples(few), f"Series {series} under each corruption")
        blocks.append({"figure": svg, "caption": caption})
    return blocks


def _name(comparison: Comparison, cell: Cell) -> str:
    model, treatment, _ = cell
    if len(comparison.settings["models"]) == 1:
        return treatment
    return model if len(comparison.settings["treatments"]) == 1 else f"{model}, {treatment}"


def _head(comparison: Comparison) -> str:
    if len(comparison.settings["models"]) == 1:
        return "gaps"
    return "model" if len(comparison.settings["treatments"]) == 1 else "model, gaps"


def _first(comparison: Comparison) -> str:
    return next(iter(comparison.settings["models"]))


def _wins(row: Mapping[str, Any]) -> str:
    wins, ties = f"{row['wins']} of {row['pairs']}", row["ties"]
    return f"{wins}, {ties} {'tie' if ties == 1 else 'ties'}" if ties else wins


def _spread(mean: float, sd: float) -> str:
    return shown(mean) if math.isnan(sd) else f"{mean:.3f} ± {sd:.3f}"


def _with_ends(value: float, lo: float, hi: float, form) -> str:
    if math.isnan(value):
        return ""
    return form(value) if math.isnan(lo) else f"{form(value)} [{form(lo)}, {form(hi)}]"

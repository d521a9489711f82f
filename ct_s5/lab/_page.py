"""The page of a comparison: what goes on it, in which order."""

import json
import os
import pathlib
import re
from typing import Any

import numpy as np

from ct_s5.lab._comparison import SCORES, Comparison
from ct_s5.lab._treatments import TREATMENTS
from ct_s5.plots import (
    check_installed,
    colours,
    duration,
    figure_to_svg,
    plot_comparison,
    plot_gaps,
    plot_history,
    plot_series,
    render_page,
)

_NAMES = {"accuracy": "accuracy", "auroc": "AUROC", "r2": "R²", "mse": "squared error"}
_DOTS = (
    "Each dot is one run; a bar is the mean over seeds and one standard deviation to either side. "
    "Thin lines join the runs of one seed, which share the split of the series and the seed of the "
    "weights."
)
# Of all treatments, so that one has the same colour whichever others are there.
_COLOURS = colours(list(TREATMENTS))
_MOST_CHANNELS = 3  # in a figure of an example


def check_report(folder: str | os.PathLike) -> None:
    """Make sure, before minutes of training, that results and report can be written after it.

    Args:
        folder: Where to; it is made if it is not there.

    Raises:
        ImportError: matplotlib or jinja2 is not installed.
        NotADirectoryError: A file stands there.
    """
    check_installed()
    try:
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise NotADirectoryError(
            f"{folder} is a file, or lies below one: name a folder for results and report."
        ) from error


def page(comparison: Comparison) -> str:
    """The whole page as HTML."""
    data = comparison.settings["data"]
    models = list(comparison.settings["models"])
    seeds = len(comparison.settings["seeds"])
    return render_page(
        {
            "title": "Do the true gaps help?",
            "headline": comparison.headline,
            "lead": f"{data['n_series']:,} series, {data['n_readings']:,} readings. "
            f"{'Model' if len(models) == 1 else 'Models'}: {_listed(models)}, trained "
            f"{'once' if seeds == 1 else f'with {seeds} seeds'} on each of the treatments of time "
            "below. Every score is on series that the training never saw.",
            "sections": [
                {"title": "Result", "blocks": _result(comparison)},
                {"title": "What the model is told of time", "blocks": [_treatments(comparison)]},
                {"title": "The data", "blocks": _data(comparison)},
                {"title": "Training", "blocks": _training(comparison)},
                {"title": "Do it again", "blocks": _again(comparison)},
            ],
        }
    )


def _result(comparison: Comparison) -> list[dict[str, Any]]:
    score = _NAMES[comparison.score]
    blocks: list[dict[str, Any]] = [{"note": note} for note in comparison.notes]
    chance = _chance(comparison)
    dashed = "" if chance is None else " Dashed: always naming the commonest class."
    blocks.append(
        {
            "figure": figure_to_svg(
                plot_comparison(
                    comparison.records,
                    comparison.score,
                    chance=chance,
                    label=f"test {score}",
                    colour=_COLOURS,
                ),
                f"Test {score} by treatment",
            ),
            "caption": f"{_DOTS if _several_seeds(comparison) else 'Each dot is one run.'}{dashed}",
        }
    )
    blocks.append(_table(comparison))
    return blocks


def _table(comparison: Comparison) -> dict[str, Any]:
    found = comparison.rows
    score, other = SCORES[comparison.settings["task"]]
    one_model = len(comparison.settings["models"]) == 1
    whole = not any(row["diverged"] for row in found.values())
    rows = []
    for (model, treatment), row in found.items():
        true = treatment == "true" or not row["pairs"]
        cells = [
            treatment if one_model else f"{model}, {treatment}",
            _pair(row[score], row["sd"]),
            "" if true else _pair(row["difference"], row["difference sd"]),
            "" if true else _wins(row),
            _number(row[other]),
            f"{row['seconds']:.0f}",
            f"{row['parameters']:,}",
        ]
        rows.append(cells if whole else [*cells, f"{row['diverged']} of {row['runs']}"])
    columns = ["gaps" if one_model else "model, gaps", _NAMES[score], "true is better by"]
    columns += ["true wins", _NAMES[other], "s a run", "parameters"]
    return {
        "columns": columns if whole else [*columns, "diverged"],
        "table": rows,
        "caption": "Mean ± standard deviation over seeds; differences are taken within each seed."
        if _several_seeds(comparison)
        else "One run of each, with the same seed.",
    }


def _treatments(comparison: Comparison) -> dict[str, Any]:
    names = comparison.settings["treatments"]
    return {"terms": [(name, TREATMENTS[name]) for name in names], "colours": _COLOURS}


def _data(comparison: Comparison) -> list[dict[str, Any]]:
    data = comparison.settings["data"]
    readings = f"{data['n_readings']:,}"
    if data["n_readings"] != data["n_rows"]:
        readings = f"{readings}, of {data['n_rows']:,} rows"
    terms = [
        ("series", f"{data['n_series']:,}"),
        ("readings", readings),
        ("channels", _listed(data["channels"], 12)),
        ("not observed", _listed(f"{n} {share}" for n, share in data["missing"].items())),
    ]
    if "classes" in data:
        terms.append(("classes", _listed(f"{n} {count}" for n, count in data["classes"].items())))
    if data["empty_series"]:
        terms.append(("without a reading", f"{data['empty_series']:,} series"))
    blocks: list[dict[str, Any]] = [{"terms": terms}]
    numbers = data["time_kind"] == "number"
    histogram = data["gap_histogram"]
    if histogram["counts"]:
        figure = plot_gaps(
            histogram["edges"],
            counts=histogram["counts"],
            median=data["gaps"]["50%"],
            numbers=numbers,
        )
        blocks.append(
            {
                "figure": figure_to_svg(figure, "Histogram of the gaps between readings"),
                "caption": "Gaps between successive readings of a series, all series together, on "
                "a logarithmic axis. " + _quantiles(data["gaps"], numbers),
            }
        )
    n_channels = len(data["channels"])
    unseen = f", {_MOST_CHANNELS} of {n_channels} channels" if n_channels > _MOST_CHANNELS else ""
    for example in data.get("examples", []):
        values = np.array(example["values"], np.float64)
        times = np.array(example["times"], np.float64)
        title = f"{example['id']}: {example['label']}"
        figure = plot_series(
            times if numbers else (times * 1e9).round().astype("timedelta64[ns]"),
            values,
            channels=data["channels"],
            title=title,
            most=_MOST_CHANNELS,
        )
        blocks.append(
            {
                "figure": figure_to_svg(figure, f"Readings of series {title}"),
                "caption": f"One series as it was read{unseen}. Shaded: silences of all channels, "
                "gaps longer than three times the mean gap of the series.",
            }
        )
    return blocks


def _training(comparison: Comparison) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    for model in comparison.settings["models"]:
        runs = [r for r in comparison.records if r["model"] == model and r.get("history")]
        curves: dict[str, list] = {}
        for run in runs:
            curves.setdefault(run["treatment"], []).append(run["history"])
        if curves:
            blocks.append(
                {
                    "figure": figure_to_svg(
                        plot_history(curves, colour=_COLOURS), f"Loss by epoch of {model}"
                    ),
                    "caption": f"{model}: loss on the validation series after each epoch, one line "
                    "a run. The weights of the lowest point are the ones that were tested.",
                }
            )
    scores = [name for name in _NAMES if any(name in run for run in comparison.records)]
    names = ["model", "treatment", "seed", "status", *scores, "best_epoch", "n_epochs", "seconds"]
    rows = [[_cell(run.get(name)) for name in names] for run in comparison.records]
    columns = [_NAMES.get(name, name.replace("n_", "").replace("_", " ")) for name in names]
    every = {"table": rows, "columns": columns, "caption": ""}
    summary = f"All {len(rows)} runs" if len(rows) > 1 else "The run"
    return [*blocks, {"details": summary, "blocks": [every]}]


def _again(comparison: Comparison) -> list[dict[str, Any]]:
    settings = {k: v for k, v in comparison.settings.items() if k != "data"}
    machine = ", ".join(
        f"{value} {name}" if name == "cores" else str(value)
        for name, value in comparison.machine.items()
    )
    terms = [
        ("protocol", f"{comparison.protocol['name']}, {comparison.protocol['sha256'][:16]}"),
        ("data", f"sha256 {comparison.settings['data']['fingerprint'][:16]}"),
        ("commit", comparison.commit or "not run from a git checkout"),
        ("versions", ", ".join(f"{name} {v}" for name, v in comparison.versions.items())),
        ("machine", machine),
    ]
    text = json.dumps(settings, indent=1, ensure_ascii=False)
    # Short lists on one line: a page of single numbers reads badly.
    text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text)
    return [
        {"code": comparison.settings["command"]},
        {"terms": terms},
        {"details": "All settings", "blocks": [{"code": text}]},
    ]


def _several_seeds(comparison: Comparison) -> bool:
    return len(comparison.settings["seeds"]) > 1


def _chance(comparison: Comparison) -> float | None:
    classes = comparison.settings["data"].get("classes")
    return max(classes.values()) / sum(classes.values()) if classes else None


def _wins(row: dict[str, Any]) -> str:
    wins, ties = f"{row['wins']} of {row['pairs']}", row["ties"]
    return f"{wins}, {ties} {'tie' if ties == 1 else 'ties'}" if ties else wins


def _pair(mean: float, sd: float) -> str:
    return _number(mean) if np.isnan(sd) else f"{mean:.3f} ± {sd:.3f}"


def _number(value: float) -> str:
    if np.isnan(value):
        return "none"
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:.4g}"


def _cell(value) -> str:
    if value is None:
        return "none"
    return _number(value) if isinstance(value, float) else str(value)


def _quantiles(gaps: dict[str, float], numbers: bool) -> str:
    if not gaps:
        return ""
    low, middle, high, longest = (
        _number(gaps[name]) if numbers else duration(gaps[name])
        for name in ("5%", "50%", "95%", "longest")
    )
    return (
        f"Half are shorter than {middle}, nine in ten between {low} and {high}; the longest is "
        f"{longest}."
    )


def _listed(words, most: int = 6) -> str:
    words = [str(word) for word in words]
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more

"""The page of a comparison: what goes on it, in which order."""

import json
import os
import pathlib
import re
from typing import Any

import numpy as np

from ct_s5.lab._comparison import Comparison
from ct_s5.lab._result import COLOURS, NAMES, costs, result, shown, under_corruption
from ct_s5.lab._summary import level_of
from ct_s5.lab._treatments import TREATMENTS
from ct_s5.plots import (
    check_installed,
    duration,
    figure_to_svg,
    plot_gaps,
    plot_history,
    plot_series,
    render_page,
)

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
    spoiled = under_corruption(comparison)
    return render_page(
        {
            "title": "Do the true gaps help?",
            "headline": comparison.headline,
            "lead": f"{data['n_series']:,} series, {data['n_readings']:,} readings. "
            f"{'Model' if len(models) == 1 else 'Models'}: {_listed(models)}, trained "
            f"{'once' if seeds == 1 else f'with {seeds} seeds'} on each of the treatments of time "
            "below. Every score is on series that the training never saw.",
            "sections": [
                {"title": "Result", "blocks": result(comparison)},
                *([{"title": "Under corruption", "blocks": spoiled}] if spoiled else []),
                {"title": "What it costs", "blocks": costs(comparison)},
                {"title": "What the model is told of time", "blocks": _treatments(comparison)},
                {"title": "The data", "blocks": _data(comparison)},
                {"title": "Training", "blocks": _training(comparison)},
                {"title": "Do it again", "blocks": _again(comparison)},
            ],
        }
    )


def _treatments(comparison: Comparison) -> list[dict[str, Any]]:
    names, grid = comparison.settings["treatments"], comparison.settings["grid"]
    per = comparison.settings["per"]
    terms = {"terms": [(name, TREATMENTS[name]) for name in names], "colours": COLOURS}
    if not any(name.startswith("resample-") for name in names):
        return [terms]
    told = f"a point every {grid}"
    if grid is None and per == "reading":
        told = "a point every mean gap of the data"
    elif grid is None:
        told = "as many points as the series has readings"
    elif isinstance(grid, int):
        told = f"{grid} points"
    return [terms, {"text": f"The regular grid of a series has {told}."}]


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
            # A training that several corruptions test is one: it is shown once.
            if run["history"] not in curves.setdefault(run["treatment"], []):
                curves[run["treatment"]].append(run["history"])
        if curves:
            blocks.append(
                {
                    "figure": figure_to_svg(
                        plot_history(curves, colour=COLOURS), f"Loss by epoch of {model}"
                    ),
                    "caption": f"{model}: loss on the validation series after each epoch, one line "
                    "a run. The weights of the lowest point are the ones that were tested.",
                }
            )
    scores = [name for name in NAMES if any(name in run for run in comparison.records)]
    spoiled = ["corruption"] if comparison.settings["corruptions"] else []
    names = ["model", "treatment", *spoiled, "seed", "status", *scores]
    names += ["best_epoch", "n_epochs", "seconds"]
    records = [run | {"corruption": level_of(run["corruption"])} for run in comparison.records]
    rows = [[_cell(run.get(name)) for name in names] for run in records]
    columns = [NAMES.get(name, name.replace("n_", "").replace("_", " ")) for name in names]
    every = {"table": rows, "columns": columns, "caption": ""}
    summary = f"All {len(rows)} runs" if len(rows) > 1 else "The run"
    return [*blocks, {"details": summary, "blocks": [every]}]


def _again(comparison: Comparison) -> list[dict[str, Any]]:
    apart = "data", "corrupted_examples"
    settings = {k: v for k, v in comparison.settings.items() if k not in apart}
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


def _cell(value) -> str:
    if value is None:
        return "none"
    return shown(value) if isinstance(value, float) else str(value)


def _quantiles(gaps: dict[str, float], numbers: bool) -> str:
    if not gaps:
        return ""
    low, middle, high, longest = (
        shown(gaps[name]) if numbers else duration(gaps[name])
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

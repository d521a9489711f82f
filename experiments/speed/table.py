"""The tables and the picture of README.md from the results: `python -m experiments.speed.table`."""

import json
import math
import pathlib
from typing import Any

import numpy as np

from experiments.record import fill
from experiments.speed.scan import TOO_LONG

HERE = pathlib.Path(__file__).parent
FRAMES = {
    "import_ct_s5_seconds": "import ct_s5, seconds",
    "import_equinox_seconds": "import equinox, seconds",
    "import_ratio": "the first over the second",
    "frame_to_batches_seconds": "100,000 rows of long frame to batches, seconds",
}
CONTENDERS = {
    "ours": "**ours** (blocked)",
    "both_directions": "ours, both directions",
    "associative": 'ours, `scan="associative"`',
    "sequential": 'ours, `scan="sequential"`',
    "published": "(a) published algebra, a gap per step, (L, P, H) array",
    "factored": "(b) the same with `gain * (B u)`",
    "s5_pytorch": "(c) s5-pytorch, a step size per step",
    "s5_pytorch_constant": "(c) s5-pytorch, one step size",
    "discretax": "(d) discretax, one step size",
    "mamba_style": "Mamba-style, 16 states per feature",
    "gru": "GRU",
    "lstm": "LSTM",
}
MODEL = {
    "steps_a_second": ("steps per second, forward and backward", "{:,.0f}"),
    "share_scan": ("share of the recurrences over steps", "{:.0%}"),
    "share_rest_of_layers": ("share of the rest of the S5 layers", "{:.0%}"),
    "share_rest_of_model": ("share of all else: encoder, norms, gates, head", "{:.0%}"),
}
STREAM = {
    "runner_microseconds": ("layer: `ct_s5.runtime`, NumPy alone; us per reading", "{:.1f}"),
    "step_microseconds": ("layer: `layer.step`, compiled; us per reading", "{:.1f}"),
    "chunk_microseconds": ("layer: `run`, 1000 readings in one call; us per reading", "{:.1f}"),
    "model_step_microseconds": ("model: `model.step`, one series; us", "{:.0f}"),
    "vector_step_microseconds": ("the same, its state as one vector; us", "{:.0f}"),
    "vector_step_alone_microseconds": ("the same without concurrent scheduling; us", "{:.0f}"),
    "model_steps_milliseconds": ("model: `model.step`, 10,000 series in one call; ms", "{:.0f}"),
    "update_milliseconds": ("classifier: `update`, a frame of one row; ms", "{:.1f}"),
    "updates_milliseconds": ("classifier: `update`, a row of each of 10,000 series; ms", "{:.0f}"),
    "forecast_update_milliseconds": ("forecaster: `update`, a frame of one row; ms", "{:.1f}"),
}
QUERIES = {
    "causal_ratio": ("causal: time with questions over time without", "{:.2f}"),
    "both_directions_ratio": ("both directions: the same", "{:.2f}"),
    "causal_float32_change": ("causal, float32: largest change at a reading", "{:.0e}"),
    "both_directions_float32_change": ("both directions, float32: the same", "{:.0e}"),
    "causal_float64_change": ("causal, float64: the same", "{:.0e}"),
    "both_directions_float64_change": ("both directions, float64: the same", "{:.0e}"),
}
LONG = {
    "fit_seconds": ("one epoch, validation and calibration: seconds", "{:.0f}"),
    "peak_gigabytes": ("memory of the process at its peak: GB", "{:.2f}"),
    "before_gigabytes": ("the same before the fit: GB", "{:.2f}"),
}
GPU_SCANS = {
    "ours": "**ours**, a tree on real parts",
    "complex tree": "a tree on complex numbers",
    "plain loop": "a plain `lax.scan`",
}
GPU_LAYERS = {
    "ours": "**ours**",
    "published": "(a) published algebra",
    "factored": "(b) the same with `gain * (B u)`",
    "loop in blocks": 'ours, `scan="blocked"`',
}
_EPOCHS = ("compilations", "first epoch", "epoch")


def tables() -> dict[str, str]:
    """Every table, by the name of its markers."""
    return {
        "frames": _frames(),
        "forward": _seconds("forward"),
        "both": _seconds("both"),
        "ratios": _ratios(),
        "memory": _memory(),
        "accuracy": _accuracy(),
        "accuracy of the tree": _accuracy_of_the_tree(),
        "model": _rows("model", MODEL),
        "kept": _kept(),
        "packing": _packing(),
        "stream": _rows("stream", STREAM),
        "queries": _rows("queries", QUERIES),
        "long": _rows("long_series", LONG),
        "gpu": _gpu(),
    }


def _read(name: str) -> dict[str, Any] | None:
    path = HERE / "results" / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def _place(results) -> str:
    machine = results["machine"]
    return f"{machine['cores']} cores ({machine['device']}), commit {_commit(results)}"


def _commit(results) -> str:
    """Its first digits, and whether there were changes beside it."""
    commit = results["commit"] or ""
    return commit[:10] + ("-dirty" if commit.endswith("-dirty") else "")


def _frames() -> str:
    results = _read("frames")
    if results is None:
        return "Not run."
    lines = ["| what | median | range |", "|---|---|---|"]
    for name, title in FRAMES.items():
        values = np.array([entry[name] for entry in results["seeds"]])
        lines.append(
            f"| {title} | {np.median(values):.3g} | {values.min():.3g} to {values.max():.3g} |"
        )
    lines.append(f"\nMeasured on {_place(results)}, {len(results['seeds'])} rounds.")
    return "\n".join(lines)


def _median(entry, name, what) -> float | None:
    row = entry["contenders"].get(name, {}).get(what)
    return float(np.median(row["seconds"])) if row else None


def _n_steps(entry) -> int:
    """Of all series of a size together."""
    return entry["n_series"] * entry["n_steps"]


def _sizes(results) -> list[str]:
    return [f"{entry['n_series']} x {entry['n_steps']:,}" for entry in results["seeds"]]


def _seconds(what: str) -> str:
    results = _read("scan")
    if results is None:
        return "Not run."
    lines = [f"| milliseconds | {' | '.join(_sizes(results))} |"]
    lines.append("|---|" + "---|" * len(results["seeds"]))
    for name, title in CONTENDERS.items():
        cells = []
        for entry in results["seeds"]:
            row = entry["contenders"].get(name, {"not_run": ""})
            if what not in row:
                # Today's words for a size that was left out: a results file keeps those of its day.
                chosen = _n_steps(entry) > TOO_LONG.get(name, (math.inf,))[0]
                reason = TOO_LONG[name][1] if chosen else row["not_run"]
                cells.append(f"not run: {reason}")
                continue
            values = 1e3 * np.array(row[what]["seconds"])
            spread = f"{values.min():.3g} to {values.max():.3g}"
            cells.append(f"{np.median(values):.3g} ({spread})")
        lines.append(f"| {title} | {' | '.join(cells)} |")
    rounds = results["settings"]["rounds"]
    lines.append(f"\nMedian (range) of {rounds} rounds in turns; {_place(results)}.")
    return "\n".join(lines)


def _ratios() -> str:
    results = _read("scan")
    if results is None:
        return "Not run."
    lines = ["| ours is faster by | " + " | ".join(_sizes(results)) + " |"]
    lines.append("|---|" + "---|" * len(results["seeds"]))
    for name, title in CONTENDERS.items():
        if name in ("ours", "both_directions"):
            continue
        cells = []
        for entry in results["seeds"]:
            pairs = [
                (_median(entry, name, what), _median(entry, "ours", what))
                for what in ("forward", "both")
            ]
            known = [f"{theirs / ours:.1f}" for theirs, ours in pairs if theirs and ours]
            cells.append(" / ".join(known) or "not run")
        lines.append(f"| {title} | {' | '.join(cells)} |")
    lines.append("\nForward / forward and backward; medians of one run.")
    return "\n".join(lines)


def _memory() -> str:
    results = _read("scan")
    if results is None:
        return "Not run."
    lines = [f"| MB besides inputs and outputs; s to compile | {' | '.join(_sizes(results))} |"]
    lines.append("|---|" + "---|" * len(results["seeds"]))
    n_features = results["settings"]["features"]
    for name, title in CONTENDERS.items():
        cells = []
        for entry in results["seeds"]:
            row = entry["contenders"].get(name, {}).get("both")
            if row is None:
                cells.append("not run")
            elif "temporary_bytes" not in row:
                cells.append(f"{row['resident_growth_bytes'] / 1e6:,.0f}, process growth")
            else:
                # The loss is an average of squared outputs: outputs and their gradient are held.
                held = 2 * 4 * entry["n_series"] * entry["n_steps"] * n_features
                beside = max(row["temporary_bytes"] - held, 0) / 1e6
                cells.append(f"{beside:,.1f}; {row['compile_seconds']:.1f}")
        lines.append(f"| {title} | {' | '.join(cells)} |")
    lines.append("\nForward and backward; outputs and their gradient are not counted.")
    return "\n".join(lines)


def _accuracy() -> str:
    results = _read("accuracy")
    if results is None:
        return "Not run."
    found = {k: v for k, v in results["seeds"][0].items() if "|" in k}
    keys = [key.split(" | ") for key in found]
    kinds = list(dict.fromkeys(kind for _, kind, _ in keys))
    lines = [f"| error | {' | '.join(kinds)} |", "|---|" + "---|" * len(kinds)]
    for hold in dict.fromkeys(hold for hold, _, _ in keys):
        for name in dict.fromkeys(name for _, _, name in keys):
            cells = [f"{found[f'{hold} | {kind} | {name}']:.0e}" for kind in kinds]
            lines.append(f"| {hold}, {name} | {' | '.join(cells)} |")
    lines.append(f"\nRelative to the largest value; {_place(results)}.")
    return "\n".join(lines)


def _accuracy_of_the_tree() -> str:
    results = _read("accuracy_associative")
    if results is None:
        return "Not run."
    found = {tuple(k.split(" | ")): v for k, v in results["seeds"][0].items() if "|" in k}
    names = list(dict.fromkeys(name for _, _, name in found))
    lines = [f"| hold | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
    for hold in dict.fromkeys(hold for hold, _, _ in found):
        own = [{k: v for k, v in found.items() if k[0] == hold and k[2] == name} for name in names]
        worst = [max(some, key=some.get) for some in own]
        cells = [f"{found[key]:.0e} ({key[1]})" for key in worst]
        lines.append(f"| {hold} | {' | '.join(cells)} |")
    lines.append(f"\nRelative to the largest value; {_place(results)}.")
    return "\n".join(lines)


def _rows(name, titles) -> str:
    results = _read(name)
    if results is None:
        return "Not run."
    lines = ["| what | median | range |", "|---|---|---|"]
    for key, (title, form) in titles.items():
        values = np.array([entry[key] for entry in results["seeds"]])
        low, middle, high = (form.format(f(values)) for f in (np.min, np.median, np.max))
        lines.append(f"| {title} | {middle} | {low} to {high} |")
    lines.append(f"\nMeasured on {_place(results)}.")
    return "\n".join(lines)


def _kept() -> str:
    results = _read("kept_memory")
    if results is None:
        return "Not run."
    lines = [
        "| model | temporary MB | ms, given back | ms, kept | page faults, given back | kept |",
        "|---|---|---|---|---|---|",
    ]
    sizes = results["settings"]["sizes"]
    for size, entry in zip(sizes, results["seeds"], strict=True):
        model = f"{size['series']} x {size['steps']:,}, {size['depth']} blocks, H = {size['width']}"
        cells = [f"{entry['temporary_megabytes']:,.0f}"]
        for what in ("milliseconds", "faults"):
            cells += [f"{entry[f'{way}_{what}']:,.0f}" for way in ("given_back", "kept")]
        lines.append(f"| {' | '.join([model, *cells])} |")
    rounds = results["settings"]["rounds"]
    lines.append(f"\nA step's gradient; medians of {rounds} rounds in turns; {_place(results)}.")
    return "\n".join(lines)


def _packing() -> str:
    results = _read("packing")
    if results is None:
        return "Not run."

    def median(key):
        return float(np.median([entry[key] for entry in results["seeds"]]))

    lines = [
        "| network | rows | lengths compiled | first epoch, seconds | later epochs, seconds |",
        "|---|---|---|---|---|",
    ]
    for mixer in ("s5", "gru"):
        for name, title in (("buckets", "one series per row, in buckets"), ("packed", "packed")):
            cells = [median(f"{mixer} | {name} | {what}") for what in _EPOCHS]
            numbers = f"{cells[0]:.0f} | {cells[1]:.1f} | {cells[2]:.2f}"
            lines.append(f"| {mixer.upper()} | {title} | {numbers} |")
    lines.append(f"\nMedians of {len(results['seeds'])} rounds in turns; {_place(results)}.")
    return "\n".join(lines)


def _gpu() -> str:
    results = _read("gpu")
    if results is None:
        return "Not run: no GPU was available. `python -m experiments.speed.gpu` measures it."
    (entry,) = results["seeds"]
    told = results["machine"]["device"]
    parts = [
        _gpu_times("the recurrence", entry["recurrence"], GPU_SCANS),
        _gpu_times("the layer", entry["layer"], GPU_LAYERS),
        _gpu_errors(entry["error"]),
    ]
    step = entry["model"]
    return "\n\n".join(
        [
            *parts,
            f"A training step of the whole model above takes {1e3 * step['seconds']:.1f} ms on it: "
            f"{step['steps_a_second']:,.0f} steps per second.",
            f"Measured on one {told}, jax {results['versions']['jax']}, commit {_commit(results)}.",
        ]
    )


def _gpu_times(what: str, sizes: dict[str, Any], titles: dict[str, str]) -> str:
    """Milliseconds forwards and with gradients by size, and what the longest took to compile."""
    lines = [f"| {what} | {' | '.join(sizes)} |", "|---" * (1 + len(sizes)) + "|"]
    if "copy" in next(iter(sizes.values())):
        rates = [f"{of['copy']['bytes_a_second'] / 1e12:.2f} TB/s" for of in sizes.values()]
        lines.append(f"| a copy on the device | {' | '.join(rates)} |")
    for name, title in titles.items():
        for way, words in (("forward", "forwards"), ("both", "with gradients")):
            cells = [_gpu_cell(of, f"{name}, {way}") for of in sizes.values()]
            lines.append(f"| {title}, {words} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _gpu_cell(found: dict[str, Any], name: str) -> str:
    if name not in found:
        return ""
    cell = f"{1e3 * found[name]['seconds']:.2f} ms"
    if rate := found[name].get("bytes_a_second"):
        return f"{cell}, {rate / found['copy']['bytes_a_second']:.0%} of the copy's rate"
    return f"{cell}, {found[name]['temporary_bytes'] / 1e6:.0f} MB"


def _gpu_errors(errors: dict[str, float]) -> str:
    whats = [key.partition(" | ")[2] for key in errors if key.startswith("default")]
    lines = [f"| error against float64 | {' | '.join(whats)} |", "|---" * (1 + len(whats)) + "|"]
    for precision, title in (
        ("default", "by default (TF32)"),
        ("highest", '`"highest"`'),
    ):
        cells = [f"{errors[f'{precision} | {what}']:.0e}" for what in whats]
        lines.append(f"| matrix products {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw() -> None:
    """Cost against length, forward and backward, one line a contender."""
    from ct_s5.plots import plot_scaling

    results = _read("scan")
    if results is None:
        return
    lines: dict[str, list[tuple[int, float]]] = {}
    for name, title in CONTENDERS.items():
        for entry in results["seeds"]:
            seconds = _median(entry, name, "both")
            if seconds is not None and entry["n_series"] == 16:
                lines.setdefault(title.replace("**", "").replace("`", ""), []).append(
                    (entry["n_steps"], seconds)
                )
    figure = plot_scaling(lines)
    figure.savefig(HERE / "results" / "scan.png", dpi=120)


def write(*, check: bool = False) -> bool:
    """Fill the README; whether it already said the same."""
    if not check:
        draw()
    return fill(HERE / "README.md", tables(), check=check)


if __name__ == "__main__":
    write()

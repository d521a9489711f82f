"""Tables and picture of README.md from the results: `python -m experiments.pendulum.table`."""

import json
import pathlib
from typing import Any

import numpy as np

from experiments.pendulum.recipe import TRIALS
from experiments.record import fill

HERE = pathlib.Path(__file__).parent
PICTURE = HERE.parents[1] / "docs" / "pictures" / "pendulum.svg"
# Title, and what S5's paper reports (arXiv:2208.04933, appendix F.3, table 9; 20 seeds).
ROWS = {
    "s5_published": ("S5, published settings", "0.00341 ± 0.00027"),
    "s5_append": ("S5 told the gaps as an input, steps equal", "0.00413 ± 0.00043"),
    "s5_drop": ("S5 without gaps", "0.00668 ± 0.00038"),
    "s5_thinning": ("published network + thinning", ""),
    "s5_unmirrored": ("our best, but films never mirrored", ""),
    "s5_best": ("our best causal S5", ""),
}
APART = {"s5_both": ("published settings, both directions: a smoother", "")}
OTHERS = {"CRU (run again by S5's authors)": "0.00394 ± 0.00021"}


def tables() -> dict[str, str]:
    """The tables, by the names of their markers."""
    return {"error": _errors(), "trials": _trials(), "pace": _pace()}


def _errors() -> str:
    lines = [
        "| model | parameters | test MSE, here | seeds | test MSE, paper | validation | train |",
        "|---|---:|---|---:|---|---|---|",
    ]
    lines += [_row(name, *told) for name, told in (ROWS | APART).items()]
    lines += [f"| {model} |  |  |  | {error} |  |  |" for model, error in OTHERS.items()]
    return "\n".join(lines)


def _row(name: str, title: str, published: str) -> str:
    results = _results(name)
    if results is None:
        return f"| {title} |  | not run |  | {published} |  |  |"
    told = {part: _over_seeds(results, f"{part}_mse") for part in ("test", "validation", "train")}
    cells = [title, f"{results['seeds'][0]['n_parameters']:,}", told["test"]]
    cells += [str(len(results["seeds"])), published, told["validation"], told["train"]]
    return f"| {' | '.join(cells)} |"


def _trials() -> str:
    lines = ["| trial | changes | parameters | seed | validation MSE |", "|---|---|---:|---:|---|"]
    published = _results("s5_published")
    for name in TRIALS:
        results = _results(name)
        if results is None:
            lines.append(f"| {name} |  |  |  | not run |")
            continue
        plain = published["settings"] if published else {}
        changes = {k: v for k, v in results["settings"].items() if plain.get(k) != v}
        words = ", ".join(f"{k} {v}" for k, v in changes.items())
        for entry in results["seeds"]:
            cells = [name, words, f"{entry['n_parameters']:,}", str(entry["seed"])]
            lines.append(f"| {' | '.join(cells)} | {entry['validation_mse']:.5f} |")
    return "\n".join(lines)


def _pace() -> str:
    lines = ["| one epoch (62 steps of 32 films) | seconds |", "|---|---:|"]
    results = _results("pace")
    if results is None:
        return "\n".join([*lines, "| not run |  |"])
    (entry,) = results["seeds"]
    titles = {"here": "this library", "published": "the published code's algebra"}
    for name, title in titles.items():
        lines.append(f"| {title} | {entry['seconds_an_epoch'][name]:.1f} |")
    return "\n".join([*lines, f"| the second over the first | {entry['ratio']:.1f} |"])


def _over_seeds(results: dict[str, Any], name: str) -> str:
    values = np.array([entry[name] for entry in results["seeds"]])
    if len(values) == 1:
        return f"{values[0]:.5f}"
    return f"{values.mean():.5f} ± {values.std(ddof=1):.5f}"


def _results(name: str) -> dict[str, Any] | None:
    path = HERE / "results" / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def draw() -> None:
    """The least validation error so far by epoch, a line a seed, and what the test films gave."""
    import matplotlib

    from ct_s5.plots._style import INK, colours, look, new_figure

    colour = colours(list(reversed(ROWS)))
    with look():
        matplotlib.rcParams["svg.hashsalt"] = "pendulum"
        figure, (axes,) = new_figure(3.4)
        for name, (title, _) in ROWS.items():
            results = _results(name)
            if name == "s5_unmirrored":  # its lines would hide those of our best
                continue
            for at, entry in enumerate(results["seeds"] if results else []):
                errors = entry["validation_by_epoch"]
                hue, label = colour[name], title if at == 0 else None
                least = np.minimum.accumulate(errors)
                axes.plot(range(1, len(errors) + 1), least, color=hue, lw=0.9, label=label)
                axes.plot(len(errors) + 4, entry["test_mse"], ".", color=hue, ms=6)
        axes.axhline(0.00341, color=INK, lw=0.8, ls=":", label="S5's paper, test: 0.00341")
        axes.set_yscale("log")
        axes.set_ylim(0.0015, 0.06)
        ticks = ["0.002", "0.003", "0.005", "0.01", "0.02", "0.05"]
        axes.set_yticks([float(tick) for tick in ticks], ticks)
        axes.minorticks_off()
        axes.set_xlabel("epoch")
        axes.set_title("Squared error: lines least validation so far, dots test")
        axes.legend(loc="upper right", fontsize=8)
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(PICTURE, metadata={"Date": None})


def write(*, check: bool = False) -> bool:
    """Fill the README and draw the picture; whether the README already said the same."""
    if not check:
        draw()
    return fill(HERE / "README.md", tables(), check=check)


if __name__ == "__main__":
    write()

"""Tables and picture of README.md from the results: `python -m experiments.pendulum.table`."""

import json
import pathlib
from typing import Any

import numpy as np

from ct_s5._files import write_atomically
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


def picture() -> str:
    """Validation error by epoch, a thin line a seed and the paper's test error, as SVG."""
    from ct_s5.plots import figure_to_svg
    from ct_s5.plots._style import INK, colours, look, new_figure

    shown = {name: told for name in ROWS if (told := _results(name))}
    colour = colours(["s5_best", "s5_published", "s5_thinning", "s5_append", "s5_drop"])
    with look():
        figure, (axes,) = new_figure(3.4)
        for name, results in shown.items():
            for at, entry in enumerate(results["seeds"]):
                errors = np.array(entry["validation_by_epoch"]) * 1e3
                label = ROWS[name][0] if at == 0 else None
                axes.plot(
                    np.arange(1, len(errors) + 1), errors, color=colour[name], lw=0.9, label=label
                )
        axes.axhline(3.41, color=INK, lw=0.8, ls=":", label="S5's paper, on its test films: 3.41")
        axes.set_yscale("log")
        axes.set_ylim(1.5, 60)
        axes.set_yticks([2, 3, 5, 10, 20, 50], ["2", "3", "5", "10", "20", "50"])
        axes.minorticks_off()
        axes.set_xlabel("epoch")
        axes.set_title("squared error of sine and cosine on validation films, thousandths")
        axes.legend(loc="upper right", fontsize=8)
        return figure_to_svg(figure, "Pendulum: validation error by epoch")


def write(*, check: bool = False) -> bool:
    """Fill the README and draw the picture; whether the README already said the same."""
    if not check and any(_results(name) for name in ROWS):
        write_atomically(PICTURE, (picture() + "\n").encode())
    return fill(HERE / "README.md", tables(), check=check)


if __name__ == "__main__":
    write()

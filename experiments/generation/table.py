"""Table and picture of README.md from the results: `python -m experiments.generation.table`."""

import json
import pathlib

import numpy as np

from experiments.record import fill

HERE = pathlib.Path(__file__).parent
RESULTS = HERE / "results" / "generation.json"
ROWS = {
    "s5 | recurrent": "S5, state carried",
    "s4 | recurrent": "S4, state carried",
    "transformer | recurrent": "attention, keys and values cached",
    "s5 | window": "S5, everything reread",
    "s4 | window": "S4, everything reread",
    "transformer | window": "attention, everything reread",
}
NAMES = {"s5": "S5", "s4": "S4", "transformer": "attention"}


def _results():
    return json.loads(RESULTS.read_text())


def _median(results, key: str) -> float:
    return float(np.median([entry[key] for entry in results["seeds"]]))


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.1f}"


def tables() -> dict[str, str]:
    """Both tables, by the name of their markers."""
    if not RESULTS.exists():
        return {"steps": "Not run.", "sizes": "Not run."}
    results = _results()
    lengths = results["settings"]["lengths"]
    head = [f"| steps written | {' | '.join(f'{n:,}' for n in lengths)} |"]
    lines = [*head, "|---|" + "---|" * len(lengths)]
    for row, title in ROWS.items():
        cells = []
        for n in lengths:
            seconds, base = (_median(results, f"{name} | {n}") for name in (row, "s5 | recurrent"))
            ratio = "" if row == "s5 | recurrent" else f" ({_short(seconds / base)}x)"
            cells.append(f"{_short(1e6 * seconds / n)}{ratio}")
        lines.append(f"| {title} | {' | '.join(cells)} |")
    machine = results["machine"]
    place = f"one core ({machine['device']}), commit {results['commit'][:10]}"
    lines.append(
        "\nMicroseconds of processor time per step written (in brackets: over that of S5 with a "
        f"state); medians of {len(results['seeds'])} rounds in turns; {place}."
    )
    sizes = ["| network | width | parameters | step by step against at once |", "|---|---|---|---|"]
    for mixer, title in NAMES.items():
        settings = results["settings"]
        difference = max(entry[f"{mixer} | difference"] for entry in results["seeds"])
        numbers = f"{settings['widths'][mixer]} | {settings['parameters'][mixer]:,}"
        sizes.append(f"| {title} | {numbers} | {difference:.0e} |")
    return {"steps": "\n".join(lines), "sizes": "\n".join(sizes)}


def draw() -> None:
    """Microseconds a step against the length."""
    from ct_s5.plots import plot_scaling

    results = _results()
    lines = {
        title: [
            (n, 1e6 * _median(results, f"{row} | {n}") / n) for n in results["settings"]["lengths"]
        ]
        for row, title in ROWS.items()
    }
    figure = plot_scaling(lines, size="steps written", cost="microseconds per step")
    figure.savefig(HERE / "results" / "generation.png", dpi=120)


def write(*, check: bool = False) -> bool:
    """Fill the README; whether it already said the same."""
    if not check and RESULTS.exists():
        draw()
    return fill(HERE / "README.md", tables(), check=check)


if __name__ == "__main__":
    write()

"""The table of README.md from the results file: `python -m experiments.speed.table`."""

import json
import pathlib

import numpy as np

from experiments.record import fill

HERE = pathlib.Path(__file__).parent
ROWS = {
    "import_ct_s5_seconds": "import ct_s5, seconds",
    "import_equinox_seconds": "import equinox, seconds",
    "import_ratio": "the first over the second",
    "frame_to_batches_seconds": "100,000 rows of long frame to batches, seconds",
}


def tables() -> dict[str, str]:
    """The table, by the name of its markers."""
    results = json.loads((HERE / "results" / "frames.json").read_text())
    lines = ["| what | median | range |", "|---|---|---|"]
    for name, title in ROWS.items():
        values = np.array([entry[name] for entry in results["seeds"]])
        lines.append(
            f"| {title} | {np.median(values):.3g} | {values.min():.3g} to {values.max():.3g} |"
        )
    cores, device = results["machine"]["cores"], results["machine"]["device"]
    lines.append(f"\nMeasured on {cores} cores ({device}), {len(results['seeds'])} rounds.")
    return {"frames": "\n".join(lines)}


def write(*, check: bool = False) -> bool:
    """Fill the README; whether it already said the same."""
    return fill(pathlib.Path(__file__).parent / "README.md", tables(), check=check)


if __name__ == "__main__":
    write()

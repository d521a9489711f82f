"""Results as evidence: one JSON file a setting, written seed by seed, and tables made from them.

A run that stops loses at most the seed it was at; started again, it goes on with the next.
"""

import contextlib
import fcntl
import json
import os
import pathlib
import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ct_s5._files import write_atomically
from ct_s5.lab import provenance

HERE = pathlib.Path(__file__).parent


def record(
    run: Callable[[int], dict[str, Any]],
    settings: dict[str, Any],
    protocol: dict[str, str],
    seeds: Iterable[int],
    path: pathlib.Path,
) -> dict[str, Any]:
    """Run the seeds that a results file lacks, and write the file after each.

    Args:
        run: From a seed to what came out, as a dict of numbers; seconds are added.
        settings: Everything that fixes the run. A file with other settings is refused.
        protocol: Name and hash of splits and metrics.
        seeds: Which ones.
        path: `experiments/<question>/results/<setting>.json`.
    """
    told = {"settings": settings, "protocol": protocol}
    told = json.loads(json.dumps(told))
    here = provenance()
    results = told | here | {"seeds": []}
    if path.exists():
        results = json.loads(path.read_text())
        if {name: results[name] for name in told} != told:
            raise ValueError(f"{path} was made with other settings. Move it away to run anew.")
    done = {entry["seed"] for entry in results["seeds"]}
    # A later run says what of its surroundings was not as it stands at the head of the file.
    others = {name: here[name] for name in here if results[name] != here[name]}
    made = {"made": others} if others else {}
    for seed in seeds:
        if seed in done:
            continue
        started = time.perf_counter()
        outcome = run(seed)
        seconds = round(time.perf_counter() - started, 1)
        entry = {"seed": seed} | outcome | {"seconds": seconds} | made
        with _alone(path):
            if path.exists():  # another process may have written seeds of its own
                results = json.loads(path.read_text())
            results["seeds"] = [e for e in results["seeds"] if e["seed"] != seed] + [entry]
            write_atomically(path, (json.dumps(results, indent=1) + "\n").encode())
        print(path.stem, entry, flush=True)
    return results


@contextlib.contextmanager
def _alone(path: pathlib.Path) -> Iterator[None]:
    """One process at a time writes a results file; whoever waits for it does not wait long."""
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def mean_and_spread(results: dict[str, Any], name: str, digits: int = 3) -> str:
    """`0.834 ± 0.012`: mean and standard deviation over the seeds of a results file."""
    values = np.array([entry[name] for entry in results["seeds"]])
    if len(values) == 1:
        return f"{values[0]:.{digits}f} (one seed)"
    return f"{values.mean():.{digits}f} ± {values.std(ddof=1):.{digits}f}"


def table_of_runs(
    folder: pathlib.Path,
    first: str,
    problems: dict[str, tuple[str, int]],
    rows: dict[str, str],
    trained: Iterable[str],
) -> str:
    """A line a problem and model: errors, the share that 90 % intervals hold, how many runs.

    Args:
        folder: Where `<problem>_<row>.json` lie.
        first: Heading of the first column.
        problems: Name -> title, and digits of its errors.
        rows: Name of a model -> title.
        trained: The models that a seed says something about.
    """
    lines = [
        f"| {first} | model | test MSE | test MAE | 90 % intervals hold | runs |",
        "|---|---|---|---|---|---|",
    ]
    for problem, (title, digits) in problems.items():
        for row, model in rows.items():
            path = folder / f"{problem}_{row}.json"
            if not path.exists():
                lines.append(f"| {title} | {model} | not run |  |  |  |")
                continue
            results = json.loads(path.read_text())
            cells = [mean_and_spread(results, name, digits) for name in ("test_mse", "test_mae")]
            if row not in trained:
                cells = [cell.removesuffix(" (one seed)") for cell in cells]
            known = "coverage" in results["seeds"][0]
            cells.append(mean_and_spread(results, "coverage") if known else "")
            cells.append(str(len(results["seeds"])) if row in trained else "")
            lines.append(f"| {' | '.join([title, model, *cells])} |")
    return "\n".join(lines)


def fill(readme: pathlib.Path, tables: dict[str, str], *, check: bool = False) -> bool:
    """Put each table between its markers `<!-- table: NAME -->` and `<!-- end -->`.

    Returns whether the file already said the same; with `check` it is left as it is.
    """
    text = new = readme.read_text()
    for name, table in tables.items():
        pattern = rf"(<!-- table: {re.escape(name)} -->\n).*?(<!-- end -->)"
        new, found = re.subn(pattern, lambda m: f"{m[1]}{table}\n{m[2]}", new, flags=re.DOTALL)  # noqa: B023
        if not found:
            raise ValueError(f"{readme} has no markers for table {name!r}.")
    if new != text and not check:
        write_atomically(readme, new.encode())
    return new == text

"""How fast and how lean is the scan, beside others', from 128 to a million steps?

Compared   ours (auto, both directions, as one loop, as a tree), the published variable-gap algebra
           with and without its (L, P, H) array, the PyPI packages s5-pytorch (a step size per step,
           and one for all) and discretax (one for all), a Mamba-style layer, a GRU and an LSTM.
Same       H = 128 features, P = 64 states, float32, the same inputs and gaps, two cores.
Measured   one process a contender, all of one size alive at once and taking turns: medians and
           ranges of wall time forwards and with all gradients, compile time, temporary memory.
Run        make speed    (about half an hour)
Result     results/scan.json and scan.png; the tables in README.md.
"""

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import numpy as np
from tqdm import tqdm

from ct_s5._files import write_atomically
from ct_s5.lab import provenance

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
RESULTS = HERE / "results" / "scan.json"
N_FEATURES, N_STATES = 128, 64
SHAPES = [(16, 128), (16, 1024), (1, 16384), (16, 4096), (16, 16384), (1, 131072), (1, 1048576)]
ROUNDS = 7

# Above so many steps (series times length) a contender is left out, as its memory or its time would
# be too much for this machine; the table shows the reason. Bytes per step are those of a gradient,
# beside inputs and outputs, at the longest size that was run.
TOO_LONG = {
    "published": (70_000, "needs 100 kB per step: 13 GB and more"),
    "factored": (300_000, "needs 4.6 kB per step: 4.8 GB"),
    "s5_pytorch": (17_000, "2.3 GB and 4 s per gradient at 16 x 1024"),
    "s5_pytorch_constant": (300_000, "grows with the length"),
    "discretax": (70_000, "grows with the length"),
    "associative": (300_000, "needs 3.3 kB per step: 3.5 GB"),
    "mamba_style": (70_000, "keeps every state: H x 16 per step"),
    "sequential": (300_000, "keeps every state"),
    "both_directions": (300_000, "as ours, twice"),
    "gru": (150_000, "keeps every state"),
    "lstm": (150_000, "keeps every state"),
}
PYTHONS = {
    "s5_pytorch": os.environ.get("PEERS_TORCH", str(ROOT / ".venv-peers-torch/bin/python")),
    "discretax": os.environ.get("PEERS_DISCRETAX", str(ROOT / ".venv-peers-discretax/bin/python")),
}
PYTHONS["s5_pytorch_constant"] = PYTHONS["s5_pytorch"]
CONTENDERS = ["ours", *TOO_LONG]


def measure(n_series: int, n_steps: int, rounds: int = ROUNDS) -> dict[str, Any]:
    """All contenders that can stand this size, in turns."""
    found: dict[str, Any] = {}
    workers: dict[str, subprocess.Popen] = {}
    for name in CONTENDERS:
        most, why = TOO_LONG.get(name, (float("inf"), ""))
        python = PYTHONS.get(name, sys.executable)
        if n_series * n_steps > most:
            found[name] = {"not_run": why}
        elif not pathlib.Path(python).exists():
            found[name] = {"not_run": "not installed here"}
        else:
            words = map(str, (name, n_series, n_steps, N_FEATURES, N_STATES))
            worker = _start([python, "-m", "experiments.speed.worker", *words])
            first = worker.stdout.readline()
            if not first:
                error = worker.stderr.read().strip().splitlines()
                found[name] = {"not_run": error[-1] if error else "died without a word"}
                continue
            workers[name] = worker
            found[name] = json.loads(first)
            for what in found[name]:
                found[name][what]["seconds"] = []
    for _ in tqdm(range(rounds), desc=f"{n_series} x {n_steps}", leave=False):
        for what in ("forward", "both"):
            for name, worker in workers.items():
                worker.stdin.write(what + "\n")
                worker.stdin.flush()
                found[name][what]["seconds"].append(float(worker.stdout.readline()))
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()
    return {"seed": 0, "n_series": n_series, "n_steps": n_steps, "contenders": found}


def _start(command) -> Any:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "datasets")])
    settings = os.environ | {"PYTHONPATH": paths, "JAX_PLATFORMS": "cpu"}
    pipe = subprocess.PIPE
    streams = {"stdin": pipe, "stdout": pipe, "stderr": pipe}
    return subprocess.Popen(command, text=True, env=settings, cwd=ROOT, **streams)


def peers() -> dict[str, str]:
    """The versions of the packages measured against."""
    asked = "import importlib.metadata as m; print(m.version({!r}))"
    found = {}
    for contender, package in (("s5_pytorch", "s5-pytorch"), ("s5_pytorch", "torch"),
                               ("discretax", "discretax"), ("discretax", "jax")):  # fmt: skip
        python = PYTHONS[contender]
        if pathlib.Path(python).exists():
            command = [python, "-c", asked.format(package)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            found[f"{contender}: {package}"] = done.stdout.strip()
    return found


def main() -> None:
    """Measure every size; the file is written after each."""
    settings = {"features": N_FEATURES, "states": N_STATES, "dtype": "float32", "rounds": ROUNDS}
    protocol = {"name": "contenders take turns, a process each; medians", "hash": "none"}
    results = {"settings": settings, "protocol": protocol} | provenance() | {"peers": peers()}
    results["seeds"] = []
    for n_series, n_steps in SHAPES:
        results["seeds"].append(measure(n_series, n_steps))
        write_atomically(RESULTS, (json.dumps(results, indent=1) + "\n").encode())
        for name, row in results["seeds"][-1]["contenders"].items():
            shown = row.get("not_run") or {
                k: float(np.median(v["seconds"])) for k, v in row.items()
            }
            print(n_series, n_steps, name, shown, flush=True)


if __name__ == "__main__":
    main()

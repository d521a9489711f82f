"""How fast does a series write itself on, step by step, as it grows longer?

Compared   S5 and S4 with a state that goes along; S5, S4 and attention that read everything so far
           again at each step; attention that keeps its keys and values.
Same       4 blocks, about as many parameters each (the widths differ), float32, one core, one
           series, everything compiled into one loop.
Measured   processor seconds to write 64, 128, .. 4096 steps, contenders in turns, medians of the
           rounds. (Not by the clock on the wall: others work on this machine at the same time.)
           A window is padded to the next power of 2; one step of it is timed for each such length,
           and a whole series is the sum of its steps: a run of 4096 would take an hour.
           Also the largest difference between the outputs step by step and those of the same series
           read at once.
Run        python -m experiments.generation.run    (some minutes)
Result     results/generation.json and generation.png; the table in README.md.
"""

import functools
import os
import pathlib
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from experiments.generation import networks
from experiments.record import record

RESULTS = pathlib.Path(__file__).parent / "results" / "generation.json"
LENGTHS = [64, 128, 256, 512, 1024, 2048, 4096]
ROUNDS = 5
MIXERS = ("s5", "s4", "transformer")
# A window is timed over as many steps as take about so long.
_SECONDS = 0.2


@functools.cache
def _networks() -> dict[str, networks.Network]:
    """Each with the width that brings it nearest to S5's number of parameters."""
    found = {"s5": networks.network("s5", networks.WIDTH)}
    wanted = networks.size(found["s5"])
    for mixer in MIXERS[1:]:

        def off(width, mixer=mixer):
            shapes = eqx.filter_eval_shape(networks.network, mixer, width)
            return abs(networks.size(shapes) - wanted)

        found[mixer] = networks.network(mixer, min(range(32, networks.WIDTH, 4), key=off))
    return found


def _seconds(function, *arguments) -> float:
    started = time.process_time()
    jax.block_until_ready(function(*arguments))
    return time.process_time() - started


def _first(network):
    width = network.blocks[0].activation.gate.in_features
    return jnp.asarray(np.random.default_rng(0).normal(size=width), jnp.float32)


def _window_step(network, length: int) -> float:
    """Seconds for one step of a window padded to this length, at its second half."""
    first = _first(network)
    room = jnp.zeros((length, len(first))).at[: length // 2].set(first)

    def run(n_steps):
        return _seconds(networks.window, network, room, *map(jnp.asarray, (length // 2, n_steps)))

    run(1)  # compiles, or warms
    one = run(1)
    n_steps = int(np.clip(_SECONDS / one, 1, length // 2))
    return one if n_steps == 1 else run(n_steps) / n_steps


def measure(seed: int) -> dict[str, float]:
    """One round of everything."""
    found: dict[str, float] = {}
    nets = _networks()
    steps: dict[str, list[float]] = {mixer: [] for mixer in nets}
    for length in LENGTHS:
        for mixer, network in nets.items():
            kept = networks.cached(network, length) if mixer == "transformer" else network
            told = (networks.recurrent, kept, _first(network), jnp.asarray(length))
            _seconds(*told)  # compiles, or warms
            found[f"{mixer} | recurrent | {length}"] = _seconds(*told)
            steps[mixer].append(_window_step(network, length))
            # 64 steps in the shortest window, then half of each longer one.
            counts = [LENGTHS[0], *(n // 2 for n in LENGTHS[1 : len(steps[mixer])])]
            found[f"{mixer} | window | {length}"] = float(np.dot(counts, steps[mixer]))
    for mixer, network in nets.items():
        kept = networks.cached(network, 256) if mixer == "transformer" else network
        told = networks.written(kept, _first(network), 256)
        inputs = jnp.concatenate([_first(network)[None], told[:-1]])
        found[f"{mixer} | difference"] = float(jnp.abs(networks.read(network, inputs) - told).max())
    return found


def main() -> None:
    """All rounds; the file is written after each."""
    # One core, before JAX counts them: threads that wait for each other would be counted too.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    settings = {
        "depth": networks.DEPTH,
        "states": networks.STATES,
        "lengths": LENGTHS,
        "widths": {name: len(_first(net)) for name, net in _networks().items()},
        "parameters": {name: networks.size(net) for name, net in _networks().items()},
    }
    protocol = {
        "name": "one compiled loop on one core, processor time, contenders in turns; medians",
        "hash": "none",
    }
    record(measure, settings, protocol, range(ROUNDS), RESULTS)


if __name__ == "__main__":
    main()

"""One contender in a process of its own, timed on demand: `worker.py NAME SERIES STEPS H P`.

It prints a JSON line with what it took to compile and the memory beside inputs and outputs; then
for every "forward" or "both" on its input it runs and prints the seconds. So the rounds of several
contenders can take turns, whatever Python each needs. Each turn runs for a quarter of a second, at
least once, and then once for the clock: as training would find them, with caches that the others'
turns have emptied filled again, and threads and cores awake (after a pause of 0.15 s a run of 15 ms
took up to 27).
"""

import json
import resource
import sys
import time

import numpy as np

WAKING = 0.25


def _data(n_series, n_steps, n_features):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(n_series, n_steps, n_features)).astype(np.float32)
    return inputs, rng.exponential(size=(n_series, n_steps)).astype(np.float32)


def _jax_runs(name, n_series, n_steps, n_features, n_states):
    import jax
    import jax.numpy as jnp

    if name == "discretax":
        from experiments.speed.contenders.discretax_s5 import constant_step as make
    else:
        from experiments.speed.contenders import jax_layers

        make = getattr(jax_layers, name)
    moving, run = make(n_features, n_states, jax.random.key(0))
    data = jax.tree.map(jnp.asarray, _data(n_series, n_steps, n_features))

    def forward(moving, inputs, gaps):
        return jax.vmap(run, in_axes=(None, 0, 0))(moving, inputs, gaps)

    def loss(moving, inputs, gaps):
        return jnp.mean(forward(moving, inputs, gaps) ** 2)

    runs, told = {}, {}
    for what, function in (
        ("forward", forward),
        ("both", jax.value_and_grad(loss, argnums=(0, 1, 2))),
    ):
        started = time.perf_counter()
        compiled = jax.jit(function).lower(moving, *data).compile()
        told[what] = {
            "compile_seconds": time.perf_counter() - started,
            "temporary_bytes": compiled.memory_analysis().temp_size_in_bytes,
        }
        runs[what] = lambda compiled=compiled: jax.block_until_ready(compiled(moving, *data))
    return runs, told


def _torch_runs(name, n_series, n_steps, n_features, n_states):
    import torch
    from s5 import S5

    torch.manual_seed(0)
    torch.set_num_threads(2)
    layer = S5(n_features, n_states, block_count=1)
    inputs, gaps = map(torch.tensor, _data(n_series, n_steps, n_features))
    step_scale = gaps if name == "s5_pytorch" else 1.0

    def forward():
        with torch.no_grad():
            return layer(inputs, step_scale=step_scale)

    def both():
        layer.zero_grad()
        moving = inputs.requires_grad_()
        moving.grad = None
        (layer(moving, step_scale=step_scale) ** 2).mean().backward()

    return {"forward": forward, "both": both}, {"forward": {}, "both": {}}


def main(name, *sizes):
    """Compile, then answer."""
    runs_of = _torch_runs if name.startswith("s5_pytorch") else _jax_runs
    runs, told = runs_of(name, *map(int, sizes))
    for what, run in runs.items():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        run()
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        told[what]["resident_growth_bytes"] = grown * 1024
    print(json.dumps(told), flush=True)
    for line in sys.stdin:
        run = runs[line.strip()]
        awake = time.perf_counter() + WAKING
        run()
        while time.perf_counter() < awake:
            run()
        started = time.perf_counter()
        run()
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

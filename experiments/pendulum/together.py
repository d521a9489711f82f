"""All seeds of a row at once, under one `jax.vmap`: one network leaves a GPU idle.

Compared   rows of `recipe.py`, five seeds each, and the time of an epoch of one seed alone.
Same       a seed's weights, order of films and draws as in `run.py`; validation chooses the epoch
           of each seed, the test films are read once.
Run        python -m experiments.pendulum.together s5_published s5_best    (on a GPU: minutes)
Result     results/together-ROW.json; a table in README.md here.
"""

import argparse
import dataclasses
import pathlib
import time
from collections.abc import Iterator, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, PyTree

from ct_s5.ssm import nan_for_errors
from experiments.lra.optimiser import Optimiser, rate_at
from experiments.pendulum import films
from experiments.pendulum.films import Batch, Films, batches, training_batches
from experiments.pendulum.network import Network
from experiments.pendulum.recipe import ROWS, Recipe
from experiments.pendulum.run import RESULTS
from experiments.pendulum.train import (
    EPOCHS_BETWEEN_CHECKPOINTS,
    SCORED_AT_ONCE,
    Standing,
    fingerprint_of,
    n_parameters,
    read,
    squares,
    step,
    write,
)
from experiments.record import record

_ALONE = 3  # epochs, whose median is that of one without compiling


def main(words: list[str] | None = None) -> None:
    """Train rows, all seeds of each at once."""
    told = argparse.ArgumentParser(prog="python -m experiments.pendulum.together")
    told.add_argument("rows", nargs="+", choices=list(ROWS), help="rows of the table")
    told.add_argument("--seeds", type=int, default=5, help="how many at once")
    told.add_argument("--out", type=pathlib.Path, default=RESULTS, help="folder of results files")
    told.add_argument(
        "--work",
        type=pathlib.Path,
        default=pathlib.Path("out/pendulum-together"),
        help="folder of checkpoints",
    )
    asked = told.parse_args(words)
    parts, protocol = films.load()
    seeds = range(asked.seeds)
    for row in asked.rows:
        recipe = ROWS[row]

        def run(_, row=row, recipe=recipe):
            found = train_together(recipe, parts, seeds, asked.work / f"{row}.safetensors")
            few = dataclasses.replace(recipe, epochs=_ALONE)
            alone = train_together(few, parts, seeds[:1], asked.work / f"{row}-alone.safetensors")
            return found | {"seconds_an_epoch_alone": alone["seconds_an_epoch"]}

        settings = dataclasses.asdict(recipe) | {"seeds_at_once": asked.seeds}
        record(run, settings, protocol, [0], asked.out / f"together-{row}.json")


def train_together(
    recipe: Recipe, parts: dict[str, Films], seeds: Sequence[int], checkpoint: pathlib.Path
) -> dict[str, Any]:
    """Train a network a seed, all in one program, and read the test films once.

    Args:
        recipe: The settings.
        parts: "train", "validation" and "test".
        seeds: Each fixes weights, order of the films and draws, as in `train.train`.
        checkpoint: Written every ten epochs; where it is there, the run goes on from it.

    Returns:
        What a results file keeps; errors are lists, a number a seed.
    """
    optimiser = Optimiser("standard", False, recipe.rate / recipe.state_rate, weight_decay=0.0)
    each = [Network(recipe, key=jax.random.fold_in(jax.random.key(s), 0)) for s in seeds]
    networks, states = _stacked(each), _stacked([optimiser.start(network) for network in each])
    fingerprint = fingerprint_of(recipe, parts, list(seeds))
    now = read(checkpoint, fingerprint, Standing(networks, states, networks))
    with nan_for_errors():
        while now.epoch < recipe.epochs:
            now = _epoch(now, recipe, parts, seeds, optimiser)
            told = " ".join(f"{error:.5f}" for error in now.validation_mse[-1])
            print(f"epoch {now.epoch} validation {told} {now.seconds[-1]:.1f} s", flush=True)
            if now.epoch % EPOCHS_BETWEEN_CHECKPOINTS == 0 or now.epoch == recipe.epochs:
                write(checkpoint, fingerprint, now)
        found = {
            f"{part}_mse": [round(error, 6) for error in _scores(now.best, some)]
            for part, some in parts.items()
        }
    return found | {
        "seeds_at_once": list(seeds),
        "best_epochs": [int(k) + 1 for k in np.argmin(now.validation_mse, axis=0)],
        "epochs": now.epoch,
        "seconds_an_epoch": round(float(np.median(now.seconds)), 3),
        "training_seconds": round(sum(now.seconds), 1),
        "n_parameters": n_parameters(each[0]),
    }


def _epoch(
    now: Standing, recipe: Recipe, parts: dict[str, Films], seeds: Sequence[int], optimiser
) -> Standing:
    started = time.perf_counter()
    n_steps = len(parts["train"].times) // recipe.batch_size
    networks, states, losses = now.network, now.optimiser_state, np.zeros(len(seeds))
    keys = jnp.stack([jax.random.key(seed) for seed in seeds])
    for k, batch in enumerate(_batches(recipe, parts["train"], seeds, now.epoch)):
        at = now.epoch * n_steps + k
        rate = rate_at(at, recipe.rate, recipe.epochs * n_steps, n_steps)
        moving = (networks, states, batch, keys)
        networks, states, losses = _steps(*moving, np.int32(at + 1), rate, optimiser)
    if not np.isfinite(losses).all():
        raise FloatingPointError(f"The losses of seeds {list(seeds)} are {losses}.")
    errors = _scores(networks, parts["validation"])
    least = np.min([[np.inf] * len(seeds), *now.validation_mse], axis=0)
    return Standing(
        networks,
        states,
        _chosen(np.asarray(errors) < least, networks, now.best),
        epoch=now.epoch + 1,
        validation_mse=(*now.validation_mse, errors),
        seconds=(*now.seconds, time.perf_counter() - started),
    )


def _batches(recipe: Recipe, films: Films, seeds: Sequence[int], epoch: int) -> Iterator[Batch]:
    """A step's minibatches, one a seed, on a first axis."""
    drawn = [
        training_batches(
            films, recipe.batch_size, recipe.readings, seed, epoch + 1, mirror=recipe.mirror
        )
        for seed in seeds
    ]
    for each in zip(*drawn, strict=True):
        yield Batch(*map(np.stack, zip(*each, strict=True)))


def _stacked(trees: Sequence[PyTree]) -> PyTree:
    def stack(*leaves):
        return jnp.stack(leaves) if eqx.is_array(leaves[0]) else leaves[0]

    return jax.tree.map(stack, *trees)


@eqx.filter_jit
def _steps(networks, states, batch, keys, at, rate, optimiser: Optimiser):
    def one(network, state, batch, key):
        return step(network, state, batch, jax.random.fold_in(key, at), rate, optimiser)

    each = eqx.if_array(0)
    return eqx.filter_vmap(one, in_axes=(each, each, 0, 0), out_axes=each)(
        networks, states, batch, keys
    )


def _scores(networks, films: Films) -> list[float]:
    """The mean squared error of each network over all readings."""
    squares = [np.asarray(_squares(networks, b)) for b in batches(films, SCORED_AT_ONCE)]
    return (np.sum(squares, axis=0, dtype=np.float64) / films.targets.size).tolist()


@eqx.filter_jit
def _squares(networks, batch):
    return eqx.filter_vmap(squares, in_axes=(eqx.if_array(0), None))(networks, batch)


@eqx.filter_jit
def _chosen(better: Bool[Array, " S"], ours: PyTree, others: PyTree) -> PyTree:
    def choose(own, other):
        if not eqx.is_array(own):
            return own
        return jnp.where(jnp.reshape(better, (-1, *(1,) * (own.ndim - 1))), own, other)

    return jax.tree.map(choose, ours, others)


if __name__ == "__main__":
    main()

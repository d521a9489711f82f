"""Training from a seed; a run that was killed goes on from its checkpoint, number for number."""

import dataclasses
import hashlib
import json
import pathlib
import time
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ct_s5.training import (
    named_arrays,
    named_parts,
    read_archive,
    with_named_parts,
    write_archive,
)
from experiments.lra.optimiser import Optimiser, rate_at
from experiments.pendulum.films import Batch, Films, batches, digest, training_batches
from experiments.pendulum.network import Network, negative_log_likelihood
from experiments.pendulum.recipe import Recipe

EPOCHS_BETWEEN_CHECKPOINTS = 10
SCORED_AT_ONCE = 100


@dataclasses.dataclass(frozen=True)
class Standing:
    """Everything that the next epoch depends on, and what was seen so far."""

    network: Network
    optimiser_state: PyTree
    best: Network
    """That with the least validation error so far."""
    epoch: int = 0
    best_epoch: int = 0
    validation_mse: tuple[Any, ...] = ()
    """By epoch; lists, a number a seed, where several seeds are trained together."""
    losses: tuple[float, ...] = ()
    """Means over the steps of each epoch."""
    seconds: tuple[float, ...] = ()
    """Of each epoch, its validation included."""

    @property
    def trees(self) -> dict[str, PyTree]:
        """What has arrays, by field."""
        return {name: getattr(self, name) for name in ("network", "optimiser_state", "best")}


def train(
    recipe: Recipe, parts: dict[str, Films], seed: int, checkpoint: pathlib.Path
) -> dict[str, Any]:
    """Train one network and read the test films once, with the best epoch by validation.

    Args:
        recipe: The settings.
        parts: "train", "validation" and, unless the run only helps to choose, "test".
        seed: Fixes weights, order of the films, and which readings are left out.
        checkpoint: Written every ten epochs; where it is there, the run goes on from it.

    Returns:
        What a results file keeps of a seed.

    Raises:
        FloatingPointError: The loss of an epoch is NaN or infinite.
        ValueError: The checkpoint is that of another run.
    """
    optimiser = Optimiser("standard", False, recipe.rate / recipe.state_rate, weight_decay=0.0)
    network = Network(recipe, key=jax.random.fold_in(jax.random.key(seed), 0))
    start = Standing(network, optimiser.start(network), network)
    fingerprint = fingerprint_of(recipe, parts, seed)
    now = read(checkpoint, fingerprint, start)
    while now.epoch < recipe.epochs:
        now = _epoch(now, recipe, parts, seed, optimiser)
        print(
            f"seed {seed} epoch {now.epoch} loss {now.losses[-1]:.4f} "
            f"validation {now.validation_mse[-1]:.5f} {now.seconds[-1]:.1f} s",
            flush=True,
        )
        if now.epoch % EPOCHS_BETWEEN_CHECKPOINTS == 0 or now.epoch == recipe.epochs:
            write(checkpoint, fingerprint, now)
    return {
        **{f"{part}_mse": score(now.best, films) for part, films in parts.items()},
        "best_epoch": now.best_epoch,
        "epochs": now.epoch,
        "steps_an_epoch": len(parts["train"].times) // recipe.batch_size,
        "seconds_an_epoch": round(float(np.median(now.seconds)), 2),
        "training_seconds": round(sum(now.seconds), 1),
        "n_parameters": n_parameters(now.best),
        "validation_by_epoch": [round(mse, 6) for mse in now.validation_mse],
    }


def _epoch(
    now: Standing, recipe: Recipe, parts: dict[str, Films], seed: int, optimiser: Optimiser
) -> Standing:
    started = time.perf_counter()
    n_steps = len(parts["train"].times) // recipe.batch_size
    n_all = recipe.epochs * n_steps
    network, state, losses = now.network, now.optimiser_state, []
    drawn = (recipe.batch_size, recipe.readings, seed, now.epoch + 1)
    for batch in training_batches(parts["train"], *drawn, mirror=recipe.mirror):
        at = now.epoch * n_steps + len(losses)
        key = jax.random.fold_in(jax.random.key(seed), at + 1)
        rate = rate_at(at, recipe.rate, n_all, n_steps)
        network, state, loss = step(network, state, batch, key, rate, optimiser)
        losses.append(loss)
    loss = float(np.mean(jax.device_get(losses)))
    if not np.isfinite(loss):
        raise FloatingPointError(
            f"The loss of epoch {now.epoch + 1} is {loss}: seed {seed} diverged at a rate of "
            f"{recipe.rate}."
        )
    error = score(network, parts["validation"])
    better = error < min(now.validation_mse, default=np.inf)
    return Standing(
        network,
        state,
        network if better else now.best,
        epoch=now.epoch + 1,
        best_epoch=now.epoch + 1 if better else now.best_epoch,
        validation_mse=(*now.validation_mse, error),
        losses=(*now.losses, loss),
        seconds=(*now.seconds, time.perf_counter() - started),
    )


@eqx.filter_jit
def step(network: Network, state: PyTree, batch, key, rate, optimiser: Optimiser):
    def mean_loss(network):
        answer = network(batch.images, batch.gaps, key if network.told.dropout else None)
        return jnp.mean(negative_log_likelihood(answer, batch.targets, network.told.beta))

    loss, gradients = eqx.filter_value_and_grad(mean_loss)(network)
    updates, state = optimiser.update(gradients, state, network)
    updates = jax.tree.map(lambda update: rate * update, updates)
    return eqx.apply_updates(network, updates), state, loss


def score(network: Network, films: Films) -> float:
    """Mean squared error over all readings, sine and cosine."""
    total = sum(float(squares(network, batch)) for batch in batches(films, SCORED_AT_ONCE))
    return total / films.targets.size


@eqx.filter_jit
def squares(network: Network, batch: Batch):
    """The squared errors of a batch, summed."""
    return jnp.sum((network(batch.images, batch.gaps).mean - batch.targets) ** 2)


def n_parameters(network: Network) -> int:
    """Numbers that training moves."""
    return sum(array.size for array in named_arrays(network).values())


def fingerprint_of(recipe: Recipe, parts: dict[str, Films], seeds: int | list[int]) -> str:
    """What tells a run's checkpoint from another's."""
    told = [dataclasses.asdict(recipe), digest(parts), seeds]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def write(path: pathlib.Path, fingerprint: str, now: Standing) -> None:
    """Keep where a run stands."""
    told = {name: value for name, value in vars(now).items() if name not in now.trees}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_archive(path, "pendulum", told | {"fingerprint": fingerprint}, named_parts(now.trees))


def read(path: pathlib.Path, fingerprint: str, start: Standing) -> Standing:
    """Where the run of a checkpoint stood; `start` where there is none yet.

    Raises:
        ValueError: It is that of another run.
    """
    if not path.exists():
        return start
    told, arrays = read_archive(path, "pendulum")
    if told.pop("fingerprint") != fingerprint:
        raise ValueError(
            f"{path} is the checkpoint of another run: settings, films or seed differ. Delete it "
            "to start anew, or name another --work."
        )
    told = {
        name: tuple(value) if isinstance(value, list) else value for name, value in told.items()
    }
    return dataclasses.replace(start, **with_named_parts(start.trees, arrays), **told)

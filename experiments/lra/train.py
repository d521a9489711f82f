"""Training with checkpoints: a run that was killed goes on from there, number for number."""

import dataclasses
import math
import pathlib
import resource
import time
from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ct_s5.ssm import nan_for_errors
from ct_s5.training import loss_of_each, named_arrays
from experiments.lra.checkpoint import Checkpoint, Standing
from experiments.lra.examples import Examples
from experiments.lra.network import Network
from experiments.lra.optimiser import Optimiser, rate_at
from experiments.lra.recipe import Recipe, TrainingSettings

SECONDS_BETWEEN_CHECKPOINTS = 300.0


def train(
    recipe: Recipe,
    examples: Examples,
    seed: int,
    checkpoint: pathlib.Path,
    *,
    most_seconds: float = math.inf,
    seconds_between: float = SECONDS_BETWEEN_CHECKPOINTS,
) -> dict[str, Any]:
    """Train one network and score it once on the test examples.

    Args:
        recipe: The settings.
        examples: The task.
        seed: Fixes weights, order of the examples, and dropout.
        checkpoint: Written after every validation and every so often in between; where it is
            there, the run goes on from it.
        most_seconds: Of training, validation included, in all runs that go on from one another;
            the first validation after it is the last.
        seconds_between: How often in between.

    Returns:
        What a results file keeps of a seed: accuracies, sizes, times, and the learning curve.

    Raises:
        FloatingPointError: The loss of a step is NaN or infinite.
        ValueError: The checkpoint is that of another run.
    """
    told = recipe.training
    network = build(recipe, examples, seed)
    now = Standing(network, optimiser_of(told).start(network), network)
    store = Checkpoint.of(checkpoint, recipe, examples, seed)
    now = store.read(now) or now
    n_steps = examples.n_steps(told.batch_size)
    stretch = -(-n_steps // told.validations)
    n_all = told.epochs * n_steps
    while now.step < n_all and now.seconds < most_seconds:
        epoch, done = divmod(now.step, n_steps)
        until = epoch * n_steps + min((done // stretch + 1) * stretch, n_steps)
        started, before = time.perf_counter(), now.seconds
        written = started
        for after in _steps(now, recipe, examples, seed, until):
            now = dataclasses.replace(after, seconds=before + time.perf_counter() - started)
            # Never after the last step before a validation: a run that went on from there would
            # leave that one out.
            if now.step < until and time.perf_counter() - written >= seconds_between:
                store.write(now)
                written = time.perf_counter()
        accuracy, loss = score(now.network, examples, "validation", told.batch_size)
        seconds = before + time.perf_counter() - started
        row = {
            "steps": now.step,
            "epochs": round(now.step / n_steps, 3),
            "loss": float(np.mean(now.losses)),
            "validation_loss": loss,
            "validation_accuracy": accuracy,
            "seconds": round(seconds, 1),
        }
        print(" ".join(f"{name} {value:.4g}" for name, value in row.items()), flush=True)
        now = dataclasses.replace(now, losses=(), seconds=seconds, curve=(*now.curve, row))
        if accuracy > now.best_accuracy:
            now = dataclasses.replace(
                now, best=now.network, best_accuracy=accuracy, best_step=now.step
            )
        store.write(now)
    accuracy, loss = score(now.best, examples, "test", told.batch_size)
    return {
        "test_accuracy": accuracy,
        "test_loss": loss,
        "validation_accuracy": now.best_accuracy,
        "best_step": now.best_step,
        "steps": now.step,
        "planned_steps": n_all,
        "examples_seen": now.step * told.batch_size,
        "examples": {part: len(ids) for part, ids in examples.parts.items()},
        "training_seconds": round(now.seconds, 1),
        "parameters": n_parameters(now.network),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "curve": list(now.curve),
    }


def _steps(
    now: Standing, recipe: Recipe, examples: Examples, seed: int, until: int
) -> Iterator[Standing]:
    """What stands after each step of an epoch, up to the `until`-th of all."""
    told = recipe.training
    n_steps = examples.n_steps(told.batch_size)
    epoch, start = divmod(now.step, n_steps)
    stop = until - epoch * n_steps
    peak, n_all = told.state_rate * told.rate_factor, told.epochs * n_steps
    key, optimiser = jax.random.key(seed), optimiser_of(told)
    drawn = {"seed": seed, "epoch": epoch + 1}
    batches = examples.training_batches(told.batch_size, **drawn, start=start, stop=stop)
    batch = next(batches, None)
    while batch is not None:
        rate = rate_at(now.step, peak, n_all, int(told.warmup * n_steps))
        step_key = jax.random.fold_in(key, now.step + 1)
        moving = (now.network, now.optimiser_state)
        network, state, loss = step(*moving, batch, step_key, rate, optimiser)
        # The next batch is drawn while the device is at this one.
        batch = next(batches, None)
        loss = float(loss)
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"The loss of step {now.step + 1} (epoch {epoch + 1}) is {loss}. Try a smaller "
                f"state_rate than {told.state_rate}, with another --work: the checkpoint is that "
                "of these settings."
            )
        now = dataclasses.replace(
            now,
            network=network,
            optimiser_state=state,
            step=now.step + 1,
            losses=(*now.losses, loss),
        )
        yield now


def build(recipe: Recipe, examples: Examples, seed: int) -> Network:
    """The untrained network of a task."""
    return Network(
        recipe.network,
        n_classes=examples.n_classes,
        n_tokens=examples.n_tokens,
        scale=recipe.data.scale,
        pairs=examples.pairs,
        key=jax.random.fold_in(jax.random.key(seed), 0),
    )


def optimiser_of(told: TrainingSettings) -> Optimiser:
    """The rule that moves the parameters, but for the learning rate."""
    return Optimiser(told.groups, told.global_timescale, told.rate_factor, told.weight_decay)


def score(network: Network, examples: Examples, part: str, size: int) -> tuple[float, float]:
    """Accuracy and mean loss over a part."""
    right, loss, n = 0.0, 0.0, 0
    for batch in examples.batches(part, size):
        some_right, some_loss = _scores(network, batch)
        right, loss = right + float(some_right), loss + float(some_loss)
        n += int(batch.weights.sum())
    return right / n, loss / n


def n_parameters(network: Network) -> int:
    """Numbers that training moves."""
    return sum(
        array.size for name, array in named_arrays(network).items() if "running_" not in name
    )


# The gaps are ones; a check of them would call the host back at every step.
@eqx.filter_jit
@nan_for_errors()
def step(network: Network, optimiser_state, batch, key, rate, optimiser: Optimiser):
    def mean_loss(network):
        scores, moments = network.forward(batch.codes, key)
        losses = loss_of_each("class", scores, batch.answers, batch.weights)
        return jnp.mean(losses), moments

    (loss, moments), gradients = eqx.filter_value_and_grad(mean_loss, has_aux=True)(network)
    updates, optimiser_state = optimiser.update(gradients, optimiser_state, network)
    updates = jax.tree.map(lambda update: rate * update, updates)
    return eqx.apply_updates(network, updates).absorb(moments), optimiser_state, loss


@eqx.filter_jit
def _scores(network, batch):
    scores = network(batch.codes)
    right = (jnp.argmax(scores, axis=-1) == batch.answers).astype(batch.weights.dtype)
    losses = loss_of_each("class", scores, batch.answers, batch.weights)
    return jnp.sum(right * batch.weights), jnp.sum(losses)

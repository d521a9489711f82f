"""The fit loop: epochs of minibatches, validation after each, the best weights kept."""

import dataclasses
import math
import os
import time
import warnings
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from tqdm import tqdm

from ct_s5._words import listed
from ct_s5.batch import (
    Minibatch,
    Packing,
    SeriesSet,
    bucket_lengths,
    minibatches,
    pack,
    packed_minibatches,
    thinned_lengths,
)
from ct_s5.nn import S5Model
from ct_s5.ssm import nan_for_errors
from ct_s5.training._along import Starts, Windows, can_carry
from ct_s5.training._askable import check_series
from ct_s5.training._bar import unseen
from ct_s5.training._checkpoint import Checkpoint, Progress
from ct_s5.training._cohort import Cohort
from ct_s5.training._kept_memory import kept_memory
from ct_s5.training._losses import Loss, Targets, loss_of_each
from ct_s5.training._metrics import check_monitor
from ct_s5.training._optimiser import OptimiserSettings, make_optimiser, make_schedule
from ct_s5.training._programs import give_back_programs
from ct_s5.training._tasks import Imputing, Task
from ct_s5.training._trees import named_arrays
from ct_s5.training._validation import monitored, validate


@dataclasses.dataclass(frozen=True)
class FitSettings:
    """How to train. The defaults suit a few hundred to a few ten thousand series."""

    max_epochs: int | None = None
    """Passes over the training series; left out, what makes about 1200 steps, but 15 to 200."""
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.3
    state_rate: float = 0.25
    """Learning rate of rates, timescales and input map, as a share of the others'."""
    gradient_clip: float | None = 1.0
    warmup: float = 0.1
    """Share of all steps over which the learning rate rises."""
    patience: int | None = None
    """Epochs without a better validation before training stops; left out, a fifth of the most."""
    thinning: float = 0.0
    """Share of each series' readings left out at random in every training step."""
    monitor: str = "loss"
    """What validation looks at: the loss, or a name of `ct_s5.training.METRICS`."""
    n_buckets: int = 4
    """Distinct lengths to pad to, at most; each compiles once for training and once for validation,
    so fewer are taken where they pad little enough."""
    packing: bool | None = None
    """Whether several series share a row in training, so that one length compiles and next to
    nothing is padded; left out, where that saves steps."""
    window: int | None = None
    """Steps of the windows that longer series are cut into, questions among them. Each starts from
    the state that all readings before it come to under the weights at the start of the epoch; no
    gradient passes from one to the next. Such series are not packed."""
    seed: int = 0

    def __post_init__(self):
        for name, value in vars(self).items():
            if isinstance(value, np.generic):  # which JSON has no word for
                object.__setattr__(self, name, value.item())
        for name in ("max_epochs", "batch_size", "patience", "n_buckets", "window"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, int) and value >= 1):
                raise ValueError(f"{name} must be a whole number of at least 1; got {value}.")
        for name in ("learning_rate", "gradient_clip"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} must be a positive, finite number; got {value}.")
        for name in ("weight_decay", "state_rate"):
            if not 0 <= (value := getattr(self, name)) < math.inf:
                raise ValueError(f"{name} must be a finite number of at least 0; got {value}.")
        if not 0 <= self.thinning < 1:
            raise ValueError(
                f"thinning is a share of the readings, from 0 to below 1; got {self.thinning}."
            )
        if not 0 <= self.warmup <= 1:
            raise ValueError(f"warmup is a share of all steps, from 0 to 1; got {self.warmup}.")

    def limits(self, n_steps: int) -> tuple[int, int]:
        """Epochs at most and patience, for a training of `n_steps` steps an epoch."""
        epochs = self.max_epochs
        if epochs is None:
            epochs = min(max(round(_USUAL_STEPS / n_steps), 15), 200)
        return epochs, max(epochs // 5, 5) if self.patience is None else self.patience


@dataclasses.dataclass(frozen=True)
class FitResult:
    """What training leaves behind."""

    model: S5Model
    """With the weights of the best epoch."""
    history: pd.DataFrame
    """One row an epoch: losses, the monitored value, learning rate, seconds, series a second,
    steps."""
    best_epoch: int
    lengths: tuple[int, ...]
    """The padded lengths, to predict with what is compiled already."""
    n_compilations: int
    """How often a training step was compiled anew: once a length, or never after such a fit."""


_USUAL_STEPS = 1200

# Padding that a compilation more (some seconds) would not win back in a usual training.
_WASTE = 0.3

# Sets what a task draws apart from all else that the seed draws.
_DRAW = 1

# What packing must save of the padded steps, the rows a packed batch must have, and the series a
# row must hold on average.
_SAVING, _FEW_ROWS, _FEW_SERIES = 0.02, 4, 1.5

# Counts traces, which are what a user waits for; the body of a jitted function runs only then.
_traces = [0]


# What could go wrong at run time has been looked for in the series; and only a program that calls
# nobody back can JAX keep on disk (docs/training.md).
@eqx.filter_jit
@nan_for_errors()
def _train_step(model, optimiser_state, batch, targets, start, draw, rate, loss: Loss, settings):
    _traces[0] += 1
    values, weights = targets
    key, epoch, step = draw
    key = jax.random.fold_in(jax.random.fold_in(key, epoch), step)

    def mean_loss(model):
        answers, moments = model.forward(batch, key, start)
        losses = loss_of_each(loss, answers, values, weights)
        total = jnp.sum(weights.astype(losses.dtype))
        mean = jnp.sum(losses) / jnp.where(total > 0, total, jnp.ones_like(total))
        return mean, (losses, moments)

    told, gradients = eqx.filter_value_and_grad(mean_loss, has_aux=True)(model)
    value, (losses, moments) = told
    # A finite loss may have a gradient that is not; its update would spoil the weights for good.
    finite = [jnp.isfinite(gradient).all() for gradient in jax.tree.leaves(gradients)]
    value = jnp.where(jnp.stack(finite).all(), value, jnp.full_like(value, jnp.nan))
    updates, optimiser_state = make_optimiser(settings).update(
        gradients, optimiser_state, eqx.filter(model, eqx.is_array)
    )
    updates = jax.tree.map(lambda update: rate.astype(update.dtype) * update, updates)
    model = eqx.apply_updates(model, updates).absorb(moments)
    return model, optimiser_state, value, losses


def fit(
    model: S5Model,
    series: SeriesSet,
    targets: Targets | Task,
    *,
    loss: Loss,
    settings: FitSettings | None = None,
    validation: tuple[SeriesSet, Targets] | None = None,
    names: Sequence[object] | None = None,
    validation_names: Sequence[object] | None = None,
    checkpoint: str | os.PathLike | None = None,
    progress: bool = False,
) -> FitResult:
    """Train a model and keep the weights of its best epoch.

    Everything random follows from `settings.seed`: the minibatches and dropout of step k of epoch e
    are functions of (seed, e, k), so a resumed run repeats an uninterrupted one.

    Args:
        model: What to train; it is not changed.
        series: The training series.
        targets: One a series, or one a row where the model answers per reading; or a `Task` that
            draws them from the series, anew for each epoch.
        loss: What to minimise.
        settings: How; see `FitSettings`.
        validation: Series and targets that decide on the best epoch and on stopping. Without them
            the last epoch counts as the best.
        names: What to call the series in messages; their numbers when left out.
        validation_names: What to call those of `validation`.
        checkpoint: A file to write after every epoch and, if it is there, to go on from.
        progress: Show a bar with losses, series a second and compilations, on a terminal only.

    Raises:
        FloatingPointError: Loss or weights became NaN or infinite in the first epoch (later on
            training stops with a warning and gives back the best weights so far); or no epoch had
            a finite validation, so that there are no best weights.
        ValueError: A checkpoint of another training; no target, or nothing to monitor; targets that
            do not fit the series, the answers or the loss; a weight that is negative, NaN or
            infinite; `Imputing` together with thinning; windows for a model that cannot carry its
            state; a token outside the vocabulary; for a model that reads both ways, a question
            beyond the next reading.
    """
    give_back_programs()
    settings = FitSettings() if settings is None else settings
    check_monitor(settings.monitor, loss)
    if settings.thinning and isinstance(targets, Imputing):
        raise ValueError(
            f"thinning={settings.thinning} and Imputing do not go together: it hides readings "
            "itself, other ones in every epoch, by its own share=. Leave thinning out."
        )
    per = model.settings.per

    def drawn(epoch: int) -> Cohort:
        """The series as the epoch sees them, and its targets."""
        rng = np.random.default_rng([settings.seed, epoch, _DRAW])
        told = (series, targets) if isinstance(targets, Targets) else targets.draw(series, rng)
        check_series(model, told[0], names)
        return Cohort(*told, per, names)

    cohort = drawn(1)
    held_out = None
    if validation is not None:
        check_series(model, validation[0], validation_names)
        held_out = Cohort(*validation, per, validation_names, role="validation")
    for some in (cohort, held_out):
        if some is not None:
            some.check_targets(loss, model.settings.n_outputs)
    windows = _windows(model, cohort, settings)
    cut = cohort.series if windows is None else windows.series
    steps = thinned_lengths(cut, settings.thinning)
    lengths = _buckets(steps, settings.n_buckets)
    packing = _packing(steps, lengths, settings) if windows is None else None
    n_steps = sum(1 for _ in _epoch(cut, lengths, packing, settings, 1))
    max_epochs, patience = settings.limits(n_steps)
    n_all = max_epochs * n_steps
    schedule = make_schedule(settings.learning_rate, n_all, int(settings.warmup * n_all))
    groups = OptimiserSettings(settings.weight_decay, settings.state_rate, settings.gradient_clip)
    now = Progress.start(model, make_optimiser(groups).init(eqx.filter(model, eqx.is_array)))
    store = None
    if checkpoint is not None:
        data = (series, targets, *(validation or ()))
        store = Checkpoint.of(checkpoint, settings, loss, model, *data)
        now = store.read(now) or now
    key = jax.random.key(settings.seed)
    traces_before = _traces[0]
    trouble, spoken = "", False

    def one_step(now: Progress, cohort: Cohort, starts: Starts | None, part: Minibatch, k: int):
        """Start the k-th step of an epoch; gives a function that waits for what it leads to."""
        answered = cohort.targets.look_up(part.rows if per == "reading" else part.series)
        step = now.epoch * n_steps + k
        draw = (key, np.int32(now.epoch + 1), np.int32(k))
        start = None if starts is None else starts.of(part.series)
        fixed = (part.batch, answered, start, draw, schedule(step), loss, groups)
        trained, state, value, losses = _train_step(now.model, now.optimiser_state, *fixed)

        def outcome() -> tuple[Progress, float, float]:
            """Where training stands then; the loss before the step, and that loss's weight."""
            at = f"step {step} (epoch {now.epoch + 1})"
            if not np.isfinite(value):
                raise _NotFinite(f"at {at}{_culprit(np.asarray(losses), part, cohort)}")
            # What the last update leaves no further step looks at. Validation does; without it the
            # minibatch is asked once more, which compiles nothing.
            if k == n_steps - 1:
                sound = _finite(trained)
                if sound and held_out is None:
                    sound = np.isfinite(_train_step(trained, state, *fixed)[2])
                if not sound:
                    raise _NotFinite(f"after {at}, {_IN_WEIGHTS}")
            after = dataclasses.replace(now, model=trained, optimiser_state=state)
            return after, float(value), float(answered[1].sum())

        return outcome

    def look(held_out: Cohort):
        how = (loss, settings.monitor, lengths, settings.batch_size)
        return validate(now.model, held_out, *how)

    epochs = {"total": max_epochs, "initial": now.epoch, "unit": "epoch"}
    with kept_memory(), tqdm(**epochs, disable=unseen(progress), leave=False) as bar:
        bar.set_postfix_str("compiling")  # which took a new user 17 s
        while now.epoch < max_epochs and not now.stopped:
            epoch = now.epoch + 1
            started = time.perf_counter()
            total, weight, n_seen = 0.0, 0.0, 0
            cohort, starts = cohort if isinstance(targets, Targets) else drawn(epoch), None
            if windows is not None:
                windows = Windows.cut(cohort.series, windows.length)
                starts = windows.starts(now.model, settings.batch_size)
            cut = cohort.series if windows is None else windows.series
            try:
                parts = enumerate(_epoch(cut, lengths, packing, settings, epoch))
                following = next(parts, None)
                while following is not None:
                    k, part = following
                    outcome = one_step(now, cohort, starts, part, k)
                    # The next minibatch is drawn while the device is at this one.
                    following = next(parts, None)
                    now, value, share = outcome()
                    total, weight = total + value * share, weight + share
                    n_seen += int((part.series >= 0).sum())
                    pace = n_seen / (time.perf_counter() - started)
                    bar.set_postfix_str(
                        f"step {k + 1}/{n_steps} loss {value:.4g}{now.note} {pace:.0f} series/s "
                        f"compiled {_traces[0] - traces_before}"
                    )
            except _NotFinite as error:
                trouble = f"The training loss became NaN or infinite {error}."
                break
            row = {"epoch": epoch, "loss": total / weight if weight else float("nan")}
            row |= {"learning_rate": float(schedule(epoch * n_steps - 1))}
            if held_out is not None:
                told, losses = look(held_out)
                row |= told
                if not spoken and not np.isfinite(monitored(row, settings.monitor)):
                    spoken = True
                    warnings.warn(
                        f"The validation {settings.monitor} is not finite after epoch {epoch}: "
                        f"{held_out.worst(losses)}. Such epochs never count as the best. {_LOOK}",
                        RuntimeWarning,
                        stacklevel=2,
                    )
            seconds = time.perf_counter() - started
            row |= {"seconds": seconds, "series_per_second": len(series) / seconds}
            row |= {"steps": n_steps}
            now = now.after(epoch, row, settings.monitor if validation else None, patience)
            if store is not None:
                store.write(now)
            bar.update()
    if not now.best_epoch:  # untrained weights are no answer
        problems = [f"{trouble} {_ADVICE}"] if trouble else []
        if held_out is not None and now.history:
            problems.append(
                f"No epoch had a finite validation {settings.monitor}: after epoch {now.epoch}, "
                f"{held_out.worst(look(held_out)[1])}. {_LOOK} Or try a smaller learning_rate."
            )
        raise FloatingPointError(" ".join(problems))
    if trouble:
        warnings.warn(
            f"{trouble} Training stopped; the weights are those of epoch {now.best_epoch}. "
            f"{_ADVICE}",
            RuntimeWarning,
            stacklevel=2,
        )
    return FitResult(
        now.best_model, now.table(), now.best_epoch, lengths, _traces[0] - traces_before
    )


def _windows(model: S5Model, cohort: Cohort, settings: FitSettings) -> Windows | None:
    """The windows of an epoch; None where no series is longer than one."""
    length = settings.window
    if length is None or cohort.series.lengths.max(initial=0) <= length:
        return None
    if not can_carry(model):
        raise ValueError(
            f"window={length} carries states along a series. That takes a model that reads "
            "forwards, of mixers that stream, without BatchNorm, that answers per reading. Leave "
            "window=None, and cut the series beforehand: ct_s5.batch.windows."
        )
    return Windows.cut(cohort.series, length)


def _buckets(lengths, n_buckets):
    """Few lengths, and round ones: another split of the same data shall find them compiled."""
    if len(lengths) and np.ptp(lengths) == 0:  # it will find that one
        return (max(int(lengths[0]), 1),)
    eighth = max(int(lengths.max(initial=1)) // 8, 1)
    power_of_two = 1 << (eighth.bit_length() - 1)
    return bucket_lengths(lengths, n_buckets, waste=_WASTE, multiple=power_of_two)


def _packing(lengths, buckets, settings: FitSettings) -> Packing | None:
    """The plan by which series share rows, or None where each has its own."""
    if settings.packing is False:
        return None
    packing = pack(lengths)
    if settings.packing:
        return packing
    # On PhysioNet 2012, with 16 % fewer steps, epochs became a fifth shorter and the first one,
    # which compiles, two thirds (experiments/speed). A batch of few rows could not hold about as
    # many series as it was asked for; where most rows hold one series, what keeps series apart
    # costs more than padding does (500 series of 100 steps: a GRU's steps took a fourth longer,
    # and to compile S5 took twice as long).
    n_series, n_rows = len(lengths), len(packing.rows)
    padded = np.asarray(buckets)[np.searchsorted(buckets, lengths)].sum()
    pays = n_rows * packing.length < (1 - _SAVING) * padded and n_series >= _FEW_SERIES * n_rows
    return packing if pays and settings.batch_size * n_rows >= _FEW_ROWS * n_series else None


def _epoch(series, lengths, packing: Packing | None, settings: FitSettings, epoch):
    drawn = {"seed": settings.seed, "epoch": epoch, "thinning": settings.thinning}
    if packing is None:
        return minibatches(series, lengths, settings.batch_size, **drawn)
    return packed_minibatches(series, packing, settings.batch_size, **drawn)


class _NotFinite(Exception):
    """Training cannot go on; the message says where."""


_IN_WEIGHTS = "in weights or gradients rather than in one series"
_LOOK = "Look for extreme values in it, and for a target that is not finite."
_ADVICE = "Try a smaller learning_rate, and look for extreme values in those series."


def _culprit(losses, part: Minibatch, cohort: Cohort) -> str:
    targets = part.rows if cohort.per == "reading" else part.series
    bad = np.unique(cohort.owners(targets[(targets >= 0) & ~np.isfinite(losses)]))
    if not bad.size or 1 < bad.size == np.unique(cohort.owners(targets[targets >= 0])).size:
        return f", {_IN_WEIGHTS}"
    return f", series {listed(bad if cohort.names is None else [cohort.names[i] for i in bad])}"


def _finite(model) -> bool:
    return all(np.isfinite(array).all() for array in named_arrays(model).values())

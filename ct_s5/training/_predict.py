"""A model over many series, in buckets, answers in the caller's order."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from ct_s5.batch import SeriesSet, bucket_lengths
from ct_s5.nn import Gaussian, S5Model
from ct_s5.ssm import nan_for_errors
from ct_s5.training._along import MOST_STEPS, Windows, rows_of_batch
from ct_s5.training._askable import check_series
from ct_s5.training._bar import unseen

# Steps of a window, where a series is too long to be gone through at once.
_WINDOW = 2**14


@eqx.filter_jit
@nan_for_errors()
def _answers(model, batch):
    return model(batch)


@eqx.filter_jit
@nan_for_errors()
def _answers_at_every_step(model, batch):
    n, length = batch.real.shape
    return model(batch, at=jnp.broadcast_to(jnp.arange(length), (n, length)))


def predict_all(
    model: S5Model,
    series: SeriesSet,
    *,
    lengths: Sequence[int] | None = None,
    batch_size: int = 64,
    every_step: bool = False,
    progress: bool = False,
) -> Float[np.ndarray, "M K"] | Gaussian:
    """The model's answers for each series (M = N), or for each row (M = R) if it is per reading.

    With `every_step` a model that answers once a series does so for each row too: with the answer
    as it stood there. Series of more than 131,072 rows are gone through in windows, each from the
    state that the one before left, where the model streams and answers per reading; so memory does
    not grow with their length.

    Args:
        model: A trained model.
        series: What to answer for.
        lengths: Buckets to pad to, so that few lengths compile. Those of training are taken where
            they fit; a longer series gets buckets of its own.
        batch_size: Series at once.
        every_step: Answer at every row, whatever the model is.
        progress: Show a bar, on a terminal only.

    Raises:
        ValueError: No series at all; a token outside the vocabulary; for a model that reads both
            ways, a question beyond the next reading.
    """
    check_series(model, series)
    too_long = series.lengths > MOST_STEPS
    if too_long.any() and model.streams and model.settings.per == "reading":
        return _by_window(model, series, too_long, lengths, batch_size, progress)
    lengths = list(lengths or [])
    if not lengths or series.lengths.max(initial=0) > lengths[-1]:
        lengths = sorted({*lengths, *bucket_lengths(series.lengths)})
    per_series = model.settings.per == "series"
    answer = _answers_at_every_step if per_series and every_step else _answers
    per_reading = every_step or not per_series
    n_answers = len(series.times) if per_reading else len(series)
    bucket = np.searchsorted(lengths, series.lengths)
    flat = None
    with tqdm(total=len(series), unit="series", disable=unseen(progress), leave=False) as bar:
        for b in np.unique(bucket):
            members, length = np.flatnonzero(bucket == b), int(lengths[b])
            size = rows_of_batch(len(members), length, batch_size)
            for start in range(0, len(members), size):
                part = members[start : start + size]
                batch = series.take(part).batch(length, size)
                answers = jax.tree.map(np.asarray, answer(model, batch))
                if flat is None:
                    flat = jax.tree.map(
                        lambda a: np.zeros((n_answers, a.shape[-1]), a.dtype), answers
                    )
                entries = series.rows(part) if per_reading else part
                there = batch.real if per_reading else np.arange(size) < len(part)
                for out, told in zip(jax.tree.leaves(flat), jax.tree.leaves(answers), strict=True):
                    out[entries] = told[there]
                bar.update(len(part))
    if flat is None:
        raise ValueError("There is no series to answer for.")
    return flat


def _by_window(model, series: SeriesSet, too_long, lengths, batch_size, progress):
    """The answers at every row, those of some series window by window."""
    parts = []
    if not too_long.all():
        short = series.take(np.flatnonzero(~too_long))
        told = predict_all(model, short, lengths=lengths, batch_size=batch_size, progress=progress)
        parts.append((np.flatnonzero(~too_long), told))
    for n in np.flatnonzero(too_long):
        told = Windows.cut(series.take(np.array([n])), _WINDOW).answers(model, batch_size)
        parts.append((np.array([n]), told))
    rows = np.concatenate([series.rows(members) for members, _ in parts])
    order = np.argsort(rows)
    return jax.tree.map(lambda *told: np.concatenate(told)[order], *(told for _, told in parts))

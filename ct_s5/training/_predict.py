"""A model over many series, in buckets, answers in the caller's order."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from ct_s5.batch import SeriesSet, bucket_lengths, minibatches
from ct_s5.nn import Gaussian, S5Model
from ct_s5.training._bar import unseen


@eqx.filter_jit
def _answers(model, batch):
    return model(batch)


@eqx.filter_jit
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
    as it stood there.

    Args:
        model: A trained model.
        series: What to answer for.
        lengths: Buckets to pad to, so that few lengths compile. Those of training are taken where
            they fit; a longer series gets buckets of its own.
        batch_size: Series at once.
        every_step: Answer at every row, whatever the model is.
        progress: Show a bar, on a terminal only.
    """
    lengths = list(lengths or [])
    if not lengths or series.lengths.max(initial=0) > lengths[-1]:
        lengths = sorted({*lengths, *bucket_lengths(series.lengths)})
    per_series = model.settings.per == "series"
    answer = _answers_at_every_step if per_series and every_step else _answers
    per_reading = every_step or not per_series
    n_answers = len(series.times) if per_reading else len(series)
    flat = None
    with tqdm(total=len(series), unit="series", disable=unseen(progress), leave=False) as bar:
        for part in minibatches(series, lengths, batch_size, seed=0):
            answers = jax.tree.map(np.asarray, answer(model, part.batch))
            if flat is None:
                flat = jax.tree.map(lambda a: np.zeros((n_answers, a.shape[-1]), a.dtype), answers)
            entries = part.rows if per_reading else part.series
            there = entries >= 0
            jax.tree.map(lambda out, a: out.__setitem__(entries[there], a[there]), flat, answers)  # noqa: B023
            bar.update(int((part.series >= 0).sum()))
    if flat is None:
        raise ValueError("There is no series to answer for.")
    return flat

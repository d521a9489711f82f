"""Tokens are looked up in a vocabulary; one that is not in it has no vector."""

from collections.abc import Sequence

import numpy as np

from ct_s5.batch import SeriesSet
from ct_s5.nn import S5Model


def check_tokens(model: S5Model, series: SeriesSet, names: Sequence[object] | None = None) -> None:
    """Refuse tokens that a model of tokens cannot look up; others have none.

    Raises:
        ValueError: A token outside the vocabulary; the series is called by its name, or its number.
    """
    n_tokens = model.settings.n_tokens
    if not n_tokens:
        return
    tokens = series.values[:, 0]
    bad = np.flatnonzero(series.observed[:, 0] & ~((tokens > -1) & (tokens < n_tokens)))
    if bad.size:
        row, owner = int(bad[0]), int(series.owners[bad[0]])
        raise ValueError(
            f"Row {row - int(series.offsets[owner])} of series "
            f"{owner if names is None else names[owner]!r} has the token {tokens[row]:g}; this "
            f"model's vocabulary is 0 to {n_tokens - 1}. {bad.size} such tokens in all."
        )

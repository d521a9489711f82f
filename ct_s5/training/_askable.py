"""What compiled training and answering could only turn into NaN is refused beforehand."""

from collections.abc import Sequence

import numpy as np

from ct_s5._words import first, shown
from ct_s5.batch import LONGEST_GAP, SeriesSet
from ct_s5.nn import S5Model


def check_series(model: S5Model, series: SeriesSet, names: Sequence[object] | None = None) -> None:
    """Refuse what this model cannot read; gaps that none can, `SeriesSet` has refused already.

    Raises:
        ValueError: A token outside the vocabulary of a model of tokens; for one that reads both
            ways, a gap to the next reading that is negative, NaN or beyond 1e30. The series is
            called by its name, or its number.
    """

    def whose(row: int) -> str:
        owner, own_row = series.place(row)
        return f"Row {own_row} of series {shown(owner if names is None else names[owner])}"

    if n_tokens := model.settings.n_tokens:
        tokens = series.values[:, 0]
        wrong = series.observed[:, 0] & ~np.isin(tokens, np.arange(n_tokens))
        if wrong.any():
            raise ValueError(
                f"{whose(first(wrong))} has the token {tokens[first(wrong)]:g}; this model's "
                f"vocabulary is 0 to {n_tokens - 1}. {wrong.sum()} such tokens in all."
            )
    if model.settings.bidirectional:
        after = series.gaps_after
        wrong = ~((after >= 0) & (after <= LONGEST_GAP))
        if wrong.any():
            raise ValueError(
                f"{whose(first(wrong))} is {after[first(wrong)]:g} model units before the next "
                f"reading, {wrong.sum()} such rows in all. A model that reads both ways takes gaps "
                f"from 0 to {LONGEST_GAP:g}: sort the rows of each series by time. Questions about "
                "times beyond a later row, as forecasts ask them, are for a causal model."
            )

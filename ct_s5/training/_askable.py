"""What compiled training and answering could only turn into NaN is refused beforehand."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Shaped

from ct_s5._words import first
from ct_s5.batch import LONGEST_GAP, SeriesSet
from ct_s5.nn import S5Model


def check_series(model: S5Model, series: SeriesSet, names: Sequence[object] | None = None) -> None:
    """Refuse what this model cannot read; gaps that none can, `SeriesSet` has refused already.

    Raises:
        ValueError: A token outside the vocabulary of a model of tokens; for one that reads both
            ways, a gap to the next reading that is negative, NaN or beyond 1e30. The series is
            called by its name, or its number.
    """

    def refuse(wrong: Bool[np.ndarray, " R"], numbers: Shaped[np.ndarray, " R"], told: str) -> None:
        if not wrong.any():
            return
        row = first(wrong)
        owner = int(series.owners[row])
        raise ValueError(
            f"Row {row - int(series.offsets[owner])} of series "
            f"{owner if names is None else names[owner]!r} "
            + told.format(f"{numbers[row]:g}", int(wrong.sum()))
        )

    if n_tokens := model.settings.n_tokens:
        tokens = series.values[:, 0]
        refuse(
            series.observed[:, 0] & ~((tokens > -1) & (tokens < n_tokens)),
            tokens,
            f"has the token {{}}; this model's vocabulary is 0 to {n_tokens - 1}. {{}} such tokens "
            "in all.",
        )
    if model.settings.bidirectional:
        after = series.gaps_after
        refuse(
            ~((after >= 0) & (after <= LONGEST_GAP)),
            after,
            "is {} model units before the next reading, {} such rows in all. A model that reads "
            f"both ways takes gaps from 0 to {LONGEST_GAP:g}: sort the rows of each series by "
            "time. Questions about times beyond a later row, as forecasts ask them, are for a "
            "causal model.",
        )

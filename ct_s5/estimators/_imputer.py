"""S5Imputer: what was not observed, between readings and at any time."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ct_s5.batch import SeriesSet
from ct_s5.estimators._inputs import is_amount
from ct_s5.estimators._leads import from_nearest
from ct_s5.estimators._signature import signature_of
from ct_s5.estimators._unlabelled import UnlabelledEstimator, at_each, names_of
from ct_s5.frames import ask_at, fill_missing
from ct_s5.training import HIDINGS, Imputing

# Share of the observed cells that are hidden, at most, to count how far answers fall.
_HIDDEN = 0.1


class S5Imputer(TransformerMixin, UnlabelledEstimator):
    """Fill in the cells of a frame that were not observed, from all readings around them.

    It reads each series from both ends, and is trained by hiding observed cells from itself: one by
    one, by rows, and in stretches of one channel.

    Example:
        ```python
        model = S5Imputer().fit(frame)
        model.transform(frame)  # the frame, its NaN filled in
        model.predict(frame, at="1h")  # answers on a grid, with intervals
        ```

    Args:
        channels: Which to fill in; all when left out.
        hide: Share of the observed cells that are hidden in training: a number, or a pair between
            which it is drawn for each series.
        hiding: In which ways, some of "cell", "row" and "block"; one is drawn for each series.
        block: Rows of a stretch.
        window: Longer series are trained on in windows of so many rows, a quarter of them (256 at
            most) repeated from the one before: what reads from both ends has no state to carry.
            None trains on whole series.
        inputs, dropout, weight_decay, learning_rate: As in `S5Forecaster`.
        width, states, depth, hold, max_epochs, batch_size, patience, validation_fraction, monitor,
            time_unit, id_col, time_col, duplicates, sort, on_empty, mixer, n_blocks, timescale,
            norm, random_state, progress: As in `S5Classifier`. `monitor` is "loss" or
            "negative_mse".

    Attributes:
        channels_: What is filled in, in order.
        calibration_: Quantiles of the held-out errors of each channel, in predicted deviations, by
            the time to its nearest value: `edges` in model units, `table` (bins, channels,
            quantiles). Those of a Gaussian where nothing was held out.
        model_, schema_, history_, best_epoch_, n_compilations_: As in `S5Classifier`.
    """

    def __init__(self, *, hide=(0.2, 0.8), hiding=HIDINGS, block=8, **keywords):
        super().__init__(bidirectional=True, **keywords)
        self.hide = hide
        self.hiding = hiding
        self.block = block

    __init__.__signature__ = signature_of(  # pyright: ignore
        __init__, UnlabelledEstimator.__init__
    )

    def transform(self, X, *, static=None, level=None) -> Any:
        """The caller's frame, or array, with its missing cells filled in.

        Observed cells are returned as they came, bit for bit. Rows keep their order and index,
        columns their dtype, but whole numbers and flags become float64 where a cell of their column
        is filled in.

        Args:
            X: A frame; also one that `fit` never saw. With the id, the time and all channels as
                columns or as its index.
            static: Features of the series as a whole.
            level: Adds `<channel>-lo-90` and `<channel>-hi-90` for level=90: where a missing cell
                lies in so many percent of cases. Both are the reading itself where there is one.

        Raises:
            TypeError, ValueError: As `fit`; a list, or a form with a row a cell, which have no
                cells to fill in: `predict` answers for those. A whole number that float64 does not
                hold, in a column to fill in.
        """
        encoded = self._known(X, static)
        answers = self._tell(encoded.series)
        self._refuse_untold(answers, lambda n: self._place(encoded, n))
        columns = self._columns(answers, self._leads(encoded.series), level, None)
        return fill_missing(X, encoded, columns)

    def predict(self, X, at=None, *, static=None, level=90, quantiles=None) -> pd.DataFrame:
        """Answers at any time, from the readings on both sides of it.

        Args:
            X: The readings.
            at: A frame of (series, time); times for all series alike; a step such as "1h", for a
                grid from each series' first reading to its last. Left out: the times of `X`.
            static: Features of the series as a whole.
            level: Share of the readings that intervals hold, in percent; several, or None.
            quantiles: Shares such as (0.1, 0.5), for a column `<channel>-q-10` each.

        Returns:
            A flat frame in the order asked: id, time, and for each channel `<channel>`,
            `<channel>-lo-90` and `<channel>-hi-90`. At the time of a reading the answer is that of
            its row: what `transform` fills in, and for the channels that it observed what was read,
            to within the model's smoothing.
        """
        encoded = self._known(X, static)
        if at is None:
            at = pd.DataFrame(
                {
                    self.schema_.id_col: encoded.ids.take(encoded.index.series),
                    self.schema_.time_col: encoded.index.times.column.array,
                }
            ).iloc[encoded.index.order]
        asked = ask_at(encoded, at)
        place = _readings_at(asked.series, asked.place)
        answers = at_each(self._tell(asked.series), place)
        leads = self._leads(asked.series)[place]
        return self._answered(encoded, asked, answers, leads, level, quantiles)

    def _live(self):
        raise ValueError(
            "S5Imputer reads every series from both ends, so it takes no rows as they arrive. Use "
            "transform on the series so far, or S5Forecaster, which reads forwards."
        )

    def _known(self, X, static):
        check_is_fitted(self)
        X, _ = self._as_channels(X, None, reset=False)
        encoded = self._encode(X, self.schema_, static)
        self._speak_of_empty(encoded, stacklevel=4)
        return encoded

    def _task(self, series: SeriesSet, counted=None, judged=False) -> Imputing:
        return Imputing(self._places, self._share, self._ways, int(self.block), counted)

    def _as_in_use(self, task: Any):
        # In use nothing is hidden on top of what is missing; errors where half of the rest was
        # hidden too are others. (At weather stations 90 % intervals held 88 % of one channel.)
        share = min(self._share[0], _HIDDEN)
        return dataclasses.replace(task, share=(share, share))

    def _leads(self, series):
        return from_nearest(series, self._places)

    @property
    def _share(self) -> tuple[Any, ...]:
        return (self.hide, self.hide) if np.ndim(self.hide) == 0 else tuple(self.hide)

    @property
    def _ways(self) -> tuple[Any, ...]:
        return names_of(self.hiding)

    def _check_keywords(self):
        super()._check_keywords()
        share, ways = self._share, self._ways
        if len(share) != 2 or not all(is_amount(s) and 0 < s < 1 for s in share):
            raise ValueError(f"hide is a share between 0 and 1, or a pair of them; got {share!r}.")
        if share[0] > share[1]:
            raise ValueError(f"hide is a pair of shares, the lower one first; got {share!r}.")
        if not ways or any(way not in HIDINGS for way in ways):
            raise ValueError(f"hiding is some of {', '.join(HIDINGS)}; got {self.hiding!r}.")
        if not isinstance(self.block, int | np.integer) or self.block < 1:
            raise ValueError(f"block is a whole number of at least 1 row; got {self.block!r}.")


def _readings_at(series: SeriesSet, place: Int[np.ndarray, " M"]) -> Int[np.ndarray, " M"]:
    """For questions at the time of a reading the row of that; the others as they are."""
    last = np.maximum.accumulate(np.where(series.reading, np.arange(len(series.times)), -1))[place]
    begun = last >= series.offsets[series.owners[place]]
    return np.where(begun & (series.gaps[place] == 0), last, place)

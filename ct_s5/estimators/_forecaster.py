"""S5Forecaster: readings to come, at any time, with intervals."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from sklearn.utils.validation import check_is_fitted

from ct_s5.batch import SeriesSet, ask_ahead
from ct_s5.estimators._backtest import keys, origins
from ct_s5.estimators._inputs import is_amount
from ct_s5.estimators._leads import since_last
from ct_s5.estimators._signature import signature_of
from ct_s5.estimators._unlabelled import UnlabelledEstimator, at_each, flat, names_of
from ct_s5.frames import Asked, as_timedelta, ask_at, in_model_units, side_by_side
from ct_s5.nn import Gaussian
from ct_s5.training import Forecasting, with_known

# Leads beyond the horizon by no more than this are roundings.
_SLACK = 1 + 1e-6


class S5Forecaster(UnlabelledEstimator):
    """Foresee the channels of irregularly sampled series, at any time after their readings.

    It is trained on every reading, each foreseen from an origin drawn at random among the earlier
    ones up to `horizon` before, anew in every epoch. Forecasts come with intervals, set right on
    series (or late rows) that training never saw, so that a 90 % interval holds about 90 %.

    Example:
        ```python
        model = S5Forecaster(horizon="1h").fit(frame)
        model.predict(frame)  # one horizon after each series' last reading
        model.predict(frame, at="10min")  # every ten minutes up to there
        model.predict(frame, at=pairs)  # a frame of (series, time)
        ```

    Args:
        horizon: How far ahead forecasts reach: "1h", or a number where times are numbers.
        channels: Which to foresee; all but the known ones when left out.
        known: Channels whose future is known beforehand, such as the hour of the day. `at=` is then
            a frame of (series, time) that holds them. A row of known channels alone is no reading.
        cut: Time since the first reading of a series at which alone held-out series are judged,
            "24h" for a published protocol. Training draws its origins at random all the same.
        window: Longer series are trained on in windows of about so many rows, each from the state
            that the weights at the start of the epoch come to over all rows before it. A model that
            cannot carry a state (mixer="transformer", norm="batch") repeats a quarter of each
            window, 256 rows at most, from the one before instead. None trains on whole series.
        inputs: As in `S5Classifier`; how long ago a channel was seen is told as well.
        dropout, weight_decay, learning_rate: As in `S5Classifier`, with other defaults: every
            reading is a target, so there is less to guard against.
        width, states, depth, hold, max_epochs, batch_size, patience, validation_fraction, monitor,
            time_unit, id_col, time_col, duplicates, sort, on_empty, mixer, n_blocks, timescale,
            norm, random_state, progress: As in `S5Classifier`. `monitor` is "loss" or
            "negative_mse".

    Attributes:
        channels_: What is foreseen, in order.
        horizon_: The horizon, in model units.
        calibration_: Quantiles of the held-out errors of each channel, in predicted deviations, by
            lead: `edges` in model units, `table` (bins, channels, quantiles). Those of a Gaussian
            where nothing was held out.
        model_, schema_, history_, best_epoch_, n_compilations_: As in `S5Classifier`.
    """

    def __init__(self, *, horizon=None, known=(), cut=None, **keywords):
        super().__init__(bidirectional=False, **keywords)
        self.horizon = horizon
        self.known = known
        self.cut = cut

    __init__.__signature__ = signature_of(  # pyright: ignore
        __init__, UnlabelledEstimator.__init__
    )

    def predict(self, X, at=None, *, static=None, level=90, quantiles=None) -> pd.DataFrame:
        """Forecasts at the times asked for.

        The forecast for a time knows the readings of its series up to that time and nothing later,
        so a time in the past is answered as it would have been then. Questions leave no trace:
        neither their number nor their order changes any answer.

        Args:
            X: The readings so far.
            at: A frame of (series, time), by columns or as its index; times for all series alike; a
                step such as "10min", for a grid from each last reading to the horizon. Left out:
                one time a series, a horizon after its last reading.
            static: Features of the series as a whole.
            level: Share of the readings that intervals hold, in percent; several, or None.
            quantiles: Shares such as (0.1, 0.5), for a column `<channel>-q-10` each.

        Returns:
            A flat frame in the order asked: id, time, and for each channel `<channel>` (the
            expected value), `<channel>-lo-90` and `<channel>-hi-90`.

        Raises:
            TypeError, ValueError: As `fit`; a series that is not in `X`; times of another kind.

        Warns:
            UserWarning: Times beyond the horizon that training saw; how far is said.
        """
        check_is_fitted(self)
        X, _ = self._as_channels(X, None, reset=False)
        encoded = self._encode(X, self.schema_, static)
        self._speak_of_empty(encoded, stacklevel=3)
        asked = self._ask(encoded, at)
        answers = at_each(self._tell(asked.series), asked.place)
        leads = self._leads(asked.series)[asked.place]
        self._speak_of_far(leads)
        return self._answered(encoded, asked, answers, leads, level, quantiles)

    def backtest(self, X, ahead, *, within=None, static=None, level=90, quantiles=None):
        """What would have been foreseen: each reading of `X`, from so long before it.

        One pass over the series answers for all of them: a question knows the readings up to its
        origin alone.

        Args:
            X: Readings, the foreseen ones among them.
            ahead: How long before a reading its forecast is made at least: "30min". The forecast
                knows what came up to then, and counts its lead from the last reading it knows.
            within: How much longer ago that last reading may be; readings without one are left out.
                Left out, as long as `ahead`.
            static: Features of the series as a whole.
            level: As in `predict`.
            quantiles: As in `predict`.

        Returns:
            A flat frame by series and time: id, time, `told_at` (the last reading known), and for
            each channel `<channel>-actual` and the columns of `predict`.

        Raises:
            TypeError, ValueError: As `predict`; no reading with another so long before it.
        """
        check_is_fitted(self)
        X, _ = self._as_channels(X, None, reset=False)
        encoded = self._encode(X, self.schema_, static)
        self._speak_of_empty(encoded, stacklevel=3)
        reach = in_model_units(ahead, self.schema_, "ahead")
        slack = reach if within is None else in_model_units(within, self.schema_, "within")
        wanted, origin = origins(encoded.series, reach, slack)
        if not len(wanted):
            raise ValueError(
                f"No reading has another {ahead} before it, nor up to {within or ahead} earlier."
            )
        shown, place = ask_ahead(encoded.series, wanted, origin)
        if known := self._known_places:
            shown = with_known(encoded.series, shown, known, wanted, place)
        answers = at_each(self._tell(shown), place)
        self._refuse_untold(answers, lambda n: self._place(encoded, wanted[n]))
        leads = self._leads(shown)[place]
        self._speak_of_far(leads)
        columns = self._columns(answers, leads, level, quantiles)
        actual = self.schema_.restore(encoded.series.values[wanted])
        actual[~encoded.series.observed[wanted]] = np.nan
        told = [
            (f"{name}-actual", actual[:, c])
            for name, c in zip(self.channels_, self._places, strict=True)
        ]
        return side_by_side([*keys(encoded, wanted, origin), *told, *flat(columns)])

    def update(  # pyright: ignore
        self, X, at=None, *, static=None, late="error", level=90, quantiles=None
    ) -> pd.DataFrame:
        """Take new rows as they arrive, and foresee the series that they belong to.

        A state is kept of each series: see `S5Classifier.update`, whose rules hold here too. The
        forecasts are those of `predict` on all rows so far.

        Args:
            X: New rows of any number of series, in any form of frame.
            at: As in `predict`, about the series of `X`: times from their last reading on. A grid,
                and what is asked when left out, runs from a series' last reading in `X`; where it
                has none there, from its last row.
            static: Features of the series that are new.
            late: What rows get that come before the last reading of their series: "error", or
                "drop" with one warning that counts them.
            level: As in `predict`.
            quantiles: As in `predict`.

        Returns:
            What `predict` would.

        Raises:
            TypeError, ValueError: As `predict`; late rows; a time before the last reading.
        """
        check_is_fitted(self)
        fresh = self._hear(X, static, late, lambda encoded: self._ask(encoded, at))
        if fresh.replies is None:  # all rows were late, and dropped
            if at is not None:
                warnings.warn(
                    "No row is left, so what at= asks is not answered. A row of that series whose "
                    "channels are all NaN, not before its last reading, lets it be asked.",
                    UserWarning,
                    stacklevel=2,
                )
            return self._of_none(fresh.encoded, level, quantiles)
        asked, answers, leads = fresh.replies
        leads = leads[:, None]
        self._speak_of_far(leads)
        told = self._answered(fresh.encoded, asked, answers, leads, level, quantiles)
        self._live().keep(fresh)
        return told

    def _ask(self, encoded, at) -> Asked:
        """The questions, by default one a series, a horizon ahead."""
        horizon: Any = self.horizon
        if at is None and not self._horizon_is_that_of_fit:
            raise ValueError(
                f"horizon={horizon!r} is not that of fit, up to which forecasts were learnt and "
                "checked. Fit anew, or say when to ask: at=."
            )
        if at is None and self.schema_.time_kind == "number":
            at = repr(float(horizon))
        elif at is None:
            # As the caller wrote it: model units would be off by a nanosecond.
            at = f"{as_timedelta(horizon).value}ns"
        return ask_at(encoded, at, known=self.schema_.known, ahead=self.horizon_)

    def _of_none(self, encoded, level, quantiles) -> pd.DataFrame:
        """An answer without rows, in the types of others."""
        nothing = np.zeros((0, self._n_outputs), np.float32)
        answers = Gaussian(nothing, nothing)  # pyright: ignore[reportArgumentType]
        columns = self._columns(answers, nothing[:, :1], level, quantiles)
        ids = self.schema_.id_col, encoded.ids[:0].array
        times = self.schema_.time_col, encoded.index.times.column.array[:0]
        return side_by_side([ids, times, *flat(columns)])

    def _speak_of_far(self, leads: Float[np.ndarray, "M 1"]) -> None:
        """Warn of answers that bridge more than training saw."""
        horizon = self.horizon_
        farthest = float(leads[np.isfinite(leads)].max(initial=0.0))
        if farthest > horizon * _SLACK:
            told = f" ({self.horizon})" if self._horizon_is_that_of_fit else ""
            warnings.warn(
                f"The farthest forecast is {farthest / horizon:.3g} horizons ahead; training saw "
                f"leads up to one{told}. Fit with a longer horizon=, or trust those "
                "beyond it less: neither their values nor their intervals were checked.",
                UserWarning,
                stacklevel=3,
            )

    @property
    def _horizon_is_that_of_fit(self) -> bool:
        return in_model_units(self.horizon, self.schema_, "horizon") == self.horizon_

    @property
    def _known_beforehand(self) -> tuple[str, ...]:
        return names_of(self.known)

    @property
    def _known_places(self) -> tuple[int, ...]:
        return tuple(self.schema_.channels.index(name) for name in self.schema_.known)

    def _settle(self, encoded):
        super()._settle(encoded)
        both = [name for name in self.channels_ if name in self.schema_.known]
        if both:
            raise ValueError(f"Channel {both[0]!r} cannot be foreseen and known beforehand.")
        if self.horizon is None:
            raise ValueError(
                "Name the horizon, how far ahead forecasts shall reach: S5Forecaster(horizon='1h')."
            )
        self.horizon_ = in_model_units(self.horizon, self.schema_, "horizon")

    def _task(self, series: SeriesSet, counted=None, judged=False) -> Forecasting:
        cut = None
        if judged and self.cut is not None:
            cut = in_model_units(self.cut, self.schema_, "cut")
        return Forecasting(self._places, self.horizon_, self._known_places, cut, counted)

    def _because(self, judged: bool = False) -> str:
        if judged and self.cut is not None:
            return (
                f": none lies within horizon={self.horizon!r} after cut={self.cut!r} from its "
                f"series' first, and the unit of time is {self.schema_.unit_name}. Cut earlier, or "
                "lengthen the horizon"
            )
        return (
            f": none lies within horizon={self.horizon!r} of an earlier one of its series, and the "
            f"unit of time is {self.schema_.unit_name}. Lengthen the horizon"
        )

    def _leads(self, series):
        return since_last(series)

    @property
    def _n_draws(self) -> int:
        # With a cut there is but one origin for each reading: another draw says nothing new.
        return 1 if self.cut is not None else super()._n_draws

    def _check_keywords(self):
        super()._check_keywords()
        for name in ("horizon", "cut"):
            value = getattr(self, name)
            if is_amount(value) and value == 0:
                raise ValueError(f"{name} is a length of time above 0; got {value!r}.")

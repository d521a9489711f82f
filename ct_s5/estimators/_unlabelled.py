"""What forecaster and imputer share: a frame teaches itself, answers come with intervals."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from sklearn.utils.validation import check_is_fitted

from ct_s5._words import shown
from ct_s5.batch import SeriesSet, windows
from ct_s5.estimators._base import S5Estimator
from ct_s5.estimators._levels import Calibration, calibrate, read_levels, read_shares
from ct_s5.estimators._signature import signature_of
from ct_s5.frames import Asked, EncodedFrame, decode_asked, split_series
from ct_s5.nn import Gaussian, ModelSettings
from ct_s5.training import Task, can_carry, fit, predict_all

# With fewer series than this the late part of each is held out instead of whole ones.
_FEW_SERIES = 5
# Draws that the intervals are set right by.
_DRAWS = 4


class UnlabelledEstimator(S5Estimator):
    """The common part of `S5Forecaster` and `S5Imputer`, whose docstrings list the keywords."""

    _loss = "faithful"

    def __init__(
        self,
        *,
        channels=None,
        window=1024,
        inputs=("value", "observed", "last", "age", "count", "square"),
        dropout=0.1,
        weight_decay=0.01,
        learning_rate=3e-3,
        **keywords,
    ):
        chosen = {"inputs": inputs, "dropout": dropout, "weight_decay": weight_decay}
        super().__init__(per="reading", learning_rate=learning_rate, **chosen, **keywords)
        self.channels = channels
        self.window = window

    __init__.__signature__ = signature_of(  # pyright: ignore
        __init__,
        S5Estimator.__init__,
        without=("per", "bidirectional", "pooling", "thinning", "window"),
    )

    def fit(self, X, y=None, *, static=None, validation=None):  # pyright: ignore
        """Fit on a frame of readings, which need no labels.

        Args:
            X: One row a (series, time), columns are channels, NaN is not observed; or any other
                form that `ct_s5.encode` takes.
            y: Nothing: a frame teaches itself. It is there for scikit-learn's pipelines.
            static: Features of the series as a whole, one row an id.
            validation: A frame, or (frame, static), to stop on and to set the intervals right by.
                Left out, `validation_fraction` of the series; with fewer than five series, that
                share of the rows of each, at its end (whose values have a say in the scales).

        Returns:
            The estimator itself.

        Raises:
            TypeError, ValueError: Input that cannot be right; the message says where, and what to
                do.
            FloatingPointError: The loss became NaN or infinite in the first epoch.
        """
        if y is not None:
            raise ValueError(
                f"{type(self).__name__}.fit takes no labels: what it learns to tell are the "
                "channels of the frame themselves. Leave y out."
            )
        seed = self._begin_fit()
        X, _ = self._as_channels(X, None, reset=True)
        long, read = self._read_training(X, static)
        share = self.validation_fraction or 0
        by_series = len(read.ids) >= _FEW_SERIES
        held_out = np.zeros(len(read.ids), bool)
        if validation is None and share and by_series:
            held_out = split_series(len(read.ids), None, share=share, seed=seed)
        encoded = self._scaled_without(held_out, long, read, static)
        self.schema_ = encoded.schema
        self._settle(encoded)

        series, told, late = encoded.series.take(np.flatnonzero(~held_out)), None, None
        if validation is not None:
            told = self._read_held_out(validation)
        elif held_out.any():
            told = encoded.series.take(np.flatnonzero(held_out))
        elif share:
            late = _late(series, share)
            told, series = series, series.keep(~late)
        judge, held = None, None
        if told is not None:
            judge = self._task(told, late, judged=True)
            held = judge.draw(told, np.random.default_rng(seed))
            if not held[1].weights.any():
                raise ValueError(
                    "The series held out have no reading to be judged by"
                    f"{self._because(judged=True)}. Give more series, a validation=frame of your "
                    "own, or validation_fraction=0."
                )
        names = list(encoded.ids[~held_out]) if len(series) == (~held_out).sum() else None
        model = self._new_model(series, seed)
        settings, new = dataclasses.replace(self._fit_settings(seed), window=None), None
        if self.window is not None and can_carry(model):
            # Each reading has one question at most, and both are steps.
            settings = dataclasses.replace(settings, window=2 * int(self.window))
        elif self.window is not None:
            series, owner, new = windows(series, self.window, min(self.window // 4, 256))
            names = [names[n] for n in owner] if names else None
        task = self._task(series, new)
        if not task.draw(series, np.random.default_rng(seed))[1].weights.any():
            raise ValueError(f"There is no reading to learn to tell{self._because()}.")
        result = fit(
            model,
            series,
            task,
            loss=self._loss,
            settings=settings,
            validation=held,
            names=names,
            progress=self.progress,
        )
        self._keep(result)
        self.calibration_ = Calibration.gaussian(len(self.channels_))
        if told is not None and judge is not None:
            self.calibration_ = self._calibrated(told, self._as_in_use(judge), seed)
        return self

    def score(self, X, y=None, *, static=None):
        """Minus the mean squared error on questions drawn from `X`, in spreads of the channels.

        The same questions every time: those of `random_state`, or of seed 0. As in training, what
        lies farther out than ten spreads counts as that far.
        """
        check_is_fitted(self)
        X, _ = self._as_channels(X, None, reset=False)
        encoded = self._encode(X, self.schema_, static)
        task = self._task(encoded.series, judged=True)
        asked, targets = task.draw(encoded.series, self._drawn_by())
        rows = np.flatnonzero(targets.weights.any(axis=1))
        if not len(rows):
            raise ValueError("There is no reading in X to be judged by.")
        answers = at_each(self._tell(asked), rows)
        owner = asked.owners[rows]
        self._refuse_untold(answers, lambda n: f"series {shown(encoded.ids[owner[n]])}")
        weights = targets.weights[rows]
        error = (answers.mean.astype(np.float64) - targets.values[rows]) ** 2 * weights
        return -float(error.sum() / weights.sum())

    # What the two kinds of estimator differ in.

    def _settle(self, encoded: EncodedFrame) -> None:
        """Learn what is fixed by the training frame: which channels to tell, and how far."""
        wanted = self.schema_.read if self.channels is None else names_of(self.channels)
        unknown = [name for name in wanted if name not in self.schema_.channels]
        if unknown or not wanted or len(set(wanted)) < len(wanted):
            raise ValueError(
                f"channels={self.channels!r}: name some of {', '.join(self.schema_.channels)}, "
                "each once."
            )
        self.channels_ = wanted

    def _task(
        self, series: SeriesSet, counted: Bool[np.ndarray, " R"] | None = None, judged: bool = False
    ) -> Task:
        raise NotImplementedError

    def _as_in_use(self, task: Task) -> Task:
        """The task that intervals are set right by, which shows the model as much as use does."""
        return task

    def _because(self, judged: bool = False) -> str:
        """Why there may be nothing to learn or to be judged by, for a message."""
        return ""

    def _leads(self, series: SeriesSet) -> Float[np.ndarray, "R _"]:
        """The time that an answer at each row bridges, in one column or in one a channel told."""
        raise NotImplementedError

    @property
    def _n_draws(self) -> int:
        """How often questions are drawn to set intervals right by."""
        return _DRAWS

    # The common way to answers.

    @property
    def _places(self) -> tuple[int, ...]:
        return tuple(self.schema_.channels.index(name) for name in self.channels_)

    @property
    def _n_outputs(self) -> int:
        return len(self.channels_)

    def _model_settings(self, series: SeriesSet) -> ModelSettings:
        settings = super()._model_settings(series)
        return dataclasses.replace(settings, head="gaussian", anchors=self._places)

    def _read_held_out(self, validation) -> SeriesSet:
        pair = isinstance(validation, tuple) and len(validation) == 2
        frame, static = validation if pair else (validation, None)
        frame, _ = self._as_channels(frame, None, reset=False)
        encoded = self._encode(frame, self.schema_, static)
        self._speak_of_empty(encoded, stacklevel=4)
        return encoded.series

    def _drawn_by(self) -> np.random.Generator:
        return np.random.default_rng(
            self.random_state if isinstance(self.random_state, int | np.integer) else 0
        )

    def _tell(self, series: SeriesSet) -> Gaussian:
        """Standardised means and variances at every row."""
        answers = predict_all(
            self.model_,
            series,
            lengths=self.lengths_,
            batch_size=self.batch_size,
            progress=self.progress,
        )
        assert isinstance(answers, Gaussian)
        return answers

    def _refuse_untold(self, answers: Gaussian, where: Callable[[int], str]) -> None:
        both = np.concatenate([answers.mean, answers.variance], axis=1)
        self._refuse_unanswered(both, where)

    def _calibrated(self, series: SeriesSet, task: Task, seed: int) -> Calibration:
        rng = np.random.default_rng([seed, 1])
        draws = []
        for _ in range(self._n_draws):
            shown, targets = task.draw(series, rng)
            answers = self._tell(shown)
            errors = (targets.values - answers.mean) / np.sqrt(answers.variance)
            asked = targets.weights.any(axis=1)
            errors = errors.astype(np.float64)
            parts = errors, targets.weights, self._leads(shown), shown.owners
            draws.append(tuple(part[asked] for part in parts))
        return calibrate(*map(np.concatenate, zip(*draws, strict=True)))

    def _columns(
        self, answers: Gaussian, leads: Float[np.ndarray, "M _"], level, quantiles
    ) -> dict[str, dict[str, Float[np.ndarray, " M"]]]:
        """Answers in the caller's units: of each channel its own column, then what surrounds it."""
        places = list(self._places)
        scale = np.array(self.schema_.scales)[places]
        mean = np.asarray(answers.mean, np.float64) * scale + np.array(self.schema_.means)[places]
        spread = np.sqrt(np.asarray(answers.variance, np.float64)) * scale
        shares = [
            (f"{side}-{value:g}", 0.5 + sign * value / 200)
            for value in read_levels(level)
            for side, sign in (("lo", -1), ("hi", 1))
        ]
        shares += [(f"q-{100 * share:g}", share) for share in read_shares(quantiles)]
        around = {
            words: mean + self.calibration_.quantile(share, leads) * spread
            for words, share in shares
        }
        return {
            name: {name: mean[:, k]}
            | {f"{name}-{words}": values[:, k] for words, values in around.items()}
            for k, name in enumerate(self.channels_)
        }

    def _answered(
        self, encoded: EncodedFrame, asked: Asked, answers: Gaussian, leads, level, quantiles
    ) -> pd.DataFrame:
        """The answers to questions as a flat frame."""
        self._refuse_untold(answers, lambda n: asked.where(encoded, n))
        names, values = zip(*flat(self._columns(answers, leads, level, quantiles)), strict=True)
        return decode_asked(encoded, asked, np.stack(values, axis=1), names)


def _late(series: SeriesSet, share: float) -> Bool[np.ndarray, " R"]:
    """The last readings of each series, so many of them as the share says, and what is beside."""
    owner, before = series.owners, np.cumsum(series.reading) - series.reading
    n_readings = np.bincount(owner, series.reading, minlength=len(series))
    first = np.concatenate([[0], np.cumsum(n_readings)])[:-1]
    return before - first[owner] >= np.ceil((1 - share) * n_readings)[owner]


def names_of(given) -> tuple[str, ...]:
    """Names, of which one may come alone."""
    return (given,) if isinstance(given, str) else tuple(given)


def flat(columns: dict[str, dict[str, Float[np.ndarray, " M"]]]):
    """The columns of all channels, in a row: names and answers."""
    return [pair for own in columns.values() for pair in own.items()]


def at_each(answers: Gaussian, place) -> Gaussian:
    """The answers at some rows."""
    return Gaussian(answers.mean[place], answers.variance[place])

"""What every estimator does: frame to batch to model to frame."""

import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np
import pandas as pd
from jaxtyping import Bool, PRNGKeyArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

import ct_s5.estimators._mixers  # noqa: F401  for its names in MIXERS
from ct_s5._words import listed
from ct_s5.batch import SeriesSet
from ct_s5.estimators._inputs import is_table, refuse_infinite
from ct_s5.estimators._keywords import check_keywords
from ct_s5.estimators._signature import OwnKeywords
from ct_s5.estimators._streaming import Streaming
from ct_s5.frames import EncodedFrame, LongFrame, encode, learn_from, to_long
from ct_s5.nn import ModelSettings, S5Model
from ct_s5.training import FitResult, FitSettings


class NotFiniteAnswer(ValueError):
    """A model that answers NaN or infinity."""


class S5Estimator(Streaming, OwnKeywords, BaseEstimator):
    """The common part of all estimators, whose docstrings list the keywords."""

    _loss: Any = None
    """What training lowers; also which head the network has."""

    def __init__(
        self,
        *,
        width=64,
        states=64,
        depth=2,
        hold="zoh",
        bidirectional=False,
        dropout=0.3,
        pooling="summary",
        inputs=("value", "observed", "last", "count", "square", "decayed"),
        per="series",
        max_epochs=None,
        batch_size=32,
        learning_rate=1e-3,
        weight_decay=0.3,
        patience=None,
        thinning=0.0,
        window=None,
        validation_fraction=0.2,
        monitor="loss",
        time_unit=None,
        id_col="unique_id",
        time_col="ds",
        duplicates="error",
        sort=False,
        on_empty="answer",
        mixer="s5",
        n_blocks=1,
        timescale=(3e-3, 3e-1),
        norm="layer",
        random_state=None,
        progress=False,
    ):
        self.width = width
        self.states = states
        self.depth = depth
        self.hold = hold
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.pooling = pooling
        self.inputs = inputs
        self.per = per
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.patience = patience
        self.thinning = thinning
        self.window = window
        self.validation_fraction = validation_fraction
        self.monitor = monitor
        self.time_unit = time_unit
        self.id_col = id_col
        self.time_col = time_col
        self.duplicates = duplicates
        self.sort = sort
        self.on_empty = on_empty
        self.mixer = mixer
        self.n_blocks = n_blocks
        self.timescale = timescale
        self.norm = norm
        self.random_state = random_state
        self.progress = progress

    def save(self, path: str | os.PathLike):
        """Write the fitted estimator to one `.safetensors` file; `ct_s5.load` reads it.

        Weights and settings only: no pickle, no code. The file appears whole or not at all.
        """
        from ct_s5.estimators._files import save

        check_is_fitted(self)
        return save(self, path)

    def export(self, path: str | os.PathLike, *, platforms: Sequence[str] = ("cpu", "cuda")):
        """Write the model's compiled forms to one file; `ct_s5.load_exported` reads it.

        Whole series and single steps, any number of them: see `ct_s5.export`. The file also holds
        the schema, and classes or scales of targets.

        Args:
            path: Where to, a `.safetensors` file.
            platforms: What to compile for: "cpu", "cuda", "rocm", "tpu".
        """
        from ct_s5.estimators._export import export_estimator

        check_is_fitted(self)
        return export_estimator(self, path, platforms)

    def time_constants(self, X=None):
        """How long the states remember, and whether that suits the gaps of a frame.

        Args:
            X: Readings to compare with, such as those of `fit`.

        Returns:
            A `TimeConstants` to print: half-lives in the unit of the times, `table`, `warnings`.

        Raises:
            ValueError: A model without S5 layers.
        """
        from ct_s5.estimators._time_constants import time_constants

        check_is_fitted(self)
        return time_constants(self, X)

    @property
    def _known_beforehand(self) -> tuple[str, ...]:
        """The channels whose future is known beforehand."""
        return ()

    def _begin_fit(self) -> int:
        """Check the keywords and draw the seed.

        Earlier fits are forgotten first: a fit that fails must not leave half of each behind.
        """
        self._check_keywords()
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _read_training(self, X, static) -> tuple[LongFrame, EncodedFrame]:
        """The frame to learn from: its rows, and what it is in units and scales of all of them."""
        long = to_long(X, id_col=self.id_col, time_col=self.time_col)
        schema = learn_from(long, self.time_unit, static, known=self._known_beforehand)
        told = self._encode(long, schema, static)
        self._speak_of_empty(told, stacklevel=4)
        return long, told

    def _scaled_without(
        self, held_out: Bool[np.ndarray, " N"], long: LongFrame, told: EncodedFrame, static
    ) -> EncodedFrame:
        """The same in the scales of those series alone that are not held out."""
        if not held_out.any():
            return told
        schema = learn_from(
            long, self.time_unit, static, told.ids[held_out], self._known_beforehand
        )
        return self._encode(long, schema, static)

    def _keep(self, result: FitResult) -> None:
        self.model_ = result.model
        self.lengths_ = result.lengths
        self.history_ = result.history
        self.best_epoch_ = result.best_epoch
        self.n_compilations_ = result.n_compilations

    def _refuse_unanswered(self, answers: Any, where: Callable[[int], str]) -> None:
        """Raise at the first answer that is not finite; `where` has words for who asked."""
        bad = np.flatnonzero(~np.isfinite(answers).all(axis=-1))
        if len(bad):
            raise NotFiniteAnswer(
                f"The model's answer for {where(bad[0])} is not finite. Look for "
                "values far beyond those at fit in its series, such as a code for missing, and "
                "put NaN there."
            )

    def _place(self, encoded: EncodedFrame, entry: int) -> str:
        """Words for whoever an answer or a label belongs to: a series, or a reading of one."""
        if self.per == "reading":
            return encoded.where(entry)
        return f"series {encoded.ids.tolist()[entry]!r}"

    def _encode(self, data, schema, static) -> EncodedFrame:
        rules: dict[str, Any] = {"duplicates": self.duplicates, "sort": self.sort}
        return encode(data, schema, static=static, **rules)

    def _as_channels(self, X, y, *, reset: bool):
        """scikit-learn's own checks where the input is a plain table of numbers (N, L)."""
        if not is_table(X):
            return X, y
        refuse_infinite(X)
        checks: dict[str, Any] = {"ensure_all_finite": "allow-nan", "dtype": "numeric"}
        if not reset or y is None or isinstance(y, str):
            return validate_data(self, X, reset=reset, **checks), y
        if self.per == "reading":  # labels may then be missing, and as many as there are cells
            return validate_data(self, X, **checks), np.asarray(y)
        labels: Any = np.asarray(y)
        return validate_data(self, X, labels, multi_output=self._loss != "class", **checks)

    def _speak_of_empty(self, encoded: EncodedFrame, stacklevel: int) -> None:
        owners = encoded.series.owners
        readings = np.bincount(owners, encoded.series.reading, minlength=len(encoded.series))
        alone = int((encoded.series.lengths == 0).sum())
        self._speak_of(encoded.ids[readings == 0], len(encoded.ids), stacklevel + 1, alone)

    def _speak_of(self, empty: pd.Index, n_series: int, stacklevel: int, alone: int = 0) -> None:
        """Count the series without any reading in one warning, or refuse them.

        So many of them are known from static features `alone`.
        """
        if not len(empty):
            return
        named = listed(empty[:5])
        told = f"{len(empty)} of {n_series} series have no reading at all (first: {named})"
        if self.on_empty == "error":
            raise ValueError(
                f"{told}. Drop them, or pass on_empty='answer' for the empty state's answer."
            )
        words = f"{told}; they get the empty state's answer."
        if alone:
            words += (
                f" {alone} of them have no row at all and stand in static alone: leave their rows "
                "there out unless they are asked about."
            )
        warnings.warn(words, UserWarning, stacklevel=stacklevel)

    def _check_keywords(self) -> None:
        check_keywords(self)

    def model_settings(self, n_channels: int, n_outputs: int, n_static: int = 0) -> ModelSettings:
        """The shape of the network that these keywords make, before any data is seen."""
        same = ("mixer", "hold", "bidirectional", "norm", "dropout", "per", "pooling")
        choices: dict[str, Any] = {name: getattr(self, name) for name in same}
        return ModelSettings(
            n_channels=n_channels,
            n_outputs=n_outputs,
            n_static=n_static,
            width=int(self.width),
            states=int(self.states),
            depth=int(self.depth),
            n_blocks=int(self.n_blocks),
            timescale=tuple(self.timescale),
            inputs=tuple(self.inputs),
            head=self._loss,
            **choices,
        )

    def _model_settings(self, series: SeriesSet) -> ModelSettings:
        n_channels, n_static = series.values.shape[1], series.static.shape[1]
        return self.model_settings(n_channels, self._n_outputs, n_static)

    def _new_model(self, series: SeriesSet, seed: int) -> S5Model:
        return _drawn(self._model_settings(series), jax.random.key(seed))

    def _fit_settings(self, seed: int) -> FitSettings:
        return FitSettings(
            max_epochs=self.max_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            patience=self.patience,
            thinning=self.thinning,
            window=None if self.window is None else int(self.window),
            monitor=self.monitor,
            seed=seed,
        )

    @property
    def _n_outputs(self) -> int:
        raise NotImplementedError

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        tags.non_deterministic = False
        return tags


# What jax.jit takes Equinox passes on, though its types do not say so. One program in place of one
# a draw, and one that need not be fast, compiles in two fifths of the time.
@eqx.filter_jit(compiler_options={"xla_backend_optimization_level": 0})  # pyright: ignore
def _drawn(settings: ModelSettings, key: PRNGKeyArray) -> S5Model:
    return S5Model(settings, key=key)

"""The models of a comparison, of one size, and made anew for each run."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ct_s5.estimators import S5Classifier, S5Regressor
from ct_s5.lab._comparison import plain
from ct_s5.lab._models import MODELS, keywords_of, matched_width, n_parameters
from ct_s5.lab._request import Run, Task, networks_in
from ct_s5.lab._simple import simple_model
from ct_s5.lab._treatments import Readings, counts_readings

ESTIMATORS = {"classify": S5Classifier, "regress": S5Regressor}


class Learners:
    """The models of a comparison, ready to be made anew for each run."""

    told: dict[str, dict[str, Any]]
    """The keywords of each model, as results files keep them."""

    def __init__(self, models: Sequence[str], task: Task, keywords: Mapping[str, Any]):
        self._task: Task = task
        self._given = dict(keywords)
        self._networks = {
            model: ESTIMATORS[task](**keywords_of(model, keywords)) for model in networks_in(models)
        }
        self._models = models
        self._tell()

    def match(self, readings: Readings, answers) -> dict[str, int] | None:
        """Choose widths that bring the networks to the size of the first; None where none is."""
        networks = [model for model in self._networks if MODELS[model].matched]
        if len(networks) < 2:
            return None
        series = readings.encoded.series
        known = answers[~pd.isna(answers)] if answers.ndim == 1 else answers
        n_outputs = answers.shape[1] if answers.ndim > 1 else 1
        if self._task == "classify":
            n_outputs = len(pd.unique(known))
        sizes = series.values.shape[1], n_outputs, series.static.shape[1]
        wanted = n_parameters(self._networks[networks[0]].model_settings(*sizes))
        widths = {}
        for model in networks:
            network = self._networks[model]
            if model != networks[0]:
                network.set_params(width=matched_width(network.model_settings(*sizes), wanted))
            widths[model] = int(network.width)
        self._tell()
        return widths

    def make(self, run: Run):
        """The model of a run, untrained."""
        if run.model not in self._networks:
            return simple_model(run.model, self._task, seed=run.seed, **_shared(self._given))
        network = self._networks[run.model]
        # Numbered readings are whole steps whatever the unit of the true gaps is.
        unit = {"time_unit": 1.0} if counts_readings(run.treatment) else {}
        return type(network)(**{**network.get_params(), **unit, "random_state": run.seed})

    def _tell(self) -> None:
        hidden = {"random_state", "progress"}
        shared: dict[str, Any] = dict(plain(_shared(self._given)))  # pyright: ignore
        self.told = {model: shared for model in self._models}
        for model, network in self._networks.items():
            keywords = network.get_params()
            self.told[model] = {k: plain(v) for k, v in keywords.items() if k not in hidden}


def _shared(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """What a model that is no network is told of the estimator's keywords."""
    return {name: keywords[name] for name in ("id_col", "time_col", "per")}

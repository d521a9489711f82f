"""Model files: one `.safetensors` with weights, settings and the frame schema."""

import dataclasses
import json
import os
import re
import typing
from datetime import timedelta
from typing import Any

import equinox as eqx
import jax
import numpy as np
import pandas as pd

from ct_s5.estimators._classifier import S5Classifier
from ct_s5.estimators._forecaster import S5Forecaster
from ct_s5.estimators._imputer import S5Imputer
from ct_s5.estimators._levels import MOST_BINS, SHARES, Calibration
from ct_s5.estimators._regressor import S5Regressor
from ct_s5.estimators._unlabelled import UnlabelledEstimator
from ct_s5.frames import FrameSchema
from ct_s5.nn import ModelSettings, S5Model
from ct_s5.training import (
    ArchiveError,
    named_arrays,
    read_archive,
    with_named_arrays,
    write_archive,
)

# The only classes a file may ask for. Names in a file are looked up here, never imported.
_KINDS: dict[str, Any] = {
    kind.__name__: kind for kind in (S5Classifier, S5Regressor, S5Forecaster, S5Imputer)
}
_LARGEST = {
    "n_channels": 100_000,
    "n_static": 100_000,
    "n_outputs": 1_000_000,
    "n_tokens": 10_000_000,
    "width": 16_384,
    "states": 8_192,
    "depth": 256,
    "n_blocks": 4_096,
}
_LONGEST = 10_000_000
_CALIBRATION, _EDGES = "calibration", "calibration_edges"
_CLASS_DTYPE = re.compile(r"(u?int|float)\d{1,2}|bool|<U\d{1,4}")


def save(estimator, path: str | os.PathLike):
    """Write a fitted estimator; see `S5Estimator.save`."""
    if type(estimator) not in _KINDS.values():
        raise TypeError(
            f"{type(estimator).__name__} is none of {', '.join(_KINDS)}, and a model file can "
            "name no other class. Save it as the class it extends, for instance: "
            "plain = S5Classifier(); vars(plain).update(vars(model)); plain.save(path)."
        )
    _model_settings(dataclasses.asdict(estimator.model_.settings))  # what could not be read back
    settings = {
        "class": type(estimator).__name__,
        "keywords": _kept(estimator),
        "schema": estimator.schema_.to_json(),
        "model": dataclasses.asdict(estimator.model_.settings),
        "lengths": list(estimator.lengths_),
        "best_epoch": estimator.best_epoch_,
        "n_compilations": estimator.n_compilations_,
        "history": estimator.history_.reset_index().to_dict("records"),
        "n_features_in": getattr(estimator, "n_features_in_", None),
    }
    if isinstance(estimator, S5Classifier):
        settings["classes"] = [_plain(c) for c in estimator.classes_]
        settings["classes_dtype"] = str(estimator.classes_.dtype)
        settings["balance"] = [float(w) for w in estimator._balance]
    elif isinstance(estimator, S5Regressor):
        settings["target_names"] = estimator.target_names_
        settings["target_mean"] = [float(v) for v in estimator.target_mean_]
        settings["target_scale"] = [float(v) for v in estimator.target_scale_]
    arrays = named_arrays(estimator.model_)
    if isinstance(estimator, UnlabelledEstimator):
        settings["told"] = list(estimator.channels_)
        settings["horizon"] = getattr(estimator, "horizon_", None)
        arrays[_CALIBRATION] = estimator.calibration_.table
        arrays[_EDGES] = estimator.calibration_.edges
    return write_archive(path, "estimator", settings, arrays)


def check_kept(estimator) -> None:
    """Refuse, before anything is trained, a keyword that no file could keep.

    Raises:
        TypeError: One that is no text, number, length of time, or list or dict of them.
    """
    if type(estimator) not in _KINDS.values():  # `save` refuses it as a whole
        return
    for name, value in _kept(estimator).items():
        try:
            json.dumps(value)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"{name}={value!r} has no place in a model file ({error}). Write it as text, a "
                "number, or a list of them."
            ) from error


def _kept(estimator) -> dict[str, Any]:
    """The keywords as a file keeps them."""
    keywords = {name: _plain(value) for name, value in estimator.get_params().items()}
    # A RandomState has no place in a file; a seed that is gone changes no prediction.
    if not isinstance(keywords["random_state"], int):
        keywords["random_state"] = None
    return keywords


def load(path: str | os.PathLike) -> S5Classifier | S5Regressor | S5Forecaster | S5Imputer:
    """Read an estimator that `save` wrote; it predicts bit for bit the same.

    The model has the precision in which it was trained, whatever the session's is.

    The file is data only: its sizes are bounded and its checksum compared before anything is built,
    and nothing in it is ever run.

    Raises:
        FileNotFoundError: No such file.
        ArchiveError: A file that is truncated, altered, newer than this ct_s5, or none of its
            models; a model in double precision where JAX is held to single precision.
    """
    settings, arrays = read_archive(path, "estimator")
    calibration = arrays.pop(_CALIBRATION, None), arrays.pop(_EDGES, None)
    double = {array.dtype for array in arrays.values()} == {np.dtype(np.float64)}
    if double and jax.numpy.result_type(float) != np.float64:
        raise ArchiveError(
            f"{path} was trained in double precision; switch that on first: "
            'jax.config.update("jax_enable_x64", True).'
        )
    try:
        with jax.enable_x64(double):
            return _rebuild(settings, arrays, calibration)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ArchiveError(f"{path} does not describe a model of this ct_s5: {error}") from error


def _rebuild(settings: dict[str, Any], arrays, calibration) -> Any:
    kind = settings["class"]
    if kind not in _KINDS:
        raise ValueError(f"it asks for {kind!r}, which is none of {', '.join(_KINDS)}")
    keywords = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in settings["keywords"].items()
    }
    if isinstance(keywords.get("class_weight"), tuple):
        keywords["class_weight"] = dict(keywords["class_weight"])
    estimator: Any = _KINDS[kind](**keywords)
    estimator.schema_ = FrameSchema.from_json(settings["schema"])
    # Shapes alone, no values: nothing is allocated before the file proves to hold just these.
    shapes = eqx.filter_eval_shape(
        S5Model, _model_settings(settings["model"]), key=jax.random.key(0)
    )
    estimator.model_ = with_named_arrays(shapes, arrays)
    estimator.lengths_ = tuple(int(n) for n in settings["lengths"])
    if not all(0 < n <= _LONGEST for n in estimator.lengths_):
        raise ValueError(f"its padded lengths are {estimator.lengths_}")
    estimator.best_epoch_ = int(settings["best_epoch"])
    estimator.n_compilations_ = int(settings["n_compilations"])
    estimator.history_ = pd.DataFrame(settings["history"]).set_index("epoch")
    if settings["n_features_in"] is not None:
        estimator.n_features_in_ = int(settings["n_features_in"])
    if isinstance(estimator, S5Classifier):
        dtype = settings["classes_dtype"]
        if not _CLASS_DTYPE.fullmatch(dtype):
            raise ValueError(f"classes of type {dtype!r}")
        classes = settings["classes"]
        if len(classes) != estimator.model_.settings.n_outputs:
            raise ValueError(
                f"{len(classes)} classes for {estimator.model_.settings.n_outputs} outputs"
            )
        # NumPy finds the width of text; a width in the file could ask for any amount of memory.
        estimator.classes_ = np.array(classes, str if dtype.startswith("<U") else dtype)
        estimator._balance = np.array(settings["balance"], np.float64)
    elif isinstance(estimator, S5Regressor):
        estimator.target_names_ = settings["target_names"]
        estimator.target_mean_ = np.array(settings["target_mean"], np.float64)
        estimator.target_scale_ = np.array(settings["target_scale"], np.float64)
    elif isinstance(estimator, UnlabelledEstimator):
        told = tuple(settings["told"])
        places = tuple(estimator.schema_.channels.index(name) for name in told)
        if estimator.model_.settings.anchors != places:
            raise ValueError(f"it tells of {told!r}, and its model of other channels")
        table, edges = calibration
        estimator.channels_, estimator.calibration_ = told, _calibration(table, edges, len(told))
        if isinstance(estimator, S5Forecaster):
            estimator.horizon_ = float(settings["horizon"])
    return estimator


def _calibration(table: Any, edges: Any, n_channels: int) -> Calibration:
    """Bins of leads, and the quantiles of each, from the arrays of a file."""
    if table is None or edges is None:
        raise ValueError("its intervals are not calibrated by lead: fit it anew, and save it")
    if edges.ndim != 1 or table.shape != (len(edges) + 1, n_channels, len(SHARES)):
        raise ValueError("its calibration is of another shape")
    if len(table) > MOST_BINS or not (np.diff(edges, prepend=0, append=np.inf) > 0).all():
        raise ValueError(
            f"its calibration has {len(table)} bins of leads, or they are out of order"
        )
    return Calibration(edges, table)


def _model_settings(told: dict[str, Any]) -> ModelSettings:
    """Model settings from JSON: exactly the fields, each of its type, sizes bounded."""
    types = typing.get_type_hints(ModelSettings)
    if set(told) != set(types):
        raise ValueError("its model settings are not those of this ct_s5")
    for name, most in _LARGEST.items():
        if type(told[name]) is not int or not 0 <= told[name] <= most:
            raise ValueError(f"{name} is {told[name]!r}, which is not a size up to {most}")
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in told.items()}
    return ModelSettings(**fields)


def _plain(value):
    """A value as JSON has it: pairs for a dict, text for a length of time."""
    if isinstance(value, timedelta | np.timedelta64 | pd.offsets.Tick | pd.offsets.Day):
        return str(pd.Timedelta(value))  # pyright: ignore
    if isinstance(value, dict):
        value = list(value.items())
    elif hasattr(value, "tolist"):  # of NumPy or pandas
        value = value.tolist()
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value

"""An estimator's compiled forms, with what turns its answers into those of `predict`."""

import os
import pathlib
from collections.abc import Sequence

import numpy as np

from ct_s5.export import export

_TOLD = ("classes_", "target_names_", "target_mean_", "target_scale_", "channels_", "horizon_")


def export_estimator(estimator, path: str | os.PathLike, platforms: Sequence[str]) -> pathlib.Path:
    """Write a fitted estimator's model; see `S5Estimator.export`."""
    found = {name.rstrip("_"): getattr(estimator, name, None) for name in _TOLD}
    told = {
        name: np.asarray(value).tolist() if isinstance(value, np.ndarray) else value
        for name, value in found.items()
        if value is not None
    }
    if hasattr(estimator, "calibration_"):
        calibration = estimator.calibration_
        told |= {"calibration": calibration.table, "calibration_edges": calibration.edges}
    return export(estimator.model_, path, platforms=platforms, schema=estimator.schema_, told=told)

"""Which series train, validate and test; and what the training ones tell nothing of."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Shaped

from ct_s5._words import shown
from ct_s5.frames import split_series
from ct_s5.lab._comparison import left_out
from ct_s5.lab._treatments import Readings

PARTS = ("train", "validation", "test")


def split_three(
    n: int, strata, test_fraction: float, validation_fraction: float, seed: int
) -> Shaped[np.ndarray, " N"]:
    """The part of each of n series, one of `PARTS`: a function of classes and seed alone."""
    if n < 3:
        raise ValueError(
            f"{n} series cannot be split into training, validation and test: give at least 3."
        )
    if strata is not None and (alone := _alone(strata)):
        raise ValueError(
            f"Each of the {n} series is of a class of its own ({alone}): a class needs at "
            "least 2, one to train on and one to test."
        )
    part = np.full(n, "train", dtype="<U10")
    part[split_series(n, strata, share=test_fraction, seed=seed)] = "test"
    rest = np.flatnonzero(part == "train")
    if len(rest) < 2:
        raise ValueError(
            f"test_fraction={test_fraction} of {n} series leaves {len(rest)} to train on and none "
            "to validate with: make it smaller."
        )
    classes = None if strata is None else strata[rest]
    if classes is not None and (alone := _alone(classes)):
        raise ValueError(
            f"test_fraction={test_fraction} leaves {len(rest)} of {n} series, a single one of each "
            f"class ({alone}): training needs one of each, and validation another. Give "
            "more series, or make test_fraction smaller."
        )
    part[rest[split_series(len(rest), classes, share=validation_fraction, seed=seed)]] = (
        "validation"
    )
    return part


def given_split(split: Mapping[str, Any], ids: pd.Index) -> Shaped[np.ndarray, " N"]:
    """The part of each series by a split that somebody else made; "" for a series in none.

    Raises:
        ValueError: A part that is missing or empty, an id that the data do not have, or one that
            stands in two parts.
    """
    if set(split) != set(PARTS):
        raise ValueError(
            f"split has the parts {', '.join(PARTS)}; got {', '.join(split) or 'none'}."
        )
    part = np.full(len(ids), "", dtype="<U10")
    for name in PARTS:
        place = ids.get_indexer(pd.Index(split[name]))
        if (place < 0).any():
            unknown = pd.Index(split[name])[place < 0].tolist()
            raise ValueError(
                f"The {name} part of the split names {len(unknown)} series that the frame does not "
                f"have (first: {shown(unknown[0])})."
            )
        if (part[place] != "").any():
            twice = place[part[place] != ""][0]
            raise ValueError(
                f"Series {shown(ids[twice])} stands in the {part[twice]} part of the split and in "
                f"the {name} part."
            )
        if not len(place):
            raise ValueError(f"The {name} part of the split is empty.")
        part[place] = name
    return part


def untold(readings: Readings, static, training, seed: int) -> dict[str, Any]:
    """What no training series of a seed tells of, so that no model can learn about it."""
    encoded = readings.encoded
    rows = training[encoded.index.series]
    names, observed = encoded.schema.channels, encoded.series.observed[rows]
    channels = [name for c, name in enumerate(names) if not observed[:, c].any()]
    if len(channels) == len(names):
        raise ValueError(
            f"With seed {seed} no training series has a reading: there is nothing to learn from. "
            "Choose other seeds, or leave out series without readings."
        )
    columns = []
    if static is not None:
        columns = [name for name in static if static.loc[training, name].isna().all()]
    found = {"seed": seed, "channels": channels, "static": columns}
    if words := left_out(found):
        warnings.warn(words, UserWarning, stacklevel=3)
    return found


def _alone(classes) -> str:
    """The classes, if each has a single series."""
    found = pd.unique(classes).tolist()
    return ", ".join(map(repr, found[:5])) if len(found) == len(classes) else ""

"""Static features: one row a series, numbers standardised, categories one-hot."""

import dataclasses
import math
import warnings
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from ct_s5._words import first, listed, shown
from ct_s5.frames._channels import read_numbers
from ct_s5.frames._long import LongFrame
from ct_s5.frames._native import as_pandas, is_frame

MOST_CATEGORIES = 10_000


@dataclasses.dataclass(frozen=True)
class StaticColumn:
    """One static column: a number with mean and scale, or a category with its known values."""

    name: str
    mean: float = 0.0
    scale: float = 1.0
    categories: tuple[str, ...] | None = None
    """The known values as text; None for a number."""
    missing: bool = False
    """Whether training data had gaps here. A number then gets a flag beside it, and 0, the mean."""

    @property
    def width(self) -> int:
        """Features this column becomes."""
        return 1 + self.missing if self.categories is None else len(self.categories)

    @classmethod
    def from_json(cls, settings: Any) -> "StaticColumn":
        """Rebuild from a dict, trusting nothing."""
        names = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(settings, dict) or set(settings) != names:
            raise ValueError(
                f"A static column is a dict with exactly the keys {listed(sorted(names))}."
            )
        name, missing = settings["name"], settings["missing"]
        mean, scale = settings["mean"], settings["scale"]
        known = settings["categories"]
        numbers = all(isinstance(x, int | float) and math.isfinite(x) for x in (mean, scale))
        if not isinstance(name, str) or not isinstance(missing, bool) or not numbers or scale <= 0:
            raise ValueError("A static column has a name, a finite mean, a positive scale, a flag.")
        if known is not None and not (
            isinstance(known, list | tuple)
            and len(known) <= MOST_CATEGORIES
            and all(isinstance(value, str) for value in known)
        ):
            raise ValueError(f"Categories are a list of at most {MOST_CATEGORIES} texts.")
        return cls(
            name, float(mean), float(scale), None if known is None else tuple(known), missing
        )


def read_static(static, long: LongFrame) -> pd.DataFrame | None:
    """Static features as a frame indexed by series id, a row for at least every series of `long`.

    Args:
        static: A frame with the id as a column or as the index. For arrays and lists without ids
            also an array (N, S); like labels it then goes by position, whatever the ids are.
        long: The series it belongs to.

    Raises:
        ValueError: No row, or two, for a series; a missing id; an index that holds no ids.
    """
    if static is None:
        return None
    positions = isinstance(long.ids, pd.RangeIndex)
    if is_frame(static):
        table = as_pandas(static)
    elif positions:
        table = pd.DataFrame(np.asarray(static)) if np.ndim(static) == 2 else None
    else:
        table = None
    if table is None:
        raise TypeError(
            f"static is a frame with one row a series; got {type(static).__name__}. Arrays (N, S) "
            "go with arrays or lists of series without ids."
        )
    if long.id_col in table.columns:
        table = table.set_index(long.id_col)
    table = table.rename(columns=str)
    if positions:
        if len(table) != len(long.ids):
            raise ValueError(
                f"static has {len(table)} rows for {len(long.ids)} series without ids: it goes by "
                "position, so give one row a series, in their order."
            )
        return table.set_axis(long.ids, axis=0)
    if table.index.hasnans:
        raise ValueError(f"static has a row without id (NaN) at row {first(table.index.isna())}.")
    if not table.index.is_unique:
        doubled = table.index[table.index.duplicated()].unique()
        raise ValueError(
            f"static has more than one row for series {listed(doubled)}. Keep one of each."
        )
    absent = long.ids[~long.ids.isin(table.index)]
    if 0 < len(absent) == len(long.ids) and isinstance(table.index, pd.RangeIndex):
        raise ValueError(
            f"static is not indexed by series id: it has no column {long.id_col!r} and its index "
            f"only counts rows. Set it: static.set_index({long.id_col!r}), or rename the id column."
        )
    if len(absent):
        raise ValueError(
            f"static has no row for series {listed(absent)}, which the frame holds. Add the row "
            f"(NaN where unknown); ids are {long.ids.dtype} in the frame and {table.index.dtype} "
            "in static."
        )
    return table


def learn_static(table: pd.DataFrame, held_out: pd.Index | None = None) -> tuple[StaticColumn, ...]:
    """Means and scales of the numbers, known values of the categories.

    The numbers of series `held_out` tell nothing, unless nobody else has any.
    """
    told = np.ones(len(table), bool) if held_out is None else ~table.index.isin(held_out)
    return tuple(_learn_column(name, table.loc[:, name], told) for name in table.columns)


def _learn_column(name: str, column: pd.Series, told: np.ndarray) -> StaticColumn:
    missing = bool(column.isna().any())
    if column.isna().all():
        raise ValueError(f"Static column {name!r} holds no value at all. Drop it.")
    if _is_categorical(column):
        if isinstance(column.dtype, pd.CategoricalDtype):
            known = [str(value) for value in column.cat.categories]
        else:
            known = sorted({str(value) for value in column.dropna()})
        if len(known) > MOST_CATEGORIES:
            raise ValueError(
                f"Static column {name!r} has {len(known)} categories, more than {MOST_CATEGORIES}: "
                "it looks like an id. Drop it."
            )
        return StaticColumn(name, categories=tuple(known), missing=missing)
    values = _numbers(name, column)
    present = ~np.isnan(values)
    values = values[present & told] if (present & told).any() else values[present]
    mean = float(values.mean())
    if values.min() == values.max():
        return StaticColumn(name, float(values[0]), 1.0, missing=missing)
    return StaticColumn(name, mean, float(values.std()) or 1.0, missing=missing)


def encode_static(
    table: pd.DataFrame | None, columns: tuple[StaticColumn, ...], ids: pd.Index
) -> Float[np.ndarray, "N S"]:
    """Features of the series `ids`, in that order.

    Raises:
        ValueError: Static features absent, missing or new against the schema; a category the schema
            does not know.

    Warns:
        UserWarning: A gap in a column that had none at fit.
    """
    names = [column.name for column in columns]
    given = [] if table is None else list(table.columns)
    if set(names) != set(given):
        raise ValueError(
            "The static features differ from those at fit. Expected "
            f"{listed(names, 20) or 'none'}; missing: "
            f"{listed(n for n in names if n not in given) or 'none'}; new: "
            f"{listed(g for g in given if g not in names) or 'none'}."
        )
    if table is None:
        return np.zeros((len(ids), 0), np.float32)
    table = table.reindex(ids)
    blocks = [_encode_column(column, table.loc[:, column.name], ids) for column in columns]
    return np.concatenate([np.zeros((len(ids), 0)), *blocks], axis=1).astype(np.float32)


def _encode_column(column: StaticColumn, values: pd.Series, ids: pd.Index) -> np.ndarray:
    empty = values.isna().to_numpy()
    if empty.any() and not column.missing:
        instead = "no category" if column.categories else f"the mean, {column.mean:.6g},"
        warnings.warn(
            f"Static column {column.name!r} is missing (NaN) for series {listed(ids[empty])}; at "
            f"fit it never was, so {instead} stands in for it.",
            UserWarning,
            stacklevel=4,
        )
    if column.categories is None:
        numbers = _numbers(column.name, values)
        scaled = np.where(empty, 0.0, (numbers - column.mean) / column.scale)
        _refuse_beyond(scaled, numbers, values)
        return np.stack([scaled, empty], axis=1)[:, : column.width]
    codes = pd.Index(column.categories, dtype=object).get_indexer(
        [None if gap else str(value) for gap, value in zip(empty, values, strict=True)]
    )
    unknown = (codes < 0) & ~empty
    if unknown.any():
        row = first(unknown)
        raise ValueError(
            f"Static column {column.name!r} is {shown(values.iloc[row])} for series "
            f"{shown(ids[row])}, which no series at fit was. Known: "
            f"{listed(column.categories, 20)}."
        )
    return codes[:, None] == np.arange(len(column.categories))


def _is_categorical(column: pd.Series) -> bool:
    column = column.infer_objects() if column.dtype == object else column
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(dtype):
        return True
    return pd.api.types.infer_dtype(column, skipna=True) in ("string", "boolean")


def _numbers(name: str, column: pd.Series) -> np.ndarray:
    values = read_numbers(
        column, name, lambda row: f"series {shown(column.index[row])}", "a number", "static"
    )
    _refuse_beyond(values, values, column)
    return values


def _refuse_beyond(scaled, values, column: pd.Series) -> None:
    beyond = np.abs(scaled) > np.finfo(np.float32).max
    if beyond.any():
        row = first(beyond)
        raise ValueError(
            f"Static column {column.name!r} is {values[row]} for series "
            f"{shown(column.index[row])}, more than float32 holds. Put NaN where it is unknown."
        )

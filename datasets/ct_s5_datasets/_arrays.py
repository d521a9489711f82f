"""Sets too long for one frame: what all of them have, beside the arrays of their kind.

A hundred thousand series of 2000 tokens would be a frame of gigabytes; as bytes they are 200 MB.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ._dataset import Column
from ._manifest import Manifested
from ._scaling import scaled

Splits = Mapping[str, Mapping[str, np.ndarray]]


@dataclass(frozen=True, eq=False, repr=False)
class Labelled(Manifested):
    """What all these sets share.

    Attributes:
        labels: One answer a series, indexed by `unique_id`, sorted by it.
        splits: Name of a split -> part -> ids, sorted.
        card: Origin, licence, defects; ends with what this load counted.
        static: What is known of each series, indexed like `labels`; None where nothing is.
        answers: What the label and the columns of `static` mean.

    """

    labels: pd.Series
    splits: Splits
    card: str
    static: pd.DataFrame | None = field(default=None, kw_only=True)
    answers: tuple[Column, ...] = field(default=(), kw_only=True)

    @property
    def schema(self) -> dict[str, Column]:
        """Column of `frame`, the label and columns of `static` -> description and unit."""
        own = Column("unique_id", "of the series, as in labels", "")
        return {column.name: column for column in (own, *self._columns(), *self.answers)}

    @property
    def groups(self) -> pd.Series | None:
        """Who each series belongs to; None where nobody has two, or nobody knows."""
        return None

    if TYPE_CHECKING:  # each kind has its own

        def frame(self, ids: ArrayLike) -> pd.DataFrame: ...

        def _columns(self) -> tuple[Column, ...]: ...

    def __len__(self) -> int:
        return len(self.labels)

    def scaled(self, ids: ArrayLike) -> pd.DataFrame:
        """`frame(ids)` as the protocol scales it, series in no part of its split left out.

        Raises:
            ValueError: The set was loaded without a protocol, or an id is unknown.

        """
        return scaled(self.frame(ids), self._rules(), self.split, self.scaling)

    def positions(self, ids: ArrayLike) -> np.ndarray:
        """Where these ids stand among the series.

        Raises:
            ValueError: An id is unknown or comes twice.

        """
        return positions(self.labels.index, ids, "labels.index, ")

    def _told(self, inside: str) -> str:
        return (
            f"{type(self).__name__}({len(self)} series, {inside}, "
            f"splits {', '.join(self.splits) or 'none'})"
        )


def positions(known: pd.Index, ids: ArrayLike, where: str = "") -> np.ndarray:
    """Where these ids stand among the known ones; `where` says in messages what lists them.

    Raises:
        ValueError: An id is unknown or comes twice.

    """
    wanted = pd.Index(np.atleast_1d(np.asarray(ids)))
    found = known.get_indexer(wanted)
    if (found < 0).any():
        unknown = wanted[found < 0].tolist()[0]
        if known.empty:
            raise ValueError(f"No series {unknown!r}; the set has none at all.")
        first, last = known[[0, -1]].tolist()
        raise ValueError(f"No series {unknown!r}; the ids are {where}{first!r} to {last!r}.")
    if wanted.has_duplicates:
        twice = wanted[wanted.duplicated()].tolist()[0]
        raise ValueError(f"Series {twice!r} is asked for twice. Give each id once.")
    return found

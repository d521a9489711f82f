"""What every loader hands back: one frame of readings and what belongs to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ._manifest import Manifested

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class Column(NamedTuple):
    """What one column means, for people."""

    name: str
    description: str
    unit: str


@dataclass(frozen=True, eq=False, repr=False)
class Dataset(Manifested):
    """A data set as pandas tables; nothing in it is scaled, filled or put on a grid.

    Attributes:
        frame: One row a (series, time), sorted by both: `unique_id`, `ds` (a timestamp, or a
            timedelta since the start of the series), then one float column a channel. NaN means
            not observed. No (series, time) appears twice.
        labels: One answer a series, indexed by id, series without any reading included. None where
            the set has no such answer; one answer a reading is a column of `frame` that the schema
            names and the card tells of.
        static: One row a series, indexed like `labels`, or None where the set has no such table.
        schema: Column name -> its description and unit.
        splits: Name of a split -> part ("train", "validation", "test", ...) -> ids, sorted.
        card: Origin, licence, defects and how they were treated; ends with what this load counted.
        groups: Who each series belongs to, indexed by id, such as the person behind several
            windows; None where nobody has two, or nobody knows.

    """

    frame: pd.DataFrame
    labels: pd.Series | None
    static: pd.DataFrame | None
    schema: Mapping[str, Column]
    splits: Mapping[str, Mapping[str, np.ndarray]]
    card: str
    groups: pd.Series | None = None

    def scaled(self) -> pd.DataFrame:
        """The frame as the protocol scales it: the rows of its series, channels scaled.

        Answers a reading and `static` are left as they are. `scaling` has the numbers, to go back.

        Raises:
            ValueError: The set was loaded without a protocol.

        """
        from ._scaling import scaled

        return scaled(self.frame, self._rules(), self.split, self.scaling)

    def __len__(self) -> int:
        """How many series, those without any reading included where there are labels."""
        known = self.frame["unique_id"] if self.labels is None else self.labels.index
        return len(known.unique())

    def __repr__(self) -> str:
        """Sizes, not tables: a frame of 300,000 rows is no use in a prompt."""
        static = "none" if self.static is None else f"{self.static.shape[1]} columns"
        return (
            f"Dataset({len(self)} series, {len(self.frame)} rows, "
            f"{self.frame.shape[1] - 2} channels, static {static}, "
            f"splits {', '.join(self.splits) or 'none'})"
        )


def read_card(name: str) -> str:
    """The text of `cards/<name>.md`, from the installed package or the source tree."""
    here = Path(__file__).parent
    for folder in (here / "cards", here.parent / "cards"):
        if (folder / f"{name}.md").is_file():
            return (folder / f"{name}.md").read_text(encoding="utf-8")
    return f"# {name}\n\nThis installation came without datasets/cards/{name}.md.\n"


def card_with(name: str, counts: Mapping[str, object]) -> str:
    """The card of a set, and at its end what one load counted."""
    lines = [f"- {what}: {value}" for what, value in counts.items()]
    return read_card(name) + "\n## Counted in this load\n\n" + "\n".join(lines) + "\n"

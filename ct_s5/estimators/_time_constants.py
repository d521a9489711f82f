"""How long a model remembers, beside how long it waits for the next reading."""

import dataclasses
import html
import math
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from ct_s5.frames import QUANTILES, duration, gaps_between, to_long
from ct_s5.nn import S5Model
from ct_s5.ssm import S5Layer

# After three half-lives an eighth is left; a tenth of a half-life takes 7 %.
_GONE, _KEPT = 3.0, 0.1
_FEW = 0.1


@dataclasses.dataclass(frozen=True)
class TimeConstants:
    """What `time_constants` of an estimator found. Print it, or take the tables.

    Lengths of time are in seconds, or in numbers of the time column where that holds numbers.
    """

    half_lives: pd.DataFrame
    """A row a state: `block`, and `half_life`, the time after which half of what it holds is gone
    (ln 2 / (-Re(rate) timescale), in the unit of the times)."""
    gaps: Float[np.ndarray, " G"]
    """The positive gaps between readings of the frame; none where none was given."""
    longest_series: float
    """From first to last reading; 0 where no frame was given."""
    numbers: bool
    """Whether times are numbers of a unit of their own rather than timestamps or timedeltas."""

    @property
    def table(self) -> pd.DataFrame:
        """Quantiles of the half-lives of each block, and of the gaps, in words."""
        rows = {
            f"half-lives, block {block}": part["half_life"].to_numpy()
            for block, part in self.half_lives.groupby("block")
        }
        if len(self.gaps):
            rows["gaps between readings"] = self.gaps
        words = {
            name: [self._said(value) for value in np.quantile(values, list(QUANTILES.values()))]
            for name, values in rows.items()
        }
        return pd.DataFrame(words, index=list(QUANTILES)).T

    @property
    def warnings(self) -> list[str]:
        """Where memory and gaps do not go together, in plain words; none where they do."""
        if not len(self.gaps):
            return []
        lives = self.half_lives["half_life"].to_numpy()
        typical, late = np.quantile(self.gaps, [0.5, 0.95])
        slow, fast = np.quantile(lives, [1 - _FEW, _FEW])
        found = []
        if _GONE * slow < typical:
            found.append(
                "The model forgets before the next reading: nine in ten of its states have a "
                f"half-life below {self._said(slow)}, and the typical gap is "
                f"{self._said(typical)}. Its answers rest on the last reading. Lower timescale, "
                "or leave time_unit out: it is then the typical gap."
            )
        elif _GONE * lives.max() < late:
            found.append(
                "The model forgets over the longer gaps: no state has a half-life above "
                f"{self._said(lives.max())}, and one gap in twenty lasts {self._said(late)} or "
                "more. If what came before such a gap matters, lower the lower end of timescale, "
                "or name a longer time_unit."
            )
        if fast * _KEPT > self.longest_series:
            found.append(
                "The model hardly forgets within a series: nine in ten of its states have a "
                f"half-life above {self._said(fast)}, and the longest series lasts "
                f"{self._said(self.longest_series)}. It cannot tell what was recent from what was "
                "not. Raise timescale, or leave time_unit out: it is then the typical gap."
            )
        return found

    def __str__(self) -> str:
        return "\n".join([self._sentence(), "", self.table.to_string(), *self._notes()])

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.warnings)
        return f"<p>{self._sentence()}</p>{self.table.to_html(border=0)}{notes}"

    def _notes(self) -> list[str]:
        return ["", *self.warnings] if self.warnings else []

    def _sentence(self) -> str:
        n_states = len(self.half_lives)
        return f"How long until half of what a state holds is forgotten ({n_states} states):"

    def _said(self, length: float) -> str:
        return f"{length:.3g}" if self.numbers else duration(float(length))


def time_constants(estimator, X: Any = None) -> TimeConstants:
    """The time constants of a fitted estimator; see `S5Estimator.time_constants`."""
    schema, numbers = estimator.schema_, estimator.schema_.time_kind == "number"
    parts = [
        pd.DataFrame({"block": block, "half_life": lives * schema.time_unit})
        for block, lives in enumerate(half_lives(estimator.model_))
    ]
    gaps, longest = np.zeros(0), 0.0
    if X is not None:
        long = to_long(X, id_col=schema.id_col, time_col=schema.time_col)
        if long.times.kind != schema.time_kind:
            raise ValueError(
                f"The times are {long.times.kind}s, those at fit were {schema.time_kind}s: gaps "
                "and half-lives would have no unit in common."
            )
        reading = np.flatnonzero(~np.isnan(long.values).all(axis=1))
        gaps = gaps_between(long, reading)
        owners = np.sort(long.series[reading])
        inside = owners[1:] == owners[:-1]
        spans = np.bincount(owners[1:][inside], gaps, minlength=1)
        gaps, longest = gaps[gaps > 0], float(spans.max())
    return TimeConstants(pd.concat(parts, ignore_index=True), gaps, longest, numbers)


def half_lives(model: S5Model) -> list[Float[np.ndarray, " Q"]]:
    """Of the states of each block, in model units.

    Raises:
        ValueError: A model without S5 layers.
    """
    layers = [block.mixer for block in model.blocks if isinstance(block.mixer, S5Layer)]
    if not layers:
        raise ValueError(
            "Only S5 layers have time constants; this model has none "
            f"(mixer={model.settings.mixer!r}, depth={model.settings.depth})."
        )
    forgetting = [np.asarray(-layer.rates.real * layer.timescales, np.float64) for layer in layers]
    return [math.log(2) / each for each in forgetting]

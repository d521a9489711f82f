"""The series of training, or of validation, with their targets and what to call them."""

import dataclasses
from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from ct_s5._words import shown
from ct_s5.batch import SeriesSet
from ct_s5.training._losses import Targets


@dataclasses.dataclass(frozen=True)
class Cohort:
    """Series, the M targets that their answers are held to, and words for both."""

    series: SeriesSet
    targets: Targets
    per: Literal["series", "reading"]
    """Whether each series has a target (M = N), or each of its rows (M = R)."""
    names: Sequence[object] | None
    """What to call the series; their numbers where None."""
    role: Literal["training", "validation"] = "training"

    def owners(self, targets: Int[np.ndarray, " M"]) -> Int[np.ndarray, " M"]:
        """The series of each target."""
        if self.per == "series":
            return targets
        return np.searchsorted(self.series.offsets, targets, side="right") - 1

    def name_of(self, target: int) -> str:
        """Words for one target."""
        owner, row = target, ""
        if self.per == "reading":
            owner, own_row = self.series.place(target)
            row = f"row {own_row} of "
        name = owner if self.names is None else self.names[owner]
        return f"{row}{self.role} series {shown(name)}"

    def check_weights(self) -> None:
        """Refuse weights that are no weights, and weights that leave no target.

        Raises:
            ValueError: One is negative, NaN or more than float32 holds; or all are 0.
        """
        weights = self.targets.weights
        weights = weights if weights.ndim == 1 else weights.sum(axis=1)  # of a row's own targets
        bad = np.flatnonzero(~((weights >= 0) & (weights <= np.finfo(np.float32).max)))
        if bad.size:
            raise ValueError(
                f"The weight of the target of {self.name_of(int(bad[0]))} is {weights[bad[0]]}; "
                f"{bad.size} such weights in all. A weight is a finite number of at least 0, and 0 "
                "leaves the target out."
            )
        if not (weights.astype(np.float32) > 0).any():
            verb = "train" if self.role == "training" else "validate"
            raise ValueError(f"There is no target to {verb} on: the weight of each is zero.")

    def worst(self, losses: Float[np.ndarray, " M"]) -> str:
        """Words for the first target whose loss is not finite, or else for the largest loss."""
        target = int(np.argmax(np.where(np.isfinite(losses), losses, np.inf)))
        return f"{self.name_of(target)} has a loss of {losses[target]:.4g}"

"""The series of training, or of validation, with their targets and what to call them."""

import dataclasses
from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from ct_s5._words import shown
from ct_s5.batch import SeriesSet
from ct_s5.training._losses import Loss, Targets


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

    def check_targets(self, loss: Loss, n_outputs: int) -> None:
        """Refuse targets that a model of K answers and this loss cannot be held to.

        Raises:
            ValueError: Not as many targets or weights as series (or rows), or not K numbers each; a
                class outside 0 to K - 1; a weight that is negative, NaN or more than float32 holds;
                or no weight above 0.
        """
        values, weights = self.targets.values, self.targets.weights
        n = len(self.series) if self.per == "series" else len(self.series.times)
        shape = (n,) if loss == "class" else (n, n_outputs)
        if values.shape != shape or weights.shape not in {(n,), shape}:
            things = "series" if self.per == "series" else "rows"
            raise ValueError(
                f"{n} {self.role} {things}, {n_outputs} answers each and loss={loss!r} need target "
                f"values of shape {shape} and a weight for each; got shapes {values.shape} and "
                f"{weights.shape}."
            )
        bad = np.argwhere(~((weights >= 0) & (weights <= np.finfo(np.float32).max)))
        if len(bad):
            first = tuple(bad[0])
            raise ValueError(
                f"The weight of the target of {self.name_of(int(first[0]))} is {weights[first]}; "
                f"{len(bad)} such weights in all. A weight is a finite number of at least 0, and 0 "
                "leaves the target out."
            )
        if not (weights.astype(np.float32) > 0).any():
            verb = "train" if self.role == "training" else "validate"
            raise ValueError(f"There is no target to {verb} on: the weight of each is zero.")
        if loss == "class":
            wrong = np.flatnonzero((weights > 0) & ~np.isin(values, np.arange(n_outputs)))
            if wrong.size:
                raise ValueError(
                    f"The target of {self.name_of(int(wrong[0]))} is {values[wrong[0]]}; "
                    f"{wrong.size} such targets in all. Of {n_outputs} classes they are the whole "
                    f"numbers 0 to {n_outputs - 1}."
                )

    def worst(self, losses: Float[np.ndarray, " M"]) -> str:
        """Words for the first target whose loss is not finite, or else for the largest loss."""
        target = int(np.argmax(np.where(np.isfinite(losses), losses, np.inf)))
        return f"{self.name_of(target)} has a loss of {losses[target]:.4g}"

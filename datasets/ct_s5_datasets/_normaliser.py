"""Which numbers scale the channels of a set, in words and as a rule that can be worked out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["none", "given", "fixed", "z-score", "min-max", "min-over-max"]
ALL = ("train", "validation", "test")
"""The parts of a split."""

_WORDS = {
    "none": "nothing is scaled",
    "given": "scaled in the files already",
    "fixed": "(x - {shift}) / {scale}",
    "z-score": "(x - mean) / deviation",
    "min-max": "(x - min) / (max - min)",
    "min-over-max": "(x - min) / max",
}


@dataclass(frozen=True)
class Normaliser:
    """Which two numbers scale a channel, `(x - shift) / scale`, and which readings they come from.

    A scale of 0 counts as 1.

    Attributes:
        kind: "z-score": mean and deviation; "min-max": least, and greatest less least;
            "min-over-max": least and greatest; "fixed": `shift` and `scale` below; "given": the
            files hold scaled values, and nothing is done to them; "none".
        over: The parts whose readings are counted.
        each: Whether each part is scaled by numbers of its own.
        by_step: Whether each place in time, not each channel, has its own numbers.
        until: Hours of each series after which its readings are not counted; None counts all.
        positive: Whether values of 0 or less are left out of the count.
        zeros: Whether a cell without a reading counts as a 0, as it does where unobserved cells are
            filled before the least and the greatest are taken.
        ddof: What is taken off the count under the deviation: 0, or 1 as PyTorch does.
        epsilon: Added to the deviation.
        shift: Of kind "fixed"; one number for all channels, or one for each.
        scale: Of kind "fixed".

    """

    kind: Kind = "none"
    over: tuple[str, ...] = ("train",)
    each: bool = False
    by_step: bool = False
    until: float | None = None
    positive: bool = False
    zeros: bool = False
    ddof: int = 0
    epsilon: float = 0.0
    shift: float | tuple[float, ...] = 0.0
    scale: float | tuple[float, ...] = 1.0

    @property
    def from_readings(self) -> bool:
        """Whether the numbers are worked out from readings."""
        return self.kind in ("z-score", "min-max", "min-over-max")

    @property
    def looks_at_test(self) -> bool:
        """Whether readings of the test part are among those counted."""
        return "test" in self.over and (self.from_readings or self.kind == "given")

    def __str__(self) -> str:
        """In words: `(x - min) / max of each channel over train, validation, test`."""
        words = _WORDS[self.kind].format(shift=_told(self.shift), scale=_told(self.scale))
        if self.from_readings:
            words += f" of each {'place in time' if self.by_step else 'channel'}"
        if self.epsilon:
            words = words.replace("deviation", f"(deviation + {self.epsilon:g})")
        if self.from_readings or self.kind == "given":
            words += " in each part by itself" if self.each else f" over {', '.join(self.over)}"
        words += "" if self.until is None else f", first {self.until:g} h alone"
        words += ", values above 0 alone" if self.positive else ""
        return words + (", cells without a reading as 0" if self.zeros else "")

    def of_training(self) -> Normaliser:
        """The same over the training part alone; values scaled in the files are scaled again.

        Scaling by mean and deviation undoes any shift and factor put on before.
        """
        kind = "z-score" if self.kind == "given" else self.kind
        return replace(self, kind=kind, over=("train",), each=False)


def _told(numbers: float | tuple[float, ...]) -> str:
    if isinstance(numbers, tuple):
        return f"({', '.join(f'{number:.6g}' for number in numbers)})"
    return f"{numbers:.6g}"

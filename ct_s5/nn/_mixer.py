"""The one contract of every sequence model, so that encoder, block and heads serve them all."""

from typing import Protocol, runtime_checkable

from jaxtyping import Array, Bool, Float


@runtime_checkable
class Mixer(Protocol):
    """Takes features and gaps of one series and gives features of the same shape."""

    def __call__(
        self,
        inputs: Float[Array, "L H"],
        gaps: Float[Array, " L"],
        /,
        *,
        gaps_after: Float[Array, " L"] | None = None,
        reading: Bool[Array, " L"] | None = None,
        real: Bool[Array, " L"] | None = None,
    ) -> Float[Array, "L H"]:
        """Mix along time; a query reads and leaves no trace, padding does nothing and gives 0."""
        ...

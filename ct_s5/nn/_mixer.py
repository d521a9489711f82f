"""The one contract of every sequence model, so that encoder, block and heads serve them all."""

from typing import Any, Protocol, runtime_checkable

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
        reset: Bool[Array, " L"] | None = None,
    ) -> Float[Array, "L H"]:
        """Mix along time; a query reads and leaves no trace, padding does nothing and gives 0.

        At a reset another series begins, which knows nothing of those before it.
        """
        ...


@runtime_checkable
class StreamingMixer(Mixer, Protocol):
    """A mixer that can go on from where it stopped, as `S5Layer` in one direction can."""

    def run(
        self,
        inputs: Float[Array, "L H"],
        gaps: Float[Array, " L"],
        state: Any,
        /,
        *,
        reading: Bool[Array, " L"] | None = None,
        real: Bool[Array, " L"] | None = None,
    ) -> tuple[Float[Array, "L H"], Any]:
        """The outputs that `__call__` gives on the whole, and the state to go on with."""
        ...

    def initial_state(self) -> Any:
        """Before the first reading."""
        ...


def streaming(mixer: Mixer) -> StreamingMixer:
    """The mixer, if it can take readings as they arrive."""
    if not isinstance(mixer, StreamingMixer):
        raise TypeError(
            f"A {type(mixer).__name__} has no `run`: it needs the whole series at once."
        )
    return mixer

"""A padded or packed batch: what a model is given."""

from typing import Any

import equinox as eqx
from jaxtyping import Bool, Float, Int


class IrregularBatch(eqx.Module):
    """N series of up to L steps, padded at the end. Arrays may be NumPy or JAX.

    A step is a *reading* (moves and drives the state), a *query* (only reads it) or *padding* (does
    nothing). Unobserved cells hold 0; what they hold never matters, nor do padded ones. Without the
    leading N the same class is one series, which is what `jax.vmap` hands to a model; without L
    too, a single step (NL stands for both axes, one or none).

    In a packed batch each of the N rows holds up to G series end to end: `segments` says which of
    them a step belongs to, and `static` has an axis for them (NG stands for N, or for N and G).
    """

    values: Float[Any, "*NL C"]
    """Standardised readings, 0 where not observed."""
    observed: Bool[Any, "*NL C"]
    """True where a channel was measured."""
    gaps: Float[Any, "*NL"]
    """Time since the last reading before each step, in model units."""
    gaps_after: Float[Any, "*NL"]
    """Time to the first reading after each step, in model units."""
    reading: Bool[Any, "*NL"]
    """False on a query and on padding."""
    real: Bool[Any, "*NL"]
    """False on padding."""
    static: Float[Any, "*NG S"]
    """Features of the series as a whole; S may be 0."""
    segments: Int[Any, "*NL"] | None = None
    """Which of its row's series a step belongs to, from 0 on; None where a row is one series."""

    @property
    def n_channels(self) -> int:
        """C, the number of channels."""
        return self.values.shape[-1]

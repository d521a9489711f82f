"""One residual block around a sequence mixer."""

from typing import Any, Literal

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from ct_s5.nn._activation import Activation, GatedActivation
from ct_s5.nn._dropout import Keys
from ct_s5.nn._mixer import Mixer, streaming
from ct_s5.nn._norm import BatchNorm, Moments, StepNorm, make_norm
from ct_s5.nn._segments import begins


class S5Block(eqx.Module):
    """Norm, mixer, gated activation with its dropout, and the skip around all: the block of S5.

    Any `Mixer` serves.
    """

    mixer: Mixer
    norm: StepNorm | BatchNorm
    activation: GatedActivation
    prenorm: bool = eqx.field(static=True)

    def __init__(
        self,
        mixer: Mixer,
        n_features: int,
        *,
        norm: Literal["layer", "rms", "batch"] = "layer",
        momentum: float = 0.95,
        prenorm: bool = True,
        activation: Activation = "half_glu1",
        dropout: float = 0.0,
        key: PRNGKeyArray,
    ):
        """Put a block together.

        Args:
            mixer: For instance an `S5Layer`.
            n_features: H.
            norm: LayerNorm, RMSNorm, or BatchNorm over readings.
            momentum: Of a BatchNorm's moving average, the share of the old that stays.
            prenorm: Normalise before the mixer, or the sum after it.
            activation: What follows the mixer.
            dropout: Share of features dropped in training, drawn for each series.
            key: Seeds the activation's gate.
        """
        self.mixer = mixer
        self.norm = make_norm(norm, n_features, momentum=momentum)
        self.prenorm = prenorm
        self.activation = GatedActivation(activation, n_features, dropout=dropout, key=key)

    def __call__(
        self,
        inputs: Float[Array, "L H"],
        gaps: Float[Array, " L"],
        *,
        gaps_after: Float[Array, " L"] | None = None,
        reading: Bool[Array, " L"] | None = None,
        real: Bool[Array, " L"] | None = None,
        segments: Int[Array, " L"] | None = None,
    ) -> Float[Array, "L H"]:
        """The block's answer in use; training goes through `forward`."""
        flags: dict[str, Any] = {"reading": reading, "real": real, "segments": segments}
        return self.forward(inputs, gaps, gaps_after=gaps_after, **flags, key=None)[0]

    def forward(
        self,
        inputs: Float[Array, "L H"],
        gaps: Float[Array, " L"],
        *,
        gaps_after: Float[Array, " L"] | None = None,
        reading: Bool[Array, " L"] | None = None,
        real: Bool[Array, " L"] | None = None,
        segments: Int[Array, " L"] | None = None,
        key: Keys | None,
        start: Any = None,
    ) -> tuple[Float[Array, "L H"], Moments | None]:
        """Outputs and what a BatchNorm saw; a key switches dropout and batch statistics on.

        Steps of several series have their `segments`, and the key is then one for each series.
        A series that goes on has the mixer's state that it starts from.
        """
        counted = jnp.ones(inputs.shape[0], bool) if reading is None else reading
        if real is not None:
            counted = counted & real
        training = key is not None
        inputs = _blanked(inputs, real)
        x, moments = inputs, None
        if self.prenorm:
            x, moments = self.norm(x, counted, training=training)
        if start is None:
            steps = {"reading": reading, "real": real, "reset": begins(segments)}
            x = self.mixer(x, gaps, gaps_after=gaps_after, **steps)
        else:
            x, _ = streaming(self.mixer).run(x, gaps, start, reading=reading, real=real)
        x = inputs + self.activation(x, key=key, segments=segments)
        if not self.prenorm:
            x, moments = self.norm(x, counted, training=training)
        return _blanked(x, real), moments

    def run(
        self, inputs: Float[Array, "L H"], gaps: Float[Array, " L"], state, *, reading, real
    ) -> tuple[Float[Array, "L H"], Any]:
        """Some steps more of a series, going on from the mixer's state."""
        mixer = streaming(self.mixer)
        inputs = _blanked(inputs, real)
        x = self.norm(inputs, real, training=False)[0] if self.prenorm else inputs
        x, state = mixer.run(x, gaps, state, reading=reading, real=real)
        x = inputs + self.activation(x, key=None)
        x = x if self.prenorm else self.norm(x, real, training=False)[0]
        return _blanked(x, real), state

    def absorb(self, moments: Moments | None) -> "S5Block":
        """A copy whose norm remembers one more training batch."""
        return eqx.tree_at(lambda block: block.norm, self, self.norm.absorb(moments))


def _blanked(steps, real):
    # Before anything is computed: of garbage in padding a norm's gradient would be NaN.
    return steps if real is None else jnp.where(real[:, None], steps, jnp.zeros_like(steps))

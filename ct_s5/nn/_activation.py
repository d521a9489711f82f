"""The four gated activations of S5."""

from typing import Literal, get_args

import equinox as eqx
import jax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ct_s5.nn._dropout import Keys, branch, check_dropout, drop
from ct_s5.nn._linear import linear_steps

Activation = Literal["full_glu", "half_glu1", "half_glu2", "gelu"]
ACTIVATIONS: tuple[str, ...] = get_args(Activation)


class GatedActivation(eqx.Module):
    """A GELU whose output is let through by a learned gate, with dropout before and behind it.

    With `g = dropout(gelu(x))`: `full_glu` is `dropout(V g * sigmoid(W g))`, `half_glu1` is
    `dropout(g * sigmoid(W g))`, `half_glu2` is `dropout(x * sigmoid(W g))` (the gate stands on the
    un-activated x), and `gelu` is `g` without a gate: dropped once.

    Reference: the activations of the published S5 code, described in arXiv:2208.04933, appendix G.
    """

    gate: eqx.nn.Linear | None
    value: eqx.nn.Linear | None
    dropout: float = eqx.field(static=True)
    kind: Activation = eqx.field(static=True)

    def __init__(self, kind: Activation, n_features: int, *, dropout: float, key: PRNGKeyArray):
        """Args: which of the four; H; the share of features dropped in training; the seed."""
        if kind not in ACTIVATIONS:
            raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}; got {kind!r}.")
        check_dropout(dropout)
        gate_key, value_key = jax.random.split(key)
        self.kind = kind
        self.gate = None if kind == "gelu" else eqx.nn.Linear(n_features, n_features, key=gate_key)
        self.value = (
            eqx.nn.Linear(n_features, n_features, key=value_key) if kind == "full_glu" else None
        )
        self.dropout = dropout

    def __call__(
        self,
        inputs: Float[Array, "L H"],
        *,
        key: Keys | None,
        segments: Int[Array, " L"] | None = None,
    ) -> Float[Array, "L H"]:
        """Apply to every step; without a key nothing is dropped."""
        before, behind = branch(key, 2, segments)
        g = drop(self.dropout, jax.nn.gelu(inputs), before, segments)
        if self.gate is None:
            return g
        passed = inputs if self.kind == "half_glu2" else g
        if self.value is not None:
            passed = linear_steps(self.value, g)
        passed = passed * jax.nn.sigmoid(linear_steps(self.gate, g))
        return drop(self.dropout, passed, behind, segments)

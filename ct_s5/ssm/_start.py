"""Where the maps of a layer start: drawn, then turned into eigenvector coordinates."""

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ct_s5.ssm._pairs import Pair

OutputInit = Literal["trunc_standard_normal", "lecun_normal", "complex_normal"]

# Standard deviation of a standard normal that is cut at two standard deviations.
_CUT_SPREAD = 0.87962566103423978


def input_start(key: PRNGKeyArray, n_features: int, vectors: Pair) -> Float[Array, "2 Q H"]:
    """Real and imaginary part of the input map; the variance before turning is 1 / P.

    `vectors` (P, Q) are the eigenvectors, as columns.
    """
    re, im = vectors
    drawn = _cut_normal(key, (len(re), n_features), 1 / len(re))
    return jnp.stack([re.T @ drawn, -im.T @ drawn])


def output_start(
    key: PRNGKeyArray, n_features: int, vectors: Pair, init: OutputInit
) -> Float[Array, "2 H Q"]:
    """Real and imaginary part of one direction's output map."""
    n_states, half = vectors[0].shape
    if init == "complex_normal":
        drawn = jax.random.normal(key, (2, n_features, half), jnp.result_type(float))
        return drawn * np.sqrt(0.5)
    if init not in ("trunc_standard_normal", "lecun_normal"):
        raise ValueError(
            "output_init must be trunc_standard_normal, lecun_normal or complex_normal; got "
            f"{init!r}."
        )
    fan_in = n_states if init == "trunc_standard_normal" else n_states * n_features
    re, im = _cut_normal(key, (2, n_features, n_states), 1 / fan_in)
    return jnp.stack([re @ vectors[0] - im @ vectors[1], re @ vectors[1] + im @ vectors[0]])


def _cut_normal(key, shape, variance):
    drawn = jax.random.truncated_normal(key, -2.0, 2.0, shape, jnp.result_type(float))
    return drawn * (np.sqrt(variance) / _CUT_SPREAD)

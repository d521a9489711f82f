"""Where the maps of a layer start: drawn, then turned into eigenvector coordinates."""

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, PRNGKeyArray

OutputInit = Literal["trunc_standard_normal", "lecun_normal", "complex_normal"]

# Standard deviation of a standard normal that is cut at two standard deviations.
_CUT_SPREAD = 0.87962566103423978


def input_start(
    key: PRNGKeyArray, n_features: int, vectors: Complex[np.ndarray, "P Q"]
) -> Float[Array, "2 Q H"]:
    """Real and imaginary part of the input map; the variance before turning is 1 / P."""
    drawn = _cut_normal(key, (vectors.shape[0], n_features), 1 / vectors.shape[0])
    turn = _parts(vectors.conj().T)
    return jnp.stack([turn[0] @ drawn, turn[1] @ drawn])


def output_start(
    key: PRNGKeyArray, n_features: int, vectors: Complex[np.ndarray, "P Q"], init: OutputInit
) -> Float[Array, "2 H Q"]:
    """Real and imaginary part of one direction's output map."""
    n_states, half = vectors.shape
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
    turn = _parts(vectors)
    return jnp.stack([re @ turn[0] - im @ turn[1], re @ turn[1] + im @ turn[0]])


def _cut_normal(key, shape, variance):
    drawn = jax.random.truncated_normal(key, -2.0, 2.0, shape, jnp.result_type(float))
    return drawn * (np.sqrt(variance) / _CUT_SPREAD)


def _parts(matrix):
    dtype = jnp.result_type(float)
    return jnp.asarray(np.real(matrix), dtype), jnp.asarray(np.imag(matrix), dtype)

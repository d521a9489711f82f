"""Where layers start: what is worked out by NumPy, what is drawn."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Complex, Float, PRNGKeyArray


def worked_out(
    make: Callable[[], tuple[np.ndarray, ...]], *shapes: tuple[int, ...]
) -> tuple[Array, ...]:
    """Arrays that NumPy makes; none is made where shapes alone are asked for.

    A model file is read by its shapes first (`jax.eval_shape`), and could otherwise ask for an
    eigendecomposition of any size.
    """
    dtype = jnp.result_type(float)
    if not isinstance(jnp.zeros(()), Tracer):
        return tuple(jnp.asarray(array, dtype) for array in make())
    # What is traced may never run. A callback outside a trace would be compiled, and kept, each
    # time.
    return jax.pure_callback(
        lambda: tuple(np.asarray(array, dtype) for array in make()),
        tuple(jax.ShapeDtypeStruct(shape, dtype) for shape in shapes),
    )


def kept_rates(
    rates: Complex[np.ndarray, " Q"],
) -> tuple[Float[np.ndarray, " Q"], Float[np.ndarray, " Q"]]:
    """Eigenvalues as layers keep them: minus the softplus of the first part is the real part."""
    return np.log(np.expm1(-np.real(rates))), np.imag(rates)


def drawn_timescales(
    key: PRNGKeyArray, n: int, timescale: tuple[float, float], rescale: float
) -> Float[Array, " n"]:
    """Logarithms, uniform over the range."""
    check_timescale(timescale)
    low, high = timescale
    if not 0 < rescale < np.inf:
        raise ValueError(f"rescale must be a positive number; got {rescale}.")
    if n < 1:
        raise ValueError(f"n_features must be at least 1; got {n}.")
    bounds = {"minval": np.log(low), "maxval": np.log(high)}
    return jax.random.uniform(key, (n,), jnp.result_type(float), **bounds)


def check_timescale(timescale: tuple[float, float]) -> None:
    """Refuse what is no range of positive numbers."""
    low, high = timescale
    if not 0 < low <= high < np.inf:
        raise ValueError(
            f"timescale is a range (low, high) with 0 < low <= high, both finite; got {timescale}."
        )


def drawn_outputs(key: PRNGKeyArray, shape: tuple[int, int]) -> Float[Array, "2 H Q"]:
    """Real and imaginary part of complex numbers of variance 1."""
    return jax.random.normal(key, (2, *shape), jnp.result_type(float)) * np.sqrt(0.5)


def each_alike(row: Float[Array, "*D Q"], n_features: int) -> Float[Array, "*D H Q"]:
    """The same for every feature; nothing as large is made where shapes alone are asked for."""
    shape = (*row.shape[:-1], n_features, row.shape[-1])
    return jnp.broadcast_to(row[..., None, :], shape)

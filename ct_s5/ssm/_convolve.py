"""The causal convolution along a row of steps, one kernel a feature, by Fourier transforms."""

import math

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float


def causal_convolution(
    inputs: Float[Array, "H L"],
    kernel: Float[Array, "H L"],
    begins: Bool[Array, " L"] | None = None,
) -> Float[Array, "H L"]:
    """`y_k = sum over i <= k of kernel_{k-i} inputs_i`, in O(L log L).

    Args:
        inputs: A row a feature.
        kernel: What an input of 1 adds, 0, 1, 2, ... steps later.
        begins: True where another series begins, which hears nothing of those before it. The sum
            is then taken by halves, in O(L log^2 L): see `_by_halves`.
    """
    n_steps = inputs.shape[1]
    if not n_steps:
        return inputs
    if begins is not None:
        return _by_halves(inputs, kernel, begins)
    return _transformed(inputs, kernel, _fast_length(2 * n_steps - 1))[:, :n_steps]


def _transformed(inputs, kernel, length):
    """The circular convolution of this length along the last axis."""
    spectrum = jnp.fft.rfft(inputs, length) * jnp.fft.rfft(kernel, length)
    return jnp.fft.irfft(spectrum, length)


def _fast_length(at_least: int) -> int:
    """The shortest length 2^a, 3 * 2^a or 9 * 2^a that is long enough."""
    return min(odd * 2 ** max(math.ceil(math.log2(at_least / odd)), 0) for odd in (1, 3, 9))


def _by_halves(inputs, kernel, begins):
    """The same where series end.

    A row is cut in half, and what the first half adds to the second is one convolution: of inputs
    from where the series that crosses the middle began, into steps up to where it ends. What is
    left are sums within the halves, which are cut in turn, all at once, down to single steps.
    """
    n_steps = inputs.shape[1]
    room = (1 << math.ceil(math.log2(n_steps))) - n_steps
    inputs, kernel = (jnp.pad(part, ((0, 0), (0, room))) for part in (inputs, kernel))
    step = jnp.arange(inputs.shape[1])
    start = lax.cummax(jnp.where(jnp.pad(begins, (0, room)), step, jnp.zeros_like(step)))
    total = kernel[:, :1] * inputs
    half = 1
    while half < inputs.shape[1]:

        def halves(part, half=half):
            part = part.reshape(*part.shape[:-1], -1, 2, half)
            return part[..., 0, :], part[..., 1, :]

        first, second = halves(step)
        _, began = halves(start)
        # From where the series of the middle began, into the steps after it that are its own.
        source = halves(inputs)[0]
        source = jnp.where((first >= began[:, :1])[None], source, jnp.zeros_like(source))
        into = _transformed(source, kernel[:, None, : 2 * half], 2 * half)[..., half:]
        into = jnp.where((began < second[:, :1])[None], into, jnp.zeros_like(into))
        both = jnp.stack([jnp.zeros_like(into), into], axis=-2)
        total = total + both.reshape(total.shape)
        half *= 2
    return total[:, :n_steps]

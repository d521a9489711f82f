"""The image encoder of CRU and S5 for 24 x 24 frames, in a form that a CPU is quick at.

Convolutions become matrix products over cells of 2 x 2 pixels, so that the four outputs which a
pool compares are four groups of columns. Frames go through in chunks that stay in the cache;
backwards, patches are made anew and a byte tells which of the four had won.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, UInt8

SIDE, CHANNELS = 24, 12
N_POOLED = 3 * 3 * CHANNELS
_CHUNK = 8  # frames; more leave a core's cache. A GPU takes all at once, being slow at loops.


class Encoder(eqx.Module):
    """Convolution 5 x 5, relu, pool; convolution 3 x 3 of stride 2, relu, pool; dense, relu."""

    weight_1: Float[Array, "5 5 1 12"]
    bias_1: Float[Array, "12"]
    weight_2: Float[Array, "3 3 12 12"]
    bias_2: Float[Array, "12"]
    dense: eqx.nn.Linear

    def __init__(self, n_features: int, *, key: PRNGKeyArray):
        """Convolutions as Flax draws them: variance 1 / inputs, biases 0."""
        keys = jax.random.split(key, 3)
        draw = jax.nn.initializers.lecun_normal()
        self.weight_1 = draw(keys[0], (5, 5, 1, CHANNELS))
        self.weight_2 = draw(keys[1], (3, 3, CHANNELS, CHANNELS))
        self.bias_1 = self.bias_2 = jnp.zeros(CHANNELS)
        self.dense = eqx.nn.Linear(N_POOLED, n_features, key=keys[2])

    def __call__(self, images: UInt8[Array, "N 24 24"]) -> Float[Array, "N F"]:
        """Features of frames, whose bytes count as 0 to 1."""
        n = len(images)
        chunk = _CHUNK if jax.default_backend() == "cpu" else n
        missing = -n % chunk
        images = jnp.pad(images, ((0, missing), (0, 0), (0, 0)))
        chunks = jnp.reshape(images, (-1, chunk, SIDE, SIDE))
        maps = (
            _over_cells(self.weight_1 / 255, 3),
            self.bias_1,
            _one_of_four(self.weight_2),
            self.bias_2,
        )
        pooled = jnp.reshape(_pooled(maps, chunks), (-1, N_POOLED))[:n]
        return jax.nn.relu(jax.vmap(self.dense)(pooled))


def _cells(x: Float[Array, "n R R C"], n_sides: int) -> Float[Array, "n S S D"]:
    """2 x 2 pixels become one cell; then the n_sides^2 cells that begin at each become a row."""
    n, side, _, channels = x.shape
    half = side // 2
    x = jnp.reshape(x, (n, half, 2, half, 2, channels)).transpose(0, 1, 3, 2, 4, 5)
    x = jnp.reshape(x, (n, half, half, 4 * channels))
    out = half - n_sides + 1
    near = [x[:, i : i + out, j : j + out] for i in range(n_sides) for j in range(n_sides)]
    return jnp.concatenate(near, axis=-1)


def _over_cells(weight: Float[Array, "K K I O"], n_sides: int) -> Float[Array, "D four_O"]:
    """A convolution of stride 1 as a matrix from a row of `_cells` to 2 x 2 outputs."""
    kernel, inputs, outputs = weight.shape[1:]
    room = 2 * n_sides - kernel
    shifted = [
        jnp.pad(weight, ((i, room - i), (j, room - j), (0, 0), (0, 0)))
        for i in range(2)
        for j in range(2)
    ]
    whole = jnp.stack(shifted, axis=-2)
    whole = jnp.reshape(whole, (n_sides, 2, n_sides, 2, inputs, 4 * outputs))
    return jnp.reshape(whole.transpose(0, 2, 1, 3, 4, 5), (-1, 4 * outputs))


def _one_of_four(weight: Float[Array, "3 3 I O"]) -> Float[Array, "D O"]:
    """A convolution of stride 2 as a matrix from a row of 2 x 2 cells to one output."""
    _, _, inputs, outputs = weight.shape
    whole = jnp.pad(weight, ((0, 1), (0, 1), (0, 0), (0, 0)))
    whole = jnp.reshape(whole, (2, 2, 2, 2, inputs, outputs)).transpose(0, 2, 1, 3, 4, 5)
    return jnp.reshape(whole, (-1, outputs))


@jax.custom_vjp
def _pooled(maps, chunks: UInt8[Array, "M n 24 24"]) -> Float[Array, "M n 108"]:
    return jax.lax.map(lambda images: _forwards(maps, images)[0], chunks)


def _remembering(maps, chunks):
    pooled, kept = jax.lax.map(lambda images: _forwards(maps, images), chunks)
    return pooled, (maps, chunks, kept)


def _backwards(residuals, cotangents):
    maps, chunks, kept = residuals

    def add(total, chunk):
        return jax.tree.map(jnp.add, total, _gradients(maps, *chunk)), None

    zeros = jax.tree.map(jnp.zeros_like, maps)
    total, _ = jax.lax.scan(add, zeros, (chunks, kept, cotangents))
    return total, None


_pooled.defvjp(_remembering, _backwards)


def _forwards(maps, images):
    """Pooled features of a chunk, and what its gradients need."""
    into_1, bias_1, into_2, bias_2 = maps
    x = _first_patches(images, into_1.dtype) @ into_1
    x, winner_1 = _largest([x[..., k * CHANNELS : (k + 1) * CHANNELS] for k in range(4)])
    first = jax.nn.relu(x + jnp.reshape(bias_1, (1, 1, 1, -1)))
    x = _second_patches(first) @ into_2
    x, winner_2 = _largest([x[:, i::2, j::2] for i in range(2) for j in range(2)])
    second = jax.nn.relu(x + jnp.reshape(bias_2, (1, 1, 1, -1)))
    return jnp.reshape(second, (len(images), -1)), (first, winner_1, second, winner_2)


def _gradients(maps, images, kept, cotangent):
    into_2 = maps[2]
    first, winner_1, second, winner_2 = kept
    grad = jnp.where(second > 0, jnp.reshape(cotangent, second.shape), 0)
    bias_2 = jnp.sum(grad, axis=(0, 1, 2))
    grad = _to_winners(grad, winner_2)
    n, side = len(images), second.shape[1]
    grad = jnp.reshape(grad, (n, side, side, 2, 2, CHANNELS)).transpose(0, 1, 3, 2, 4, 5)
    grad = jnp.reshape(grad, (n, 2 * side, 2 * side, CHANNELS))
    patches, fold = jax.vjp(_second_patches, first)
    weight_2 = _rows(patches).T @ _rows(grad)
    (grad,) = fold(grad @ into_2.T)
    grad = jnp.where(first > 0, grad, 0)
    bias_1 = jnp.sum(grad, axis=(0, 1, 2))
    patches = _first_patches(images, grad.dtype)
    weight_1 = _rows(patches).T @ _rows(_to_winners(grad, winner_1))
    return weight_1, bias_1, weight_2, bias_2


def _first_patches(images, dtype):
    frames = jnp.expand_dims(jnp.pad(images, ((0, 0), (2, 2), (2, 2))), -1)
    return _cells(frames.astype(dtype), 3)


def _second_patches(first):
    return _cells(jnp.pad(first, ((0, 0), (1, 1), (1, 1), (0, 0))), 2)


def _rows(x):
    return jnp.reshape(x, (-1, x.shape[-1]))


def _largest(four):
    """The largest of four arrays and, as a byte, which it is: the first of equal ones."""
    a, b, c, d = four
    ab, cd = jnp.maximum(a, b), jnp.maximum(c, d)
    byte = jnp.uint8
    one, other = (b > a).astype(byte), (d > c).astype(byte) + byte(2)
    return jnp.maximum(ab, cd), jnp.where(cd > ab, other, one)


def _to_winners(grad, winner):
    """Gradients of a maximum as those of its four arguments, side by side."""
    each = jnp.expand_dims(jnp.arange(4, dtype=winner.dtype), (*range(winner.ndim - 1), -1))
    grads = jnp.where(jnp.expand_dims(winner, -2) == each, jnp.expand_dims(grad, -2), 0)
    return jnp.reshape(grads, (*grad.shape[:-1], -1))

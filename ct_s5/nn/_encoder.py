"""From partly observed rows, or tokens, to features."""

from typing import Literal, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ct_s5.nn._decay import Decay
from ct_s5.nn._history import ChannelHistory
from ct_s5.nn._linear import linear_steps
from ct_s5.ssm import error_if

Input = Literal["value", "observed", "last", "age", "count", "square", "decayed"]
INPUTS: tuple[str, ...] = get_args(Input)

_PACE = 0.1  # of "decayed" at the start: a third is left of a value after ten typical gaps


class ReadingEncoder(eqx.Module):
    """A linear map of what is known at a step: the reading, what is missing, and the past of it.

    `inputs` names what the map sees of each channel:

    | name     | what                                                                    |
    |----------|-------------------------------------------------------------------------|
    | value    | asinh of the reading, 0 where unobserved                                 |
    | observed | 1 where observed                                                         |
    | last     | asinh of the last seen value, 0 before the first                         |
    | age      | log(1 + time since it was seen, in model units)                          |
    | count    | log(1 + how often it was seen)                                           |
    | square   | log(1 + last^2): lets a linear map see too high and too low alike        |
    | decayed  | asinh of the last seen value on its way to 0, the mean, as in GRU-D       |

    asinh and the logarithm of the square leave what lies within a standard deviation nearly alone
    and take the logarithm of what lies far out, so that skewed channels and a sensor's glitches do
    not drown the rest.

    A value of age a is decayed by exp(-max(0, w a + b)), w and b learned for each channel; what is
    observed at the step is not. Reference: Che et al. 2018, arXiv:1606.01865, equation 11.
    """

    linear: eqx.nn.Linear
    decay: Decay | None
    inputs: tuple[Input, ...] = eqx.field(static=True)

    def __init__(
        self,
        n_channels: int,
        n_static: int,
        n_features: int,
        *,
        inputs: tuple[Input, ...],
        key: PRNGKeyArray,
    ):
        """Args: C, S and H; which inputs the map sees; the seed of its weights."""
        unknown = [name for name in inputs if name not in INPUTS]
        if unknown or not inputs:
            raise ValueError(f"inputs must be some of {', '.join(INPUTS)}; got {inputs!r}.")
        self.inputs = tuple(inputs)
        self.decay = Decay(np.full(n_channels, _PACE)) if "decayed" in self.inputs else None
        self.linear = eqx.nn.Linear(len(inputs) * n_channels + n_static, n_features, key=key)

    def __call__(
        self,
        values: Float[Array, "L C"],
        observed: Bool[Array, "L C"],
        past: ChannelHistory,
        static: Float[Array, "L S"],
    ) -> Float[Array, "L H"]:
        """Encode every step; unobserved cells may hold anything.

        `past` is the `channel_history` at each step. The static features come with every step, as
        steps of a packed row have unlike ones.
        """
        values = jnp.where(observed, values, jnp.zeros_like(values))
        # Whatever of the past no input asks for costs nothing: the compiler leaves it out.
        seen = {
            "value": lambda: jnp.arcsinh(values),
            "observed": lambda: observed.astype(values.dtype),
            "last": lambda: jnp.arcsinh(past.last),
            "age": lambda: jnp.log1p(past.age),
            "count": lambda: jnp.log1p(past.count),
            "square": lambda: _log_square(past.last),
            "decayed": lambda: jnp.arcsinh(jnp.where(observed, values, self._decayed(past))),
        }
        columns = [*(seen[name]() for name in self.inputs), static]
        return linear_steps(self.linear, jnp.concatenate(columns, axis=-1))

    def _decayed(self, past: ChannelHistory):
        assert self.decay is not None  # `inputs` names "decayed"
        return jax.vmap(self.decay)(past.age) * past.last


def _log_square(x):
    """log(1 + x^2), also where x^2 is more than float32 holds: 2 log(cosh(asinh(x)))."""
    a = jnp.arcsinh(x)
    return 2 * (jnp.logaddexp(a, -a) - np.log(2).astype(x.dtype))


class TokenEncoder(eqx.Module):
    """One learned vector a token; the tokens come as whole numbers in the only channel."""

    embedding: eqx.nn.Embedding

    def __init__(self, n_tokens: int, n_features: int, *, key: PRNGKeyArray):
        """Args: size of the vocabulary, H, and the seed of the vectors."""
        self.embedding = eqx.nn.Embedding(n_tokens, n_features, key=key)

    def __call__(
        self,
        values: Float[Array, "L 1"],
        observed: Bool[Array, "L 1"],
        past: ChannelHistory,
        static: Float[Array, "L S"],
    ) -> Float[Array, "L H"]:
        """Look every token up; a step without one (a query) gets the zero vector."""
        told = jnp.where(observed[:, 0], values[:, 0], jnp.zeros_like(values[:, 0]))
        tokens = told.astype(int)
        n_tokens = self.embedding.num_embeddings
        wrong = (told != jnp.floor(told)) | (tokens < 0) | (tokens >= n_tokens)
        vectors = error_if(
            jax.vmap(self.embedding)(tokens),
            wrong[:, None],
            f"A token is no whole number from 0 to {n_tokens - 1}, the vocabulary.",
        )
        return jnp.where(observed, vectors, jnp.zeros_like(vectors))

"""The whole model: encoder, blocks, pooling, head."""

import dataclasses
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ct_s5.batch import IrregularBatch
from ct_s5.nn._activation import Activation
from ct_s5.nn._anchor import Anchor
from ct_s5.nn._block import S5Block
from ct_s5.nn._dropout import Keys, branch, check_dropout, drop
from ct_s5.nn._encoder import Input, ReadingEncoder, TokenEncoder
from ct_s5.nn._heads import Gaussian, Head
from ct_s5.nn._history import ChannelHistory, channel_history
from ct_s5.nn._mixer import StreamingMixer, streaming
from ct_s5.nn._mixers import MIXERS
from ct_s5.nn._norm import Moments
from ct_s5.nn._pooling import POOLINGS, Pooling, PoolState, pool, pool_so_far, pooled_size
from ct_s5.nn._segments import begins
from ct_s5.ssm import Hold, checked_gaps, error_if


@dataclasses.dataclass(frozen=True)
class ModelSettings:
    """Everything that fixes the shape of an `S5Model`; a model file stores it as JSON."""

    n_channels: int
    n_outputs: int
    n_static: int = 0
    width: int = 64
    """H."""
    states: int = 64
    """P of each layer."""
    depth: int = 2
    """Blocks; 0 leaves encoder, pooling and head."""
    mixer: str = "s5"
    """A name of `MIXERS`."""
    hold: Hold = "zoh"
    bidirectional: bool = False
    n_blocks: int = 1
    timescale: tuple[float, float] = (1e-3, 1e-1)
    rescale: float = 1.0
    output_init: Literal["trunc_standard_normal", "lecun_normal", "complex_normal"] = (
        "trunc_standard_normal"
    )
    norm: Literal["layer", "rms", "batch"] = "layer"
    prenorm: bool = True
    activation: Activation = "half_glu1"
    dropout: float = 0.0
    """Share of features dropped in training: of the encoder, of each block, and before the head."""
    inputs: tuple[Input, ...] = ("value", "observed", "last", "count", "square")
    n_tokens: int = 0
    """Vocabulary of a token encoder; 0 for readings."""
    per: Literal["series", "reading"] = "series"
    pooling: Pooling = "summary"
    head: Literal["class", "value", "gaussian"] = "value"
    anchors: tuple[int, ...] = ()
    """The channel, by its place, that each of the K answers departs from; none: answers by
    themselves. See `Anchor`."""

    def __post_init__(self):
        for name, value in vars(self).items():
            object.__setattr__(self, name, _plain(value))


def _plain(value):
    """Numbers and words of NumPy, which would pass for arrays, and are no JSON, as Python's own."""
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return value.item() if isinstance(value, np.generic) else value


class ModelState(eqx.Module):
    """What a causal model carries from one reading of a series to the next."""

    history: ChannelHistory
    layers: tuple[Any, ...]
    pooled: PoolState


class S5Model(eqx.Module):
    """From an `IrregularBatch` to one answer a series, or one a step."""

    encoder: ReadingEncoder | TokenEncoder
    blocks: tuple[S5Block, ...]
    head: Head
    anchor: Anchor | None
    settings: ModelSettings = eqx.field(static=True)

    def __init__(self, settings: ModelSettings, *, key: PRNGKeyArray):
        """Build the model that the settings describe, its weights seeded by `key`."""
        if settings.pooling not in POOLINGS:
            raise ValueError(
                f"pooling must be one of {', '.join(POOLINGS)}; got {settings.pooling!r}."
            )
        if settings.per not in ("series", "reading"):
            raise ValueError(f"per must be one of series, reading; got {settings.per!r}.")
        if settings.anchors and (
            settings.per == "series" or len(settings.anchors) != settings.n_outputs
        ):
            raise ValueError(
                f"anchors={settings.anchors} name one channel for each of the "
                f'{settings.n_outputs} answers of a model that answers per="reading".'
            )
        if not all(0 <= channel < settings.n_channels for channel in settings.anchors):
            raise ValueError(
                f"anchors={settings.anchors} are channels, from 0 to {settings.n_channels - 1}."
            )
        check_dropout(settings.dropout)
        if settings.mixer not in MIXERS:
            raise ValueError(f"mixer must be one of {', '.join(MIXERS)}; got {settings.mixer!r}.")
        encoder_key, head_key, *block_keys = jax.random.split(key, 2 + 2 * settings.depth)
        if settings.n_tokens:
            self.encoder = TokenEncoder(settings.n_tokens, settings.width, key=encoder_key)
        else:
            self.encoder = ReadingEncoder(
                settings.n_channels,
                settings.n_static,
                settings.width,
                inputs=settings.inputs,
                key=encoder_key,
            )
        self.blocks = tuple(
            S5Block(
                MIXERS[settings.mixer](settings, mixer_key),
                settings.width,
                norm=settings.norm,
                prenorm=settings.prenorm,
                activation=settings.activation,
                dropout=settings.dropout,
                key=block_key,
            )
            for mixer_key, block_key in zip(block_keys[::2], block_keys[1::2], strict=True)
        )
        n_features = settings.width
        if settings.per == "series":
            n_features = pooled_size(settings.pooling, settings.width)
        n_features += settings.n_static
        self.head = Head(n_features, settings.n_outputs, kind=settings.head, key=head_key)
        self.anchor = Anchor(settings.anchors) if settings.anchors else None
        self.settings = settings

    def __call__(
        self, batch: IrregularBatch, *, at: Int[Array, "N Q"] | None = None
    ) -> Float[Array, "N *L K"] | Gaussian:
        """Answers (N, K), or (N, L, K) for `per="reading"`; padded steps answer anything.

        A packed batch has answers (N, G, K), or (N, L, K).

        Args:
            batch: The series.
            at: Q steps of each series to answer at, readings or queries; the answers are then
                (N, Q, K). With `per="series"` that is the answer as it stood there, from the
                readings up to that step alone. `ct_s5.batch.ask` puts queries into series.

        Raises:
            TypeError: `at` is not of whole numbers.
            ValueError: `at` of a packed batch, or of a bidirectional model that answers once a
                series: such an answer looks at all readings.
            EquinoxRuntimeError: A step that the batch does not have.
        """
        if at is None:
            return jax.vmap(lambda series: self._one(series, None)[0], axis_name="batch")(batch)
        if batch.segments is not None:
            raise ValueError("at= is for padded batches: a packed row holds several series.")
        if self.settings.per == "series" and self.settings.bidirectional:
            raise ValueError(
                "A bidirectional model that answers once a series looks at all of its readings, so "
                'it has no answer at a time. Build it with bidirectional=False or per="reading".'
            )

        at = jnp.asarray(at)
        if not jnp.issubdtype(at.dtype, jnp.integer):
            raise TypeError(
                f"at= counts steps of the batch, in whole numbers; got {at.dtype}. To ask at "
                "times, put them into the series with ct_s5.batch.ask, or use an estimator's at=."
            )
        n_steps = batch.gaps.shape[-1]
        # What is indexed beyond the end would be the last step, without a word.
        beyond = ((at < 0) | (at >= n_steps)).any()
        gaps = error_if(
            self._own_precision(batch.gaps), beyond, f"at= names a step beyond the {n_steps} there."
        )
        batch = eqx.tree_at(lambda batch: batch.gaps, batch, gaps)

        def answer(series, at):
            return self._one(series, None, at)[0]

        return jax.vmap(answer, axis_name="batch")(batch, at)

    def forward(
        self, batch: IrregularBatch, key: PRNGKeyArray, start: ModelState | None = None
    ) -> tuple[Float[Array, "N *L K"] | Gaussian, tuple[Moments | None, ...]]:
        """Answers in training, with dropout and batch statistics, and what the norms saw.

        Args:
            batch: The series.
            key: Seeds the dropout.
            start: The states that series which go on start from, arrays with N in front; of a model
                that `streams` and answers per reading, on padded batches.

        Raises:
            ValueError: A start for a packed batch, or for a model that answers once a series.
        """
        if start is not None and (batch.segments is not None or self.settings.per == "series"):
            raise ValueError(
                "start= is for padded batches and for models that answer per reading: packed rows "
                "hold several series, and pooling needs all of one."
            )
        keys = jax.random.split(key, batch.static.shape[:-1])

        def one(series, key, start):
            return self._one(series, key, start=start)

        # The moments are sums over the whole batch, the same for every series.
        return jax.vmap(one, axis_name="batch", out_axes=(0, None))(batch, keys, start)

    def absorb(self, moments: tuple[Moments | None, ...]) -> "S5Model":
        """A copy whose norms remember one more training batch."""
        blocks = tuple(b.absorb(m) for b, m in zip(self.blocks, moments, strict=True))
        return eqx.tree_at(lambda model: model.blocks, self, blocks)

    @property
    def streams(self) -> bool:
        """Whether it can take readings as they arrive: `initial_state`, `run` and `step`."""
        causal = not (self.settings.bidirectional or self.settings.n_tokens)
        return causal and all(isinstance(block.mixer, StreamingMixer) for block in self.blocks)

    def initial_state(self) -> ModelState:
        """Before the first reading of a series.

        Raises:
            ValueError: The model is bidirectional, or reads tokens: it cannot take readings as they
                arrive.
            TypeError: Neither can a mixer without `run`.
        """
        settings, dtype = self.settings, self.head.linear.weight.dtype
        if settings.bidirectional or settings.n_tokens:
            raise ValueError(
                "This model cannot take readings as they arrive: it reads each series from both "
                "ends, or reads tokens. Build one with bidirectional=False."
            )
        return ModelState(
            ChannelHistory.empty(settings.n_channels, dtype),
            tuple(streaming(block.mixer).initial_state() for block in self.blocks),
            PoolState.empty(settings.width, dtype),
        )

    def run(
        self, series: IrregularBatch, state: ModelState
    ) -> tuple[Float[Array, "L K"] | Gaussian, ModelState]:
        """Some steps more of one series, going on from `state`.

        After each step the answer is that of `__call__` on the series up to there, whatever chunks
        it came in. Rows that share a time must come as one, or in one chunk.

        Args:
            series: One series (no leading N) of L steps, its gaps measured from the last reading
                before, also where that came in an earlier chunk.
            state: Of `initial_state`, or of the call before.

        Returns:
            Answers (L, K), and the state to go on with.
        """
        series = jax.tree.map(self._own_precision, series)
        reading, real = series.reading & series.real, series.real
        gaps = checked_gaps(series.gaps, real, "gaps", series.gaps.dtype)
        observed = series.observed & real[:, None]
        static = jnp.broadcast_to(series.static[None, :], (*real.shape, *series.static.shape))
        values = jnp.where(observed, series.values, jnp.zeros_like(series.values))
        past, history = channel_history(values, observed, gaps, reading, state.history)
        encoded = self.encoder(values, observed, past, static)
        x, layers = encoded, []
        for block, carried in zip(self.blocks, state.layers, strict=True):
            x, carried = block.run(x, gaps, carried, reading=reading, real=real)
            layers.append(carried)
        pooled, sums = pool_so_far(self.settings.pooling, x, encoded, gaps, reading, state.pooled)
        x = pooled if self.settings.per == "series" else x
        answers = jax.vmap(self.head)(jnp.concatenate([x, static], axis=-1))
        answers = self._anchored(answers, past, None)
        return answers, ModelState(history, tuple(layers), sums)

    def step(
        self, series: IrregularBatch, state: ModelState
    ) -> tuple[Float[Array, " K"] | Gaussian, ModelState]:
        """`run` for one step: arrays have neither N nor L, as `values` (C,) and `gaps` ()."""
        one = jax.tree.map(lambda array: jnp.asarray(array)[None], series)
        one = eqx.tree_at(lambda rows: rows.static, one, series.static)
        answers, state = self.run(one, state)
        return jax.tree.map(lambda answer: answer[0], answers), state

    def _own_precision(self, array):
        floating = jnp.issubdtype(array.dtype, jnp.floating)
        return jnp.asarray(array, self.head.linear.weight.dtype if floating else None)

    def _one(
        self,
        series: IrregularBatch,
        key: Keys | None,
        at: Int[Array, " Q"] | None = None,
        start: ModelState | None = None,
    ):
        if not series.real.shape[-1]:
            raise ValueError(
                "The batch has no steps. A series without rows has one of padding, real=False."
            )
        series = jax.tree.map(self._own_precision, series)
        reading = series.reading & series.real
        gaps = checked_gaps(series.gaps, series.real, "gaps", series.gaps.dtype)
        observed = series.observed & series.real[:, None]
        packed, per_series = series.segments, self.settings.per == "series"
        # A row of one series is answered as a packed row that holds one.
        segments = jnp.zeros(reading.shape, int) if packed is None else packed
        static = series.static[None, :] if packed is None else series.static
        encode_key, head_key, *block_keys = branch(key, 2 + len(self.blocks), packed)
        dropout = self.settings.dropout
        reset = begins(packed)
        values = jnp.where(observed, series.values, jnp.zeros_like(series.values))
        known = None if start is None else start.history
        past = channel_history(values, observed, gaps, reading, known, reset)[0]
        encoded = self.encoder(values, observed, past, static[segments])
        x = encoded = drop(dropout, encoded, encode_key, packed)
        moments = []
        layers = (None,) * len(self.blocks) if start is None else start.layers
        for block, block_key, state in zip(self.blocks, block_keys, layers, strict=True):
            x, seen = block.forward(
                x,
                series.gaps,
                gaps_after=series.gaps_after,
                reading=series.reading,
                real=series.real,
                segments=packed,
                key=block_key,
                start=state,
            )
            moments.append(seen)
        owner = segments
        if per_series and at is None:
            n_series = static.shape[0]
            x = pool(self.settings.pooling, x, encoded, gaps, reading, segments, n_series)
            owner = jnp.arange(n_series)
        elif per_series:
            empty = PoolState.empty(self.settings.width, x.dtype)
            x = pool_so_far(self.settings.pooling, x, encoded, gaps, reading, empty)[0]
        if at is not None:
            x, owner = x[at], owner[at]
        x = jnp.concatenate([x, static[owner]], axis=-1)
        x = drop(dropout, x, head_key, None if packed is None else owner)
        answers = jax.vmap(self.head)(x)
        if self.anchor is not None:
            ahead = None
            if self.settings.bidirectional:
                ahead = _history_ahead(series, values, observed, reading)
            if at is not None:
                past, ahead = jax.tree.map(lambda part: part[at], (past, ahead))
            answers = self._anchored(answers, past, ahead)
        if packed is None and per_series and at is None:
            answers = jax.tree.map(lambda answer: answer[0], answers)
        return answers, tuple(moments)

    def _anchored(self, answers, past: ChannelHistory, ahead: ChannelHistory | None):
        """Answers as departures from what the channels' own nearest values say."""
        if self.anchor is None:
            return answers
        guess = self.anchor(past, ahead)
        if isinstance(answers, Gaussian):
            return Gaussian(guess + answers.mean, answers.variance)
        return guess + answers


def _history_ahead(series: IrregularBatch, values, observed, reading) -> ChannelHistory:
    """The channel history from the end of each series backwards, at every step."""
    gaps = jnp.where(series.real, series.gaps_after, jnp.zeros_like(series.gaps_after))
    reset = None if series.segments is None else begins(series.segments[::-1])
    mirrored = (values[::-1], observed[::-1], gaps[::-1], reading[::-1])
    return jax.tree.map(lambda part: part[::-1], channel_history(*mirrored, None, reset)[0])

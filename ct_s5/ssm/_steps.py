"""What the kinds of step mean for gaps and for readings that are held."""

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float

from ct_s5.ssm._pairs import Pair
from ct_s5.ssm._wrong import error_if

# A rate times a gap beyond this would leave float32; nothing outlasts such a gap anyway.
LONGEST_GAP = 1e30


def checked_gaps(
    gaps: Float[Array, " L"], real: Bool[Array, " L"] | None, name: str, dtype
) -> Float[Array, " L"]:
    """Gaps with padding set to 0, refused at run time where a real one cannot be right."""
    gaps = jnp.asarray(gaps, dtype)
    if real is not None:
        gaps = jnp.where(jnp.asarray(real), gaps, jnp.zeros_like(gaps))
    return error_if(
        gaps,
        ~((gaps >= 0) & (gaps <= LONGEST_GAP)),
        f"{name} holds a gap that is negative, NaN or above {LONGEST_GAP:g}. Gaps are times since "
        "the last reading, in model units: sort the series by time, or make them with "
        "ct_s5.gaps_from_times.",
    )


def last_reading(
    v: Pair,
    reading: Bool[Array, " L"] | None,
    reset: Bool[Array, " L"] | None,
    held: Pair,
) -> tuple[Pair, Pair]:
    """`v` of the last reading strictly before each step, and of the last one of all.

    Before the first reading of a chunk that is what was held before it, after a reset nothing.
    """
    step = jnp.arange(v[0].shape[0])
    upto = step if reading is None else lax.cummax(jnp.where(reading, step, -1))
    begin = jnp.full_like(step, -1) if reset is None else lax.cummax(jnp.where(reset, step, -1))

    def row_of(last, begin):
        # Row 0 of the table is what was held before the chunk, row 1 the empty hold after a reset.
        return jnp.where((last >= 0) & (last >= begin), last + 2, jnp.where(begin < 0, 0, 1))

    strictly_before = jnp.concatenate([jnp.full_like(upto[:1], -1), upto[:-1]])
    rows, at_end = row_of(strictly_before, begin), row_of(upto[-1], begin[-1])

    def table(part, held):
        return jnp.concatenate([held[None], jnp.zeros_like(held)[None], part])

    tables = (table(v[0], held[0]), table(v[1], held[1]))
    return (tables[0][rows], tables[1][rows]), (tables[0][at_end], tables[1][at_end])


def shifted_gaps(
    gaps: Float[Array, " L"],
    real: Bool[Array, " L"] | None,
    reset: Bool[Array, " L"] | None,
    first_gap: float,
) -> Float[Array, " L"]:
    """`gaps_after` where every real step is a reading: the gap of the series' next real step."""
    step = jnp.arange(gaps.shape[0])
    none = gaps.shape[0]
    later = jnp.full_like(step, none)
    following = lax.cummin(step if real is None else jnp.where(real, step, later), reverse=True)
    following = jnp.concatenate([following[1:], later[:1]])
    begin = later if reset is None else lax.cummin(jnp.where(reset, step, later), reverse=True)
    begin = jnp.concatenate([begin[1:], later[:1]])
    inside = (following < none) & (begin > following)
    return jnp.where(inside, gaps[jnp.minimum(following, none - 1)], jnp.full_like(gaps, first_gap))

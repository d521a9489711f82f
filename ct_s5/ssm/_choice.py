"""Which way through the scan: the user's choice, or the one that suits the platform."""

from typing import Literal, NamedTuple, get_args

import jax

Scan = Literal["auto", "blocked", "sequential", "associative"]
Inner = Literal["sequential", "associative"]


class Way(NamedTuple):
    """How a row of steps is gone through."""

    inner: Inner
    """A loop over the steps, or a tree of about log2 L rounds."""
    block: int | None
    """Steps at a time, counted over all series of a batch; everything between the ends of blocks is
    computed again for the gradient. None takes whole rows at once and keeps their states."""


SCANS: dict[str, Way] = {
    # Measured on two cores with 1 and 16 series: fewer steps leave matrix products too small for
    # two threads, more leave the cache.
    "blocked": Way("sequential", 2048),
    "sequential": Way("sequential", None),
    "associative": Way("associative", None),
}
"""By name. "blocked" needs memory for one block whatever the length, and is the fastest on a CPU;
"associative" suits a GPU or TPU, whose loops over steps are slow; "sequential" is the plain loop.
"""

# The first is what "auto" takes. A kernel of its own for a platform goes in front.
_AVAILABLE: dict[str, tuple[str, ...]] = {
    "cpu": ("blocked", "sequential", "associative"),
    "gpu": ("associative", "blocked", "sequential"),
    "tpu": ("associative", "blocked", "sequential"),
}


def choose(scan: Scan) -> Way:
    """The way of that name, or the best of this platform.

    The platform is JAX's default one as the function is traced. To compile for another
    (`jax.export`), name the scan that suits it.

    Raises:
        ValueError: No such way, or none on this platform.
    """
    platform = jax.default_backend()
    available = _AVAILABLE.get(platform, _AVAILABLE["gpu"])
    if scan == "auto":
        return SCANS[available[0]]
    if scan not in get_args(Scan):
        raise ValueError(
            f"scan must be auto or one of {', '.join(SCANS)}; got {scan!r}. On this platform "
            f"({platform}): {', '.join(available)}."
        )
    if scan not in available:
        raise ValueError(
            f"scan={scan!r} does not run on this platform ({platform}). Available here: "
            f"{', '.join(available)}; 'auto' takes {available[0]}."
        )
    return SCANS[scan]

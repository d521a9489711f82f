"""What the compiled functions take and give: arrays by name, which need no class of ours."""

import importlib.util
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

KIND = "exported"
AXES = {"values": "NLC", "observed": "NLC", "gaps": "NL", "gaps_after": "NL"}
AXES |= {"reading": "NL", "real": "NL", "static": "NS"}
"""The axes of a batch's arrays."""
_FLAGS = ("observed", "reading", "real")

Answers = Array | dict[str, Array]
State = dict[str, Array]


def arguments(sizes: Mapping[str, Any], dtype) -> dict[str, jax.ShapeDtypeStruct]:
    """The arrays of a batch, their axes as far as there is a size for them: a row has no L."""
    return {
        name: jax.ShapeDtypeStruct(
            tuple(sizes[axis] for axis in axes if axis in sizes),
            bool if name in _FLAGS else jnp.dtype(dtype),
        )
        for name, axes in AXES.items()
    }


def named(answers) -> Answers:
    """A named tuple of arrays as a dict."""
    return answers._asdict() if hasattr(answers, "_asdict") else answers


def check_installed() -> None:
    """Refuse early: JAX itself says nothing of what it writes with.

    Raises:
        ImportError: flatbuffers is not installed.
    """
    if importlib.util.find_spec("flatbuffers") is None:
        raise ImportError(
            "Exported files need flatbuffers, which is not installed: pip install 'ct-s5[export]'."
        )

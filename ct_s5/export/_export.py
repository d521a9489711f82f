"""export: a model's functions, compiled, in one file."""

import dataclasses
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.export as jax_export
import numpy as np

from ct_s5.batch import IrregularBatch
from ct_s5.export._forms import KIND, arguments, check_installed, named
from ct_s5.frames import FrameSchema
from ct_s5.nn import S5Model, StreamingMixer, parts_of, whole_of
from ct_s5.ssm import S4DLayer, S4Layer, S5Layer, nan_for_errors
from ct_s5.training import named_arrays, with_named_arrays, write_archive

PLATFORMS = ("cpu", "cuda")
_KNOWN = ("cpu", "cuda", "rocm", "tpu")


def export(
    model: S5Model,
    path: str | os.PathLike,
    *,
    platforms: Sequence[str] = PLATFORMS,
    schema: FrameSchema | None = None,
    told: Mapping[str, Any] | None = None,
) -> pathlib.Path:
    """Write the compiled forms of a model to one `.safetensors` file.

    The functions cannot raise: where a layer would refuse a gap (negative, NaN, too long for
    float32), all answers that it reaches are NaN. `ExportedModel` looks for such gaps before it
    calls them. They go through the steps one by one, whatever the `scan` of the layers: the one way
    whose program does not depend on the length.

    Args:
        model: A trained model. The functions compute in its precision.
        path: Where to.
        platforms: What to compile for: "cpu", "cuda", "rocm", "tpu". None needs to be there.
        schema: Names, units and scales of the model's frames, for whoever makes its batches.
        told: More to keep in the file, of JSON types or arrays: the names of classes.

    Raises:
        ImportError: flatbuffers is not installed, which `jax.export` writes with.
        ValueError: A platform of no known name; an S4 or S4D layer, which convolves rows of one
            length.
    """
    check_installed()
    if not platforms or not set(platforms) <= set(_KNOWN):
        raise ValueError(f"platforms are some of {', '.join(_KNOWN)}; got {list(platforms)}.")
    fixed = [b.mixer for b in model.blocks if isinstance(b.mixer, S4Layer | S4DLayer)]
    if fixed:
        raise ValueError(
            f"{type(fixed[0]).__name__} convolves rows of one length, and an exported model leaves "
            "the length open. Use ct_s5.load, or fit a model of another mixer."
        )
    settings, dtype = model.settings, model.head.linear.weight.dtype
    sizes = {"C": settings.n_channels, "S": settings.n_static}
    plain = _one_by_one(model)

    def series_form(rows):
        return named(plain(IrregularBatch(**rows)))

    n, length = jax_export.symbolic_shape("n, l")
    rows = arguments(sizes | {"N": n, "L": length}, dtype)
    arrays = {"series": _compiled(series_form, (rows,), platforms)}
    streams = all(isinstance(block.mixer, StreamingMixer) for block in model.blocks)
    if streams and not (settings.bidirectional or settings.n_tokens):
        empty = model.initial_state()
        names = named_arrays(parts_of(empty))

        def step_form(rows, state):
            before = whole_of(with_named_arrays(parts_of(empty), state), empty)
            answers, after = plain.step(IrregularBatch(**rows), before)
            parts = jax.tree.leaves(parts_of(after))
            return named(answers), dict(zip(names, parts, strict=True))

        (n,) = jax_export.symbolic_shape("n")
        rows = arguments(sizes | {"N": n}, dtype)
        state = {k: jax.ShapeDtypeStruct((n, *v.shape), v.dtype) for k, v in names.items()}
        arrays["step"] = _compiled(jax.vmap(step_form), (rows, state), platforms)
        arrays |= {f"state.{name}": array for name, array in names.items()}
    extra = {name: value for name, value in (told or {}).items() if isinstance(value, np.ndarray)}
    arrays |= {f"told.{name}": array for name, array in extra.items()}
    content = {
        "platforms": list(platforms),
        "jax": jax.__version__,
        "dtype": str(dtype),
        "model": dataclasses.asdict(settings),
        "schema": None if schema is None else schema.to_json(),
        "told": {name: value for name, value in (told or {}).items() if name not in extra},
    }
    return write_archive(path, KIND, content, arrays)


def _one_by_one(model: S5Model) -> S5Model:
    def plain(part):
        return part.with_scan("sequential") if isinstance(part, S5Layer) else part

    return jax.tree.map(plain, model, is_leaf=lambda part: isinstance(part, S5Layer))


def _compiled(function: Callable, arguments, platforms: Sequence[str]) -> np.ndarray:
    with nan_for_errors():
        program = jax_export.export(jax.jit(function), platforms=list(platforms))(*arguments)
    return np.frombuffer(program.serialize(), np.uint8)

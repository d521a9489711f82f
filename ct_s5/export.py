"""Compiled forms of a trained model, for programs that have JAX and nothing of its training.

`jax.export` turns a function into StableHLO, a program for XLA that needs no Python. One file holds
two of them, each for several platforms, with the weights inside:

| form   | takes                                 | gives                                  |
|--------|---------------------------------------|----------------------------------------|
| series | whole series, an `IrregularBatch`     | what `model(batch)` answers            |
| step   | one row of each of N series, a state  | what `model.step` answers, and a state |

How many series and how many steps is left open. A model that cannot take readings as they arrive,
as it reads from both ends, or reads tokens, has the first form only.
"""

import dataclasses
import importlib.util
import os
import pathlib
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.export as jax_export
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array

from ct_s5.batch import IrregularBatch
from ct_s5.frames import FrameSchema
from ct_s5.nn import S5Model
from ct_s5.ssm import LONGEST_GAP, S5Layer, nan_for_errors
from ct_s5.training import (
    ArchiveError,
    named_arrays,
    read_archive,
    with_named_arrays,
    write_archive,
)

PLATFORMS = ("cpu", "cuda")
_KNOWN = ("cpu", "cuda", "rocm", "tpu")
_KIND = "exported"
# All that the program of a model calls beside arithmetic: it checks and computes open sizes.
_HARMLESS = re.compile(r"shape_assertion|stablehlo\.dynamic_\w+")

# The axes of a batch's arrays. A row of `step` has no L.
_AXES = {"values": "NLC", "observed": "NLC", "gaps": "NL", "gaps_after": "NL"}
_AXES |= {"reading": "NL", "real": "NL", "static": "NS"}
_FLAGS = ("observed", "reading", "real")

Answers = Array | dict[str, Array]
State = dict[str, Array]


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
        told: More to keep in the file, of JSON types: the names of classes.

    Raises:
        ImportError: flatbuffers is not installed, which `jax.export` writes with.
        ValueError: A platform of no known name.
    """
    _check_installed()
    if not platforms or not set(platforms) <= set(_KNOWN):
        raise ValueError(f"platforms are some of {', '.join(_KNOWN)}; got {list(platforms)}.")
    settings, dtype = model.settings, model.head.linear.weight.dtype
    sizes = {"C": settings.n_channels, "S": settings.n_static}
    plain = _one_by_one(model)

    def series_form(rows):
        return _named(plain(IrregularBatch(**rows)))

    n, length = jax_export.symbolic_shape("n, l")
    rows = _arguments(sizes | {"N": n, "L": length}, dtype)
    arrays = {"series": _compiled(series_form, (rows,), platforms)}
    if not (settings.bidirectional or settings.n_tokens):
        empty = model.initial_state()
        names = named_arrays(_parts(empty))

        def step_form(rows, state):
            before = _whole(with_named_arrays(_parts(empty), state), empty)
            answers, after = plain.step(IrregularBatch(**rows), before)
            parts = jax.tree.leaves(_parts(after))
            return _named(answers), dict(zip(names, parts, strict=True))

        (n,) = jax_export.symbolic_shape("n")
        rows = _arguments(sizes | {"N": n}, dtype)
        state = {k: jax.ShapeDtypeStruct((n, *v.shape), v.dtype) for k, v in names.items()}
        arrays["step"] = _compiled(jax.vmap(step_form), (rows, state), platforms)
        arrays |= {f"state.{name}": array for name, array in names.items()}
    content = {
        "platforms": list(platforms),
        "jax": jax.__version__,
        "dtype": str(dtype),
        "model": dataclasses.asdict(settings),
        "schema": None if schema is None else schema.to_json(),
        "told": dict(told or {}),
    }
    return write_archive(path, _KIND, content, arrays)


def load_exported(path: str | os.PathLike) -> "ExportedModel":
    """Read what `export` wrote, ready to be called on any platform it was compiled for.

    The file is a program, if one that may do nothing but arithmetic: its sizes are bounded, its
    checksum compared, and one that calls anything outside is refused. A checksum tells damage, not
    who made a file.

    Raises:
        FileNotFoundError: No such file.
        ImportError: flatbuffers is not installed, which `jax.export` reads with.
        ArchiveError: Truncated, altered, of another kind, of a newer ct_s5 or a JAX too far apart,
            or in double precision where JAX is held to single.
    """
    _check_installed()
    content, arrays = read_archive(path, _KIND)
    if content["dtype"] == "float64" and jnp.result_type(float) != np.float64:
        raise ArchiveError(
            f"{path} computes in {content['dtype']}; switch that on first: "
            'jax.config.update("jax_enable_x64", True).'
        )
    return ExportedModel(
        content=content,
        state={k.removeprefix("state."): v for k, v in arrays.items() if k.startswith("state.")},
        forms={k: _callable(arrays[k], path, content) for k in ("series", "step") if k in arrays},
    )


@dataclasses.dataclass(frozen=True)
class ExportedModel:
    """The compiled forms of a model. Make one with `load_exported`.

    Answers are those of the model: scores of classes, or standardised targets; the mean and the
    variance of a Gaussian head come as a dict. A new number of series or steps compiles once more.
    """

    content: dict[str, Any]
    """The `platforms`, version of `jax`, `dtype`, settings of the `model`, and what was `told`."""
    state: dict[str, np.ndarray]
    """The empty state of one series, by name; nothing where the model has no step form."""
    forms: dict[str, Callable]

    @property
    def schema(self) -> FrameSchema | None:
        """Of the frames it was trained on: `ct_s5.encode(frame, exported.schema)`."""
        schema = self.content["schema"]
        return None if schema is None else FrameSchema.from_json(schema)

    def __call__(self, batch: IrregularBatch) -> Answers:
        """Answers (N, K), or (N, L, K), for N padded series of L steps.

        Raises:
            ValueError: Arrays that do not fit the model; a gap that no layer takes; a packed batch.
        """
        return self.forms["series"](self._rows(batch, "NL"))

    def initial_state(self, n_series: int) -> State:
        """The state of N series before their first readings: arrays (N, ...), by name."""
        self._check_step()
        return {k: jnp.broadcast_to(v, (n_series, *v.shape)) for k, v in self.state.items()}

    def step(self, rows: IrregularBatch, state: State) -> tuple[Answers, State]:
        """Take one row of each of N series: answers (N, K), and the state to go on with.

        Args:
            rows: Arrays without an axis of steps: `values` (N, C), `gaps` (N,). Where `real` is
                False a series keeps its state, whatever the row says.
            state: Of `initial_state`, or of the call before. Arrays like any: series come, go and
                are stored as their rows do.

        Raises:
            ValueError: As `__call__`; or the model has no step form.
        """
        self._check_step()
        return self.forms["step"](self._rows(rows, "N"), state)

    def _check_step(self) -> None:
        if "step" not in self.forms:
            raise ValueError(
                "This model cannot take readings as they arrive: it reads each series from both "
                "ends, or reads tokens. Export one with bidirectional=False."
            )

    def _rows(self, batch: IrregularBatch, open_axes: str) -> dict[str, Array]:
        if batch.segments is not None:
            raise ValueError("A packed batch has rows of several series: give one series a row.")
        rows = {name: getattr(batch, name) for name in _AXES}
        told = self.content["model"]
        shape = np.shape(batch.values)
        if len(shape) != len(open_axes) + 1 or 0 in shape:
            raise ValueError(
                f"values has shape {shape}; this form takes ({', '.join(open_axes)}, C), at least "
                "one of each."
            )
        sizes = dict(zip(open_axes, shape, strict=False))
        sizes |= {"C": told["n_channels"], "S": told["n_static"]}
        for name, wanted in _arguments(sizes, self.content["dtype"]).items():
            if np.shape(rows[name]) != wanted.shape:
                raise ValueError(
                    f"{name} has shape {np.shape(rows[name])}, the model takes {wanted.shape}."
                )
            # What is on the host stays there: the checks below look at it, and the call moves it.
            cast = jnp.asarray if isinstance(rows[name], jax.Array) else np.asarray
            rows[name] = cast(rows[name], wanted.dtype)
        for name in ("gaps", "gaps_after") if told["bidirectional"] else ("gaps",):
            gaps = np.where(rows["real"], rows[name], 0)
            wrong = np.argwhere(~((gaps >= 0) & (gaps <= LONGEST_GAP)))
            if len(wrong):
                place = ", ".join(map(str, wrong[0]))
                raise ValueError(
                    f"{name}[{place}] is {gaps[tuple(wrong[0])]}: a gap is a time since a reading, "
                    f"from 0 to {LONGEST_GAP:g} model units. Sort each series by time."
                )
        return rows


def _one_by_one(model: S5Model) -> S5Model:
    def plain(part):
        return part.with_scan("sequential") if isinstance(part, S5Layer) else part

    return jax.tree.map(plain, model, is_leaf=lambda part: isinstance(part, S5Layer))


def _arguments(sizes: Mapping[str, Any], dtype) -> dict[str, jax.ShapeDtypeStruct]:
    """The arrays of a batch, their axes as far as there is a size for them."""
    return {
        name: jax.ShapeDtypeStruct(
            tuple(sizes[axis] for axis in axes if axis in sizes),
            bool if name in _FLAGS else jnp.dtype(dtype),
        )
        for name, axes in _AXES.items()
    }


def _parts(state):
    """A state in real numbers, which every file can hold: complex ones have one more axis, of 2."""

    def parts(array):
        return jnp.stack([array.real, array.imag], axis=-1) if jnp.iscomplexobj(array) else array

    return jax.tree.map(parts, state)


def _whole(parts, like):
    """The state that those parts are of."""

    def whole(part, like):
        return lax.complex(part[..., 0], part[..., 1]) if jnp.iscomplexobj(like) else part

    return jax.tree.map(whole, parts, like)


def _named(answers) -> Answers:
    """A named tuple as a dict: the file knows arrays and dicts of them, no classes."""
    return answers._asdict() if hasattr(answers, "_asdict") else answers


def _compiled(function: Callable, arguments, platforms: Sequence[str]) -> np.ndarray:
    with nan_for_errors():
        program = jax_export.export(jax.jit(function), platforms=list(platforms))(*arguments)
    return np.frombuffer(program.serialize(), np.uint8)


def _callable(program: np.ndarray, path, content: Mapping[str, Any]) -> Callable:
    try:
        exported = jax_export.deserialize(bytearray(program.tobytes()))
    except (AttributeError, LookupError, RuntimeError, ValueError, struct.error) as error:
        raise ArchiveError(
            f"{path} was written by jax {content['jax']} and this is jax {jax.__version__}, which "
            f"cannot read it: {error}. Export the model again with a jax closer to this one."
        ) from error
    called = re.findall(r"custom_call\s+@([\w.\"]+)", exported.mlir_module())
    if strange := [name for name in called if not _HARMLESS.fullmatch(name)]:
        raise ArchiveError(
            f"{path} holds a program that calls {strange[0]!r}, as none of ct_s5's does: it is not "
            "run."
        )
    return jax.jit(exported.call)


def _check_installed() -> None:
    if importlib.util.find_spec("flatbuffers") is None:
        raise ImportError(
            "Exported files need flatbuffers, which is not installed: pip install 'ct-s5[export]'."
        )

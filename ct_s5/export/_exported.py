"""load_exported: the compiled functions of a file, ready to be called."""

import dataclasses
import os
import re
import struct
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.export as jax_export
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ct_s5.batch import IrregularBatch
from ct_s5.export._forms import AXES, KIND, Answers, State, arguments, check_installed
from ct_s5.frames import FrameSchema
from ct_s5.ssm import LONGEST_GAP
from ct_s5.training import ArchiveError, read_archive

# All that the program of a model calls beside arithmetic: it checks and computes open sizes.
_HARMLESS = re.compile(r"shape_assertion|stablehlo\.dynamic_\w+")


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
    check_installed()
    content, arrays = read_archive(path, KIND)
    if content["dtype"] == "float64" and jnp.result_type(float) != np.float64:
        raise ArchiveError(
            f"{path} computes in {content['dtype']}; switch that on first: "
            'jax.config.update("jax_enable_x64", True).'
        )
    state, told = (
        {k.removeprefix(kind): v for k, v in arrays.items() if k.startswith(kind)}
        for kind in ("state.", "told.")
    )
    return ExportedModel(
        content=content,
        state=state,
        told=content["told"] | told,
        forms={k: _callable(arrays[k], path, content) for k in ("series", "step") if k in arrays},
    )


@dataclasses.dataclass(frozen=True)
class ExportedModel:
    """The compiled forms of a model. Make one with `load_exported`.

    Answers are those of the model: scores of classes, or standardised targets; the mean and the
    variance of a Gaussian head come as a dict. A new number of series or steps compiles once more.
    """

    content: dict[str, Any]
    """The `platforms`, version of `jax`, `dtype`, and settings of the `model`."""
    state: dict[str, np.ndarray]
    """The empty state of one series, by name; nothing where the model has no step form."""
    told: dict[str, Any]
    """What makes its answers those of `predict`. Of a classifier `classes`; of a regressor
    `target_names`, `target_mean` and `target_scale`; of forecaster and imputer the `channels` told
    and the `calibration` of their intervals by lead, of a forecaster the `horizon` in model units:
    see docs/deploy.md."""
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
        arrays = self._rows(rows, "N")
        wanted = {k: (len(rows.values), *v.shape) for k, v in self.state.items()}
        found = {k: np.shape(v) for k, v in state.items()}
        if odd := [k for k in sorted({**wanted, **found}) if wanted.get(k) != found.get(k)]:
            raise ValueError(
                f"state[{odd[0]!r}] has shape {found.get(odd[0])}, this model and these rows need "
                f"{wanted.get(odd[0])}: it is the state of another model, or of other series."
            )
        return self.forms["step"](arrays, state)

    def _check_step(self) -> None:
        if "step" not in self.forms:
            raise ValueError(
                "This model cannot take readings as they arrive: it reads each series from both "
                "ends, reads tokens, or attends to whole series. Export one with "
                "bidirectional=False and another mixer than 'transformer'."
            )

    def _rows(self, batch: IrregularBatch, open_axes: str) -> dict[str, Array]:
        if batch.segments is not None:
            raise ValueError("A packed batch has rows of several series: give one series a row.")
        rows = {name: getattr(batch, name) for name in AXES}
        told = self.content["model"]
        shape = np.shape(batch.values)
        if len(shape) != len(open_axes) + 1 or 0 in shape:
            raise ValueError(
                f"values has shape {shape}; this form takes ({', '.join(open_axes)}, C), at least "
                "one of each."
            )
        sizes = dict(zip(open_axes, shape, strict=False))
        sizes |= {"C": told["n_channels"], "S": told["n_static"]}
        for name, wanted in arguments(sizes, self.content["dtype"]).items():
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

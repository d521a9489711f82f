"""Answers as readings arrive, on NumPy and the standard library alone.

For devices that have no room for JAX: reads the file that `estimator.save` writes and takes one
series after another, reading by reading, in double precision. It gives the numbers that `predict`
gives on the readings so far, to the rounding of float32.

Example:
    ```python
    from ct_s5.runtime import load

    model = load("model.safetensors")
    stream = model.begin()
    stream.read({"heart_rate": 71.0})  # the first reading
    stream.read({"heart_rate": 74.0, "temperature": 37.1}, gap=600.0)  # ten minutes later
    stream.foresee(1800.0)  # a forecaster's: half an hour after that, with intervals
    ```

This file imports nothing of ct_s5: copy it to the device, or import it there without JAX.
"""

import dataclasses
import hashlib
import json
import math
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_VERSIONS = ("1",)
_MIXERS = ("s5", "gru")
_KINDS = ("S5Classifier", "S5Regressor", "S5Forecaster")
# In spreads: what a channel's last value counts as at most (ct_s5.nn.FARTHEST).
_FARTHEST = 10.0
# float32's, beyond which `predict` refuses too.
_LARGEST = float(np.finfo(np.float32).max)
_LARGEST_HEADER = 16 * 2**20
_DTYPES = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8")}


def load(path: str | os.PathLike) -> "Model":
    """Read a model that an estimator saved.

    Raises:
        FileNotFoundError: No such file.
        ValueError: A file that is truncated, altered, newer than this runtime or none of ct_s5's; a
            model that cannot stream because it reads each series from both ends.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    settings, arrays = _read(path)
    return Model(settings, arrays)


class Model:
    """Weights and settings, shared by any number of streams."""

    def __init__(self, settings: dict[str, Any], arrays: dict[str, np.ndarray]):
        """Args: what `load` found in a file."""
        told, schema = settings["model"], settings["schema"]
        if settings["class"] not in _KINDS:
            raise ValueError(
                f"This is a {settings['class']}, which needs whole series. Use ct_s5.load, or "
                "export it: `ct-s5 export`."
            )
        if told["mixer"] not in _MIXERS and told["depth"]:
            raise ValueError(
                f"This model's sequence layers are {told['mixer']!r}; this runtime knows "
                f"{' and '.join(_MIXERS)}. Use ct_s5.load, or export it: `ct-s5 export`."
            )
        if told["bidirectional"] or told["n_tokens"]:
            raise ValueError(
                "This model cannot take readings as they arrive: it reads each series from both "
                "ends, or reads tokens. Train one with bidirectional=False."
            )
        weights = {name: np.asarray(array, np.float64) for name, array in arrays.items()}
        self.channels: list[str] = schema["channels"]
        """Names of the channels, in the order in which `read` takes plain lists."""
        self.classes: list | None = settings.get("classes")
        """What a classifier chooses among; None for other models."""
        self.foreseen: list[str] | None = None
        """The channels that a forecaster foresees; None for other models."""
        self.per: str = told["per"]
        self._inputs: list[str] = told["inputs"]
        self._pooling: str = told["pooling"]
        self._unit: float = schema["time_unit"]
        self._means, self._scales = np.array(schema["means"]), np.array(schema["scales"])
        self._farthest = _LARGEST * self._scales
        self._static: list[dict[str, Any]] = schema["static"]
        self._encoder = _linear(weights, "encoder.linear")
        self._decay = _linear(weights, "encoder.decay")
        self._head = _linear(weights, "head.linear")
        self._blocks = [_Block(weights, f"blocks.{n}", told) for n in range(told["depth"])]
        self._width: int = told["width"]
        self._is_read = np.array([name not in schema.get("known", ()) for name in self.channels])
        if settings["class"] == "S5Regressor":
            self._target_mean = np.array(settings["target_mean"])
            self._target_scale = np.array(settings["target_scale"])
        elif settings["class"] == "S5Forecaster":
            self.foreseen = settings["told"]
            self._places = [self.channels.index(name) for name in settings["told"]]
            self._forgetting = np.exp(weights["anchor.log_rate"])
            self._calibration = weights["calibration_edges"], weights["calibration"]

    def begin(self, static: Mapping[str, Any] | None = None) -> "Stream":
        """A new series, before its first reading.

        Args:
            static: Its static features by name, where the model was fitted with some; None or NaN
                for one that is not known.
        """
        given = dict(static or {})
        names = [column["name"] for column in self._static]
        if set(given) != set(names):
            raise ValueError(
                f"The model was fitted with the static features {names or 'none'}; got "
                f"{sorted(given) or 'none'}."
            )
        parts = [_static(column, given[column["name"]]) for column in self._static]
        return Stream(self, np.concatenate([np.zeros(0), *parts]))

    def _standardised(self, values) -> np.ndarray:
        if isinstance(values, Mapping):
            unknown = [name for name in values if name not in self.channels]
            if unknown:
                raise ValueError(f"The model knows no channel {unknown[0]!r}: {self.channels}.")
            values = [values.get(name, math.nan) for name in self.channels]
        try:
            row = np.asarray(values, np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"A reading is a number for each of {self.channels}; got {values!r}."
            ) from error
        if row.shape != (len(self.channels),):
            raise ValueError(
                f"A reading has {len(self.channels)} values, {self.channels}; got shape {row.shape}"
            )
        away = row - self._means
        beyond = np.abs(away) > self._farthest
        if beyond.any():
            c = int(beyond.argmax())
            why = (
                f"holds {row[c]:g}: scaled by {self._scales[c]:.3g} that is more than float32 holds"
            )
            raise ValueError(
                f"Channel {self.channels[c]!r} {'is infinite' if np.isinf(row[c]) else why}. Give "
                "NaN where nothing was measured."
            )
        return away / self._scales


class Stream:
    """One series under way. Its readings go in one after another, the answers come out."""

    def __init__(self, model: Model, static: np.ndarray):
        """Args: the model, and the series' static features as the network takes them."""
        n_channels, width = len(model.channels), model._width
        self._model, self._static = model, static
        self._last, self._age, self._count = np.zeros((3, n_channels))
        self._states = [block.begin() for block in model._blocks]
        # Sums over readings: features, features times gap, gaps, how many; and what the last was.
        self._sums = [np.zeros(width), np.zeros(width), 0.0, 0]
        self._last_features, self._last_encoded = np.zeros(width), np.zeros(width)

    def read(
        self, values: Mapping[str, float] | Sequence[float], gap: float | None = None
    ) -> np.ndarray:
        """Take a reading, and answer for the series so far.

        Args:
            values: One number a channel, by name or in the order of `model.channels`; NaN, or left
                out, where nothing was measured. A reading without any value is a question: it is
                answered and leaves no trace.
            gap: Time since the last reading: seconds where the model was fitted on timestamps or
                lengths of time, numbers of the time column where it was fitted on numbers. Left out
                for the first reading. Readings of one time must come as one.

        Returns:
            Class probabilities in the order of `model.classes`, or the predicted values. Empty of a
            forecaster, which only `foresee` asks.
        """
        now = self._look(values, gap)
        if now.reading:
            self._last, self._age, self._count = now.last, now.age, now.count
            self._states = now.states
            sums, x = self._sums, now.features
            self._sums = [sums[0] + x, sums[1] + now.step * x, sums[2] + now.step, sums[3] + 1]
            self._last_features, self._last_encoded = x, now.encoded
        return self._answer(now)

    def foresee(
        self,
        ahead: float,
        known: Mapping[str, float] | None = None,
        shares: Sequence[float] = (0.05, 0.95),
    ) -> tuple[np.ndarray, np.ndarray]:
        """A forecaster's K channels some time after the last reading; nothing of it is kept.

        Beyond the horizon of the fit neither was checked, and unlike `predict` this does not warn.

        Args:
            ahead: How long after, in the unit of `gap`.
            known: By name what is known of that time beforehand.
            shares: Quantiles to tell: the ends of a 90 % interval when left out.

        Returns:
            The values expected (K,), in the order of `model.foreseen`, and a row (K,) of quantiles
            for each share.
        """
        model = self._model
        if model.foreseen is None:
            raise ValueError("This model foresees nothing: it is no S5Forecaster. Use read.")
        edges, table = model._calibration
        grid = np.arange(1, table.shape[-1] + 1) / (table.shape[-1] + 1)
        beyond = [share for share in shares if not grid[0] <= share <= grid[-1]]
        if beyond:
            raise ValueError(f"A share lies between {grid[0]} and {grid[-1]}; got {beyond[0]}.")
        _step(ahead, "ahead")  # before the first reading too, where nothing counts from it
        now = self._look(known or {}, ahead)
        if now.reading:
            raise ValueError("known holds a channel that is read: give a reading to `read`.")
        mean, raw = np.split(self._raw(now), 2)
        spread = np.sqrt(np.logaddexp(0, raw) + 1e-6)
        lead = now.step if self._sums[3] else math.inf
        errors = table[np.searchsorted(edges, lead)]
        mean = mean + self._drift(now)
        told = [mean + spread * [np.interp(q, grid, row) for row in errors] for q in shares]
        ends = np.array(told).reshape(len(shares), len(mean))
        means, scales = model._means[model._places], model._scales[model._places]
        return mean * scales + means, ends * scales + means

    def _look(self, values, gap: float | None) -> "_Look":
        model = self._model
        if gap is None and self._sums[3]:
            raise ValueError("gap, the time since the last reading, is needed from the second on.")
        step = 1.0 if gap is None or not self._sums[3] else _step(gap, "gap", model._unit)
        row = model._standardised(values)
        seen = ~np.isnan(row)
        reading = bool((seen & model._is_read).any())
        row = np.where(seen, row, 0.0)
        last, age = np.where(seen, row, self._last), np.where(seen, 0.0, self._age + step)
        count = self._count + seen
        past = {
            "value": lambda: np.arcsinh(row),
            "observed": lambda: seen.astype(np.float64),
            "last": lambda: np.arcsinh(last),
            "age": lambda: np.log1p(age),
            "count": lambda: np.log1p(count),
            "square": lambda: np.log1p(last * last),
            "decayed": lambda: np.arcsinh(np.where(seen, row, _left(model._decay, age) * last)),
        }
        columns = [past[name]() for name in model._inputs]
        encoded = _apply(model._encoder, np.concatenate([*columns, self._static]))
        x = encoded
        states = []
        for block, state in zip(model._blocks, self._states, strict=True):
            x, state = block.step(x, step, state, reading)
            states.append(state)
        return _Look(reading, step, last, age, count, encoded, x, states)

    def _answer(self, now: "_Look") -> np.ndarray:
        model = self._model
        if model.foreseen is not None:
            return np.zeros(0)
        out = self._raw(now)
        if model.classes is None:
            return out * model._target_scale + model._target_mean
        shares = np.exp(out - out.max())
        return shares / shares.sum()

    def _raw(self, now: "_Look") -> np.ndarray:
        x = self._pooled() if self._model.per == "series" else now.features
        out = _apply(self._model._head, np.concatenate([x, self._static]))
        if not np.isfinite(out).all():
            raise ValueError(
                "The model's answer is not finite. Look for values far beyond those at fit, such "
                "as a code for missing, and give NaN there."
            )
        return out

    def _drift(self, now: "_Look") -> np.ndarray:
        """What each channel would be if it merely drifted from its last value."""
        places, forgetting = self._model._places, self._model._forgetting
        last = np.clip(now.last[places], -_FARTHEST, _FARTHEST)
        seen = now.count[places] > 0
        return np.where(seen, np.exp(-forgetting * np.where(seen, now.age[places], 0)) * last, 0)

    def _pooled(self) -> np.ndarray:
        total, weighed, weight, n = self._sums
        mean = total / max(n, 1)
        match self._model._pooling:
            case "last":
                return self._last_features
            case "gap_mean":
                return weighed / weight if weight > 0 else mean
            case "summary":
                return np.concatenate([mean, self._last_encoded])
            case _:
                return mean


@dataclasses.dataclass
class _Look:
    """What a row makes of a stream; only a reading is kept."""

    reading: bool
    step: float
    last: np.ndarray
    age: np.ndarray
    count: np.ndarray
    encoded: np.ndarray
    features: np.ndarray
    states: list


class S5:
    """One S5 layer: `step` takes the features of a reading and the gap before it, in model units.

    The maps are packed so that a step is two real matrix products and a handful of operations on
    Q = P/2 complex numbers; dividing by the rate is folded into the input map.
    """

    def __init__(self, weights: Mapping[str, np.ndarray], hold: str, rescale: float = 1.0):
        """Args: the layer's arrays by their names in the file, its hold, its fixed rescale."""
        softplus = np.logaddexp(0.0, weights["rate_real"])
        timescales = np.exp(weights["log_timescale"]) * rescale
        self.hold = hold
        self._rates = -softplus + 1j * weights["rate_imag"]
        self._slopes = self._rates * timescales
        into = weights["input_weight"][0] + 1j * weights["input_weight"][1]
        # zoh and zoh_forward write (e^z - 1) / rate times B u: the division is done here.
        held = hold in ("zoh", "zoh_forward")
        self._timescales = timescales
        self._into = _rows(into / self._rates[:, None] if held else into)
        out_of = 2 * (weights["output_weight"][0] + 1j * weights["output_weight"][1])
        self._out_of = _rows(out_of.conj().T).T
        self._feedthrough = np.asarray(weights["feedthrough"])
        self._unit = np.expm1(self._slopes) / self._rates

    def begin(self) -> tuple[np.ndarray, np.ndarray]:
        """The state before any reading: states, and the input that is still held."""
        nothing = np.zeros(len(self._rates), np.complex128)
        return nothing, nothing

    def step(self, u, gap, state, reading=True):
        """Outputs (H,) and the state after; a question (`reading=False`) leaves the state."""
        x, held = state
        v = (self._into @ u).view(np.complex128)
        if self.hold == "bilinear":
            half = self._slopes * (gap / 2)
            inverse = 1 / (1 - half)
            now = asked = (1 + half) * inverse * x
            if reading:
                now = now + self._timescales * gap * inverse * v
        else:
            growth = np.expm1(self._slopes * gap)
            asked = x + growth * x
            match self.hold:
                case "zoh":
                    now = x + growth * (x + v)
                case "zoh_forward":
                    now = asked = x + growth * (x + held)
                case "foh":
                    mean, ramp = _ramp(self._slopes * gap, growth)
                    now = asked + self._timescales * gap * ((mean - ramp) * held + ramp * v)
                case "impulse":
                    now = asked + v
                case _:
                    now = asked + self._unit * v
        shown = now if reading else asked
        outputs = self._out_of @ shown.view(np.float64) + self._feedthrough * u
        return outputs, ((now, v) if reading else state)


class _GRU:
    def __init__(self, weights):
        self._in, self._hidden = weights["cell.weight_ih"], weights["cell.weight_hh"]
        self._bias, self._bias_n = weights["cell.bias"], weights["cell.bias_n"]

    def begin(self):
        return np.zeros(self._hidden.shape[1])

    def step(self, u, gap, state, reading=True):
        if not reading:
            return state, state
        own, old = self._in @ u + self._bias, self._hidden @ state
        size = len(state)
        reset, update = _sigmoid(own[: 2 * size] + old[: 2 * size]).reshape(2, size)
        new = np.tanh(own[2 * size :] + reset * (old[2 * size :] + self._bias_n))
        state = new + update * (state - new)
        return state, state


class _Block:
    def __init__(self, weights, name, told):
        own, mixer = _below(weights, name), _below(weights, f"{name}.mixer")
        s5 = told["mixer"] == "s5"
        self._mixer: Any = S5(mixer, told["hold"], told["rescale"]) if s5 else _GRU(mixer)
        self._norm = own
        self._kind, self._prenorm = told["norm"], told["prenorm"]
        self._activation = told["activation"]
        self._gate = _linear(own, "activation.gate")
        self._value = _linear(own, "activation.value")

    def begin(self):
        return self._mixer.begin()

    def step(self, inputs, gap, state, reading):
        x = self._normed(inputs) if self._prenorm else inputs
        x, state = self._mixer.step(x, gap, state, reading)
        x = inputs + self._activated(x)
        return (x if self._prenorm else self._normed(x)), state

    def _activated(self, x):
        g = 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
        if self._activation == "gelu":
            return g
        gate = _sigmoid(_apply(self._gate, g))
        if self._activation == "full_glu":
            return _apply(self._value, g) * gate
        return (g if self._activation == "half_glu1" else x) * gate

    def _normed(self, x):
        own = self._norm
        if self._kind == "batch":
            scale = own["norm.weight"] / np.sqrt(own["norm.running_variance"] + 1e-5)
            return (x - own["norm.running_mean"]) * scale + own["norm.bias"]
        if self._kind == "layer":
            x = x - x.mean()
        x = x / np.sqrt(np.mean(x * x) + 1e-5) * own["norm.norm.weight"]
        return x + own["norm.norm.bias"] if "norm.norm.bias" in own else x


def _step(length: float, name: str, unit: float = 1.0) -> float:
    """A length of time in model units."""
    if hasattr(length, "total_seconds"):
        raise ValueError(
            f"{name} is a number of seconds: write {name}.total_seconds(); got {length!r}."
        )
    if isinstance(length, str) or not 0 <= length / unit <= 1e30:
        raise ValueError(f"{name} must be a length of time, a number of 0 or more; got {length!r}.")
    return length / unit


def _rows(matrix) -> np.ndarray:
    """A complex matrix (Q, H) as a real one (P, H): real and imaginary rows take turns."""
    return np.stack([matrix.real, matrix.imag], axis=1).reshape(-1, matrix.shape[1])


def _ramp(z, growth):
    """phi1 and phi2 of z; near 0, where they lose their digits, their first terms."""
    near = np.abs(z) < 1e-4
    away = np.where(near, 1.0, z)
    mean = np.where(near, 1 + z / 2 + z * z / 6, growth / away)
    return mean, np.where(near, 0.5 + z / 6 + z * z / 24, (mean - 1) / away)


def _left(decay, age):
    """What GRU-D leaves of a last value."""
    weight, bias = decay
    return np.exp(-np.maximum(0, weight * age + bias))


def _sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def _below(weights, name):
    """The arrays whose names begin with this one, without it."""
    return {k.removeprefix(f"{name}."): v for k, v in weights.items() if k.startswith(f"{name}.")}


def _linear(weights, name):
    return weights.get(f"{name}.weight"), weights.get(f"{name}.bias")


def _apply(linear, x):
    return linear[0] @ x + linear[1]


def _static(column: dict[str, Any], value: Any) -> np.ndarray:
    """The features of one static column, as `ct_s5.frames` makes them."""
    known = column["categories"]
    empty = value is None or value != value
    if known is not None:
        if not empty and str(value) not in known:
            raise ValueError(
                f"Static feature {column['name']!r} was never {value!r} at fit; it knows {known}."
            )
        return np.array([not empty and str(value) == name for name in known], np.float64)
    given: Any = column["mean"] if empty else value
    number = float(given)
    scaled = (number - column["mean"]) / column["scale"]
    if max(abs(number), abs(scaled)) > _LARGEST:
        raise ValueError(
            f"Static feature {column['name']!r} is {value}, more than float32 holds. Give NaN "
            "where it is unknown."
        )
    return np.array([scaled, float(empty)] if column["missing"] else [scaled])


def _read(path: pathlib.Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Settings and arrays; every size is held against the file's before anything is made of it."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    try:
        if length > min(_LARGEST_HEADER, len(data) - 8):
            raise ValueError("its header does not fit")
        header = json.loads(data[8 : 8 + length])
        told = header.pop("__metadata__", {})
        if told.get("format") != "ct_s5" or told.get("kind") != "estimator":
            raise ValueError("ct_s5 saved no estimator in it")
        body = memoryview(data)[8 + length :]
        arrays = {name: _array(entry, body) for name, entry in header.items()}
        version, text, checksum = (told[name] for name in ("version", "settings", "sha256"))
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no model file, or a damaged one: {error}.") from error
    if version not in _VERSIONS:
        raise ValueError(
            f"{path} has format version {version}, which is newer than this runtime. Copy "
            "ct_s5/runtime.py from the ct_s5 that saved it."
        )
    digest = hashlib.sha256(f"ct_s5\n{version}\nestimator\n{text}\n".encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype} {list(array.shape)}\n".encode())
        digest.update(array.tobytes())
    if digest.hexdigest() != checksum:
        raise ValueError(f"{path} was altered after it was saved: its checksum does not match.")
    return json.loads(text), arrays


def _array(entry, body) -> np.ndarray:
    start, end = entry["data_offsets"]
    dtype, shape = _DTYPES[entry["dtype"]], tuple(entry["shape"])
    if not 0 <= start <= end <= len(body) or math.prod(shape) * dtype.itemsize != end - start:
        raise ValueError("its sizes do not fit the file")
    return np.frombuffer(body[start:end], dtype).reshape(shape)

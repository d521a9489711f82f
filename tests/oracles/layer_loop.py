"""An S5 layer as a loop: the design's section 3, one step after the other, in double precision."""

import math

import numpy as np
from jaxtyping import Bool, Complex, Float


def layer_loop(
    rates: Complex[np.ndarray, " Q"],
    timescales: Float[np.ndarray, " Q"],
    input_map: Complex[np.ndarray, "Q H"],
    output_map: Complex[np.ndarray, "H Q"],  # (H, P) when bidirectional: forward half first
    feedthrough: Float[np.ndarray, " H"],
    inputs: Float[np.ndarray, "L H"],
    gaps: Float[np.ndarray, " L"],
    *,
    hold: str,
    gaps_after: Float[np.ndarray, " L"] | None = None,
    reading: Bool[np.ndarray, " L"] | None = None,
    real: Bool[np.ndarray, " L"] | None = None,
    reset: Bool[np.ndarray, " L"] | None = None,
    bidirectional: bool = False,
    first_gap: float = 1.0,
    state: tuple[Complex[np.ndarray, " Q"], Complex[np.ndarray, " Q"]] | None = None,
) -> Float[np.ndarray, "L H"]:
    """The outputs of a layer; gaps in model units, `state` = (states, the held v) to begin with."""
    n_steps, n_half = len(gaps), len(rates)
    rates, timescales, input_map, output_map, feedthrough, inputs, gaps = (
        np.asarray(x, np.complex128 if np.iscomplexobj(x) else np.float64)
        for x in (rates, timescales, input_map, output_map, feedthrough, inputs, gaps)
    )
    reading = np.ones(n_steps, bool) if reading is None else np.asarray(reading)
    real = np.ones(n_steps, bool) if real is None else np.asarray(real)
    reset = np.zeros(n_steps, bool) if reset is None else np.asarray(reset)
    layer = (rates, timescales, input_map, hold)

    seen = _walk(layer, inputs, gaps, reading, real, reset, state)
    if bidirectional:
        if gaps_after is None:
            assert reading[real].all(), "with queries, gaps_after cannot be told from gaps"
            gaps_after = _gaps_after(gaps, real, reset, first_gap)
        ends = np.append(reset[1:], False)  # a series ends where the next step starts another
        mirrored = [x[::-1] for x in (inputs, np.asarray(gaps_after), reading, real, ends)]
        seen = np.concatenate([seen, _walk(layer, *mirrored)[::-1]], axis=1)
    assert output_map.shape[1] == seen.shape[1] == n_half * (1 + bidirectional)

    outputs = np.zeros((n_steps, len(feedthrough)))
    for k in range(n_steps):
        if real[k]:
            outputs[k] = 2 * (output_map @ seen[k]).real + feedthrough * inputs[k]
    return outputs


def _walk(layer, inputs, gaps, reading, real, reset, state=None):
    """The states that each step sees, met in the order of the rows."""
    rates, timescales, input_map, hold = layer
    nothing = np.zeros(len(rates), np.complex128)
    x, held = (nothing, nothing) if state is None else map(np.asarray, state)
    seen = np.zeros((len(gaps), len(rates)), np.complex128)
    for k in range(len(gaps)):
        if reset[k]:
            x, held = nothing, nothing
        if not real[k]:
            continue
        d = timescales * float(gaps[k])
        z = rates * d
        decay = (1 + z / 2) / (1 - z / 2) if hold == "bilinear" else np.exp(z)
        if not reading[k]:
            seen[k] = decay * x + (phi1(z) * d * held if hold == "zoh_forward" else 0)
            continue
        v = input_map @ inputs[k]
        if hold == "zoh":
            drive = phi1(z) * d * v
        elif hold == "zoh_forward":
            drive = phi1(z) * d * held
        elif hold == "foh":
            drive = d * ((phi1(z) - phi2(z)) * held + phi2(z) * v)
        elif hold == "bilinear":
            drive = d * v / (1 - z / 2)
        elif hold == "impulse":
            drive = v
        elif hold == "async":
            drive = phi1(rates * timescales) * timescales * v
        else:
            raise ValueError(f"unknown hold {hold!r}")
        x, held = decay * x + drive, v
        seen[k] = x
    return seen


def _gaps_after(gaps, real, reset, first_gap):
    """Each real step's gap to the next real step of its series; `first_gap` at a series' last."""
    after = np.zeros(len(gaps))
    following = first_gap
    for k in reversed(range(len(gaps))):
        if real[k]:
            after[k] = following
            following = gaps[k]
        if reset[k]:
            following = first_gap
    return after


def phi1(z: Complex[np.ndarray, " Q"]) -> Complex[np.ndarray, " Q"]:
    """(e^z - 1) / z, and 1 at 0."""
    return _phi(z, 1, lambda z: (np.exp(z) - 1) / z)


def phi2(z: Complex[np.ndarray, " Q"]) -> Complex[np.ndarray, " Q"]:
    """(e^z - 1 - z) / z^2, and 1/2 at 0."""
    return _phi(z, 2, lambda z: (np.exp(z) - 1 - z) / z**2)


def _phi(z, order, closed_form):
    # Within |z| < 1 the closed form loses digits to cancellation, and thirty terms leave 1e-33.
    near = np.abs(z) < 1
    small, large = np.where(near, z, 0), np.where(near, 1, z)
    series = sum(small**n / math.factorial(n + order) for n in range(30))
    return np.where(near, series, closed_form(large))

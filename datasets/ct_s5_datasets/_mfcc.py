"""Mel-frequency cepstra of one-second recordings, as Neural CDE's speech task takes them.

They are torchaudio's `MFCC(log_mels=True, n_mfcc=20, melkwargs={"n_fft": 200, "n_mels": 64})`,
written from its formulas.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ._dataset import Column
from ._ragged import WaveSet

N_COEFFICIENTS = 20
WINDOW, HOP = 200, 100  # samples

_N_MELS = 64
_RATE = 16_000
_FLOOR = 1e-6  # added before the logarithm
_AT_ONCE = 256  # recordings: their windows are 80 MB


@dataclass(frozen=True, eq=False, repr=False)
class CepstrumSet(WaveSet):
    """Recordings of one second whose `frame` has their cepstra, worked out when asked for."""

    def cepstra(self, ids: ArrayLike) -> np.ndarray:
        """Chosen recordings as (N, 161, 20), a row every 100 samples; see `mfcc`."""
        wanted = np.asarray(ids)
        blocks = np.array_split(wanted, -(-len(wanted) // _AT_ONCE) or 1)
        rows = [mfcc(self.padded(some, self.rate)[0] / 2.0**15) for some in blocks]
        return np.concatenate(rows)

    def frame(self, ids: ArrayLike) -> pd.DataFrame:
        """Chosen recordings as a long frame: `unique_id`, `ds` since the start, 20 cepstra."""
        at = np.sort(self.positions(ids))
        names = self.labels.index.to_numpy()[at]
        cepstra = self.cepstra(names)
        n_steps = cepstra.shape[1]
        columns = [f"mfcc_{number}" for number in range(N_COEFFICIENTS)]
        frame = pd.DataFrame(cepstra.reshape(-1, N_COEFFICIENTS), columns=columns)
        frame.insert(0, "unique_id", np.repeat(names, n_steps))
        steps = np.tile(np.arange(n_steps), len(at))
        ds = (steps * (1_000_000_000 * HOP // self.rate)).astype("timedelta64[ns]")
        frame.insert(1, "ds", ds)
        return frame

    def _columns(self) -> tuple[Column, ...]:
        ds, _ = super()._columns()
        numbers = range(N_COEFFICIENTS)
        cepstra = (Column(f"mfcc_{k}", f"mel-frequency cepstrum {k}", "") for k in numbers)
        return (ds, *cepstra)


def mfcc(waves: np.ndarray) -> np.ndarray:
    """Cepstra of recordings at 16 kHz.

    Each recording is mirrored at its ends, cut into periodic Hann windows of 200 samples, 100
    apart, and the power of each is summed under 64 triangles, evenly spaced in mel (HTK's formula)
    from 0 to 8 kHz. Of the logarithms the first 20 terms of the orthonormal cosine transform stay.

    Args:
        waves: (N, samples), from -1 to 1.

    Returns:
        (N, samples // 100 + 1, 20).

    """
    around = np.pad(waves, [(0, 0), (WINDOW // 2, WINDOW // 2)], mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(around, WINDOW, axis=1)[:, ::HOP]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    spectrum = np.fft.rfft((windows * hann).reshape(-1, WINDOW))
    power = spectrum.real**2 + spectrum.imag**2
    cepstra = np.log(power @ _triangles() + _FLOOR) @ _cosines()
    return cepstra.reshape(*windows.shape[:2], N_COEFFICIENTS)


@cache
def _triangles() -> np.ndarray:
    """(frequency, mel): the weight of each frequency under each triangle.

    Between 0 and 8 kHz there are 101 frequencies for 64 triangles: the narrowest, lowest ones fall
    between two of them and are 0, as they are there.
    """
    frequencies = np.linspace(0, _RATE / 2, WINDOW // 2 + 1)
    top = 2595 * np.log10(1 + _RATE / 2 / 700)
    corners = 700 * (10 ** (np.linspace(0, top, _N_MELS + 2) / 2595) - 1)
    width = np.diff(corners)
    rising = (frequencies[:, None] - corners[:-2]) / width[:-1]
    falling = (corners[2:] - frequencies[:, None]) / width[1:]
    return np.maximum(0, np.minimum(rising, falling))


@cache
def _cosines() -> np.ndarray:
    """(mel, coefficient): the orthonormal cosine transform of type II."""
    places = np.arange(_N_MELS)[:, None] + 0.5
    table = np.cos(np.pi / _N_MELS * places * np.arange(N_COEFFICIENTS)) * np.sqrt(2 / _N_MELS)
    table[:, 0] /= np.sqrt(2)
    return table

"""Mel-frequency cepstra of one-second recordings, as Neural CDE's speech task takes them.

They are torchaudio's `MFCC(log_mels=True, n_mfcc=20, melkwargs={"n_fft": 200, "n_mels": 64})`,
written from its formulas.
"""

from __future__ import annotations

from functools import cache

import numpy as np

N_COEFFICIENTS = 20
WINDOW, HOP = 200, 100  # samples

_N_MELS = 64
_RATE = 16_000
_FLOOR = 1e-6  # added before the logarithm


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
    return cepstra.reshape(len(waves), -1, N_COEFFICIENTS)


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

"""The pitch of each frame of sound, by autocorrelation."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edge.types import Float

MIN_HZ, MAX_HZ = 60, 500
WINDOW_S = 0.04
VOICED = 0.5
"""Of the autocorrelation's peak against that at lag 0: a vowel. White noise has about 0.2."""


def pitch_hz(sound: Float, rate_hz: int, shift: int, frames: int) -> NDArray[np.float32]:
    """The fundamental frequency of each frame, (frames,); NaN where the sound is not periodic.

    Args:
        sound: Mono.
        shift: Samples between the starts of two frames.
    """
    length = round(WINDOW_S * rate_hz)
    needed = shift * (frames - 1) + length
    padded = np.pad(sound[:needed], (0, max(0, needed - len(sound))))
    cut = sliding_window_view(padded, length)[::shift][:frames]
    cut = (cut - cut.mean(axis=1, keepdims=True)) * np.hanning(length)
    size = 1 << (2 * length - 1).bit_length()
    power = np.abs(np.fft.rfft(cut, size)) ** 2
    # A window's own autocorrelation falls with the lag: divided out, as Boersma (1993) does.
    of_window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(length), size)) ** 2)
    lags = np.arange(rate_hz // MAX_HZ, rate_hz // MIN_HZ + 1)
    similar = np.fft.irfft(power)
    similar = (similar / (similar[:, :1] + 1e-9))[:, lags] / (of_window / of_window[0])[lags]
    best = similar.max(axis=1, keepdims=True)
    # The shortest lag that is nearly the best, else half the pitch is taken.
    first = np.argmax(similar >= 0.9 * best, axis=1)
    climbing = np.arange(len(first))
    for _ in range(len(lags)):
        further = np.minimum(first + 1, len(lags) - 1)
        higher = similar[climbing, further] > similar[climbing, first]
        if not higher.any():
            break
        first = np.where(higher, further, first)
    return np.where(best[:, 0] >= VOICED, rate_hz / lags[first], np.nan).astype(np.float32)

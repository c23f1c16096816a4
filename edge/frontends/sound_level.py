"""Measures sound without a model of emotion: level, noise, clipping, voice."""

from __future__ import annotations

import numpy as np

from edge.frontends.voice import BLOCK, VoiceActivity
from edge.types import Float

QUALITY = ("level_dbfs", "floor_dbfs", "range_db", "clipping", "flatness", "voice")
"""The signals measured for each segment, in this order:

level_dbfs  RMS over the last 0.25 s, not below -100
floor_dbfs  10th percentile of the levels of 10 ms blocks over the last 1 s: the noise between words
range_db    90th minus 10th percentile of these levels: a rough signal-to-noise ratio
clipping    share of samples in the last 0.25 s that are at full scale or in a flat top
flatness    spectral flatness over the last 0.25 s: about 1 noise or silence, small speech or tone
voice       mean probability of speech over the last 0.25 s
"""

MIN_DBFS = -100.0
_FULL_SCALE = 0.99
_FLAT_RUN = 5
"""Consecutive equal samples that form a flat top. A 50 Hz hum at -20 dBFS (16 bits) has up to 3."""
_FLAT_MIN_PEAK = 0.1
_FLAT_NEAR_PEAK = 0.9


class SoundLevel:
    """Keeps the last second of 10 ms levels and the last 0.25 s of samples. One thread."""

    def __init__(self, rate_hz: int, white: Float, energy_floor: float) -> None:
        """`white`: energy of each mel band for a flat spectrum, shape (mels,)."""
        self._block = rate_hz // 100
        self._recent = rate_hz // 4
        self._white = white.astype(np.float64)
        self._quiet = float((energy_floor / self._white).max())
        self._vad = VoiceActivity()
        self._fresh = True
        self.reset()

    def reset(self) -> None:
        """Discard the sound so far."""
        self._samples = np.zeros(0, dtype=np.float32)
        self._unblocked = np.zeros(0, dtype=np.float32)
        self._unvoiced = np.zeros(0, dtype=np.float32)
        self._power = np.zeros(0)
        self._voice: list[float] = []
        if not self._fresh:
            self._vad.reset()
            self._fresh = True

    def take(self, samples: Float) -> None:
        """Add the next samples."""
        self._fresh = False
        self._samples = np.concatenate([self._samples, samples])[-self._recent :]
        pending = np.concatenate([self._unblocked, samples])
        whole = len(pending) // self._block * self._block
        blocks = pending[:whole].reshape(-1, self._block)
        power = np.mean(np.square(blocks, dtype=np.float64), axis=1)
        self._power = np.concatenate([self._power, power])[-100:]
        self._unblocked = pending[whole:]
        pending = np.concatenate([self._unvoiced, samples])
        while len(pending) >= BLOCK:
            self._voice = [*self._voice[-7:], self._vad.process(pending[:BLOCK])]
            pending = pending[BLOCK:]
        self._unvoiced = pending

    def measure(self, log_mel: Float) -> Float:
        """The current values of `QUALITY`; `log_mel` is the last frames, shape (frames, mels)."""
        levels = np.sort(10.0 * np.log10(np.maximum(self._power, 10.0 ** (MIN_DBFS / 10))))
        low, high = levels[len(levels) // 10], levels[-1 - len(levels) // 10]
        recent = max(float(self._power[-25:].mean()), 10.0 ** (MIN_DBFS / 10))
        return np.array(
            [
                10.0 * np.log10(recent),
                low,
                high - low,
                clipping(self._samples),
                self._flatness(log_mel[-25:]),
                np.mean(self._voice) if self._voice else 0.0,
            ],
            dtype=np.float32,
        )

    def _flatness(self, log_mel: Float) -> float:
        """Geometric over arithmetic mean of the band energies, each per unit of bandwidth.

        A little white noise is added: below about -65 dBFS the bands are at their energy floor,
        whose shape is independent of the sound.
        """
        energy = np.exp(log_mel.astype(np.float64)).mean(axis=0) / self._white + self._quiet
        return float(np.exp(np.log(energy).mean()) / energy.mean())


def clipping(samples: Float) -> float:
    """Share of samples at full scale, or in a run of equal samples near the peak (sound that was
    clipped before its level was reduced)."""
    if len(samples) == 0:
        return 0.0
    loudness = np.abs(samples)
    peak = float(loudness.max())
    clipped = loudness >= _FULL_SCALE
    if peak >= _FLAT_MIN_PEAK:
        equal = (np.abs(np.diff(samples)) <= 1e-6) & (loudness[1:] >= _FLAT_NEAR_PEAK * peak)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], equal, [False]]).astype(np.int8)))
        for start, stop in edges.reshape(-1, 2):
            if stop - start + 1 >= _FLAT_RUN:
                clipped[start : stop + 1] = True
    return float(clipped.mean())

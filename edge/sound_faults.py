"""Artificial faults of sound; `edge.faults` lists them with the faults of pictures and words.

`samples` is mono float32 at 16 kHz in -1..1; a fault lasts for the whole passage.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.types import Float

Rng = np.random.Generator

RATE_HZ = 16_000


def noise(samples: Float, severity: float, rng: Rng) -> Float:
    """White noise, from 30 dB below the speech at 0 to 10 dB above it at 1."""
    return _mix(samples, rng.standard_normal(len(samples), np.float32), 30 - 40 * severity)


def hum(samples: Float, severity: float, rng: Rng) -> Float:
    """Mains hum with harmonics, from 30 dB below the speech to 10 dB above it."""
    t_s = np.arange(len(samples)) / RATE_HZ
    mains_hz = 50.0 if rng.random() < 0.5 else 60.0
    tones = sum(
        np.sin(2 * np.pi * (n * mains_hz * t_s + rng.random())) / n for n in (1, 2, 3, 5, 7, 9)
    )
    return _mix(samples, np.asarray(tones, np.float32), 30 - 40 * severity)


def babble(samples: Float, severity: float, rng: Rng, others: Float | None = None) -> Float:
    """People talking, from 30 dB below the speech to 10 dB above it.

    `others` is speech to mix in. Without it, the passage itself, reversed and overlaid six times,
    has the spectrum and the rhythm of a crowd.
    """
    if not len(samples):
        return samples.copy()
    speech = samples if others is None or not len(others) else np.resize(others, len(samples))
    crowd = sum(np.roll(speech[:: 1 - 2 * (i % 2)], rng.integers(len(speech))) for i in range(6))
    return _mix(samples, np.asarray(crowd, np.float32), 30 - 40 * severity)


def clip(samples: Float, severity: float, rng: Rng) -> Float:
    """The gain is too high: at 1 by 40 dB, so that nearly all samples are at full scale."""
    peak = float(np.abs(samples).max(initial=0.0))
    if peak == 0.0 or severity == 0.0:
        return samples.copy()
    return _clipped(samples * np.float32(10 ** (2 * severity) / max(peak, 0.1)))


def silence(samples: Float, severity: float, rng: Rng) -> Float:
    """The microphone is muted: 80 dB down just below 1, digital silence at 1."""
    return samples * np.float32(0.0 if severity >= 1 else 10 ** (-4 * severity))


def low_gain(samples: Float, severity: float, rng: Rng) -> Float:
    """Far away or turned down: at 1 by 50 dB. The converter's noise stays the same."""
    quiet = samples * np.float32(10 ** (-2.5 * severity))
    hiss = rng.standard_normal(len(samples), np.float32) * np.float32(3e-4 * severity)
    return _clipped(quiet + hiss)


def dropouts(samples: Float, severity: float, rng: Rng) -> Float:
    """A bad radio link: holes of 20 to 200 ms over `severity` of the time."""
    out = samples.copy()
    lost = 0
    while lost < min(severity, 0.95) * len(samples):
        length = int(rng.integers(RATE_HZ // 50, RATE_HZ // 5))
        start = int(rng.integers(-length, len(samples)))
        out[max(start, 0) : start + length] = 0
        lost += length
    return out


def _mix(samples: Float, disturbance: Float, snr_db: float) -> Float:
    """Add `disturbance` at `snr_db` below the speech, whose level is that of its loud parts."""
    power = float(np.square(disturbance, dtype=np.float64).sum()) / max(1, len(disturbance))
    if power == 0.0:
        return samples.copy()
    scale = _speech_rms(samples) * 10 ** (-snr_db / 20) / np.sqrt(power)
    return _clipped(samples + disturbance * np.float32(scale))


def _speech_rms(samples: Float) -> float:
    """RMS of the loudest third of 20 ms blocks, without pauses. At least -60 dBFS."""
    block = RATE_HZ // 50
    whole = samples[: len(samples) // block * block].reshape(-1, block)
    if not len(whole):
        return 1e-3
    power = np.sort(np.mean(np.square(whole, dtype=np.float64), axis=1))
    return float(np.sqrt(max(power[-max(1, len(power) // 3) :].mean(), 1e-6)))


def _clipped(samples: NDArray[np.floating[Any]]) -> Float:
    return np.asarray(np.clip(samples, -1, 1), np.float32)

"""Augmentation of speech clips: microphone, room, level, pauses and faults."""

from __future__ import annotations

import numpy as np

from edge.faults import FAULTS
from edge.frontends.speech import SpeechParams
from edge.types import Float

RATE_HZ = 16_000
SPEECH_DBFS = (-42.0, -10.0)
"""Level of the speech in dBFS. RAVDESS is quiet, near -40, with digital silence between words."""
ROOM_DBFS = (-72.0, -48.0)
"""Noise floor of a room in dBFS; a real microphone never gives digital silence."""
MIN_SNR_DB = 18.0
SHORTEST_S = 1.2
"""In seconds; a segment takes 1.015 s."""


def level_dbfs(sound: Float) -> float:
    """RMS level of the active part: the loudest half of its 10 ms blocks."""
    whole = len(sound) // 160 * 160
    power = np.sort(np.square(sound[:whole], dtype=np.float64).reshape(-1, 160).mean(axis=1))
    return float(10 * np.log10(max(power[len(power) // 2 :].mean(), 1e-12)))


def speed(sound: Float, factor: float) -> Float:
    """Played faster or slower, with the pitch: a simple model of another vocal tract."""
    length = max(1, round(len(sound) / factor))
    at = np.linspace(0, len(sound) - 1, length)
    return np.interp(at, np.arange(len(sound)), sound).astype(np.float32)


def room_noise(length: int, dbfs: float, rng: np.random.Generator) -> Float:
    """Noise whose power falls with frequency, as that of fans, streets and preamplifiers."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    hertz = np.fft.rfftfreq(length, 1 / RATE_HZ)
    spectrum *= np.maximum(hertz, 40.0) ** -rng.uniform(0.0, 0.9)
    noise = np.fft.irfft(spectrum, length)
    rms = float(np.sqrt(np.mean(noise**2)))
    return np.asarray(noise / rms * 10 ** (dbfs / 20), np.float32)


def tilt(sound: Float, rng: np.random.Generator) -> Float:
    """A random microphone frequency response: a smooth curve of a few decibels."""
    spectrum = np.fft.rfft(sound)
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(sound), 1 / RATE_HZ), 60.0) / 60.0)
    knots = rng.normal(0, 3.0, 8)
    spectrum *= 10 ** (np.interp(octaves, np.arange(8), knots) / 20)
    return np.fft.irfft(spectrum, len(sound)).astype(np.float32)


def trimmed(sound: Float) -> Float:
    """The sound with at most 0.2 s of silence before and after the words."""
    whole = len(sound) // 160 * 160
    power = np.square(sound[:whole], dtype=np.float64).reshape(-1, 160).mean(axis=1)
    loud = np.flatnonzero(power > power.max(initial=0.0) * 10**-3.5)
    if not len(loud):
        return sound
    return sound[max(0, (loud[0] - 20) * 160) : (loud[-1] + 20) * 160]


def make_view(
    sound: Float, seconds: float | None, rng: np.random.Generator, pause_s: float = 0.0
) -> Float:
    """A clean variation of a clip: at some level, in some room.

    With `seconds`, the words are repeated and cut to that length, so the clip may start and end
    anywhere in them. With `pause_s`, the last `pause_s` seconds hold room noise alone, because a
    pause is not a fault."""
    sound = speed(sound, rng.uniform(0.92, 1.08))
    if rng.random() < 0.6:
        sound = tilt(sound, rng)
    if seconds is not None:
        sound = _repeated(trimmed(sound), round(seconds * RATE_HZ), rng)
    if len(sound) < (least := round(SHORTEST_S * RATE_HZ)):
        sound = np.pad(sound, (0, least - len(sound)))
    dbfs = rng.uniform(*SPEECH_DBFS)
    sound = sound * np.float32(10 ** ((dbfs - level_dbfs(sound)) / 20))
    if pause_s:
        quiet = round(pause_s * RATE_HZ)
        sound = sound.copy()
        sound[-quiet:] = 0
    noise = room_noise(len(sound), min(rng.uniform(*ROOM_DBFS), dbfs - MIN_SNR_DB), rng)
    return np.asarray(np.clip(sound + noise, -1, 1), np.float32)


def _repeated(sound: Float, length: int, rng: np.random.Generator) -> Float:
    """`length` samples from a random position in the repeated words, with pauses between the
    repetitions."""
    breath = np.zeros(round(rng.uniform(0.1, 0.5) * RATE_HZ), np.float32)
    again = np.concatenate([sound, breath])
    start = int(rng.integers(len(again)))
    return np.resize(np.roll(again, -start), length)


def faulted(sound: Float, fault: str, severity: float, rng: np.random.Generator) -> Float:
    """The same sound with a fault of `edge.faults`."""
    return np.asarray(FAULTS["audio"][fault](sound, severity, rng), np.float32)


def splice(before: Float, after: Float, share: float) -> Float:
    """`before`, with the last `share` of the window taken from `after`."""
    at = round(len(before) * (1 - share))
    return np.concatenate([before[:at], after[at:]])


def frames_of(tensors: Float) -> Float:
    """The log-mel frames (t, mels) from which overlapping segments (n, 1, 100, mels) were cut."""
    if not len(tensors):
        return np.zeros((0, tensors.shape[-1]), np.float32)
    hop = SpeechParams().hop_frames
    return np.concatenate([tensors[0, 0], *tensors[1:, 0, -hop:]])

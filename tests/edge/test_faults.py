"""Faults have the intended effect on the signals of the runtime's front ends."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edge.faults import FAULTS, hold_frames
from edge.frontends.face_crop import QUALITY as VISION
from edge.frontends.face_crop import describe_without_face
from edge.frontends.sound_level import QUALITY as AUDIO
from edge.frontends.speech import SpeechParams, segments
from edge.types import NS_PER_S, Word

SEVERITIES = (0.0, 0.3, 0.6, 1.0)


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def picture() -> np.ndarray:
    y, x = np.mgrid[0:120, 0:160]
    waves = 120 + 60 * np.sin(x / 3) * np.cos(y / 4)
    return np.repeat(waves[..., None], 3, axis=2).astype(np.uint8)


def speech() -> np.ndarray:
    """Syllables of a buzzing voice at -20 dBFS over a quiet room."""
    t = np.arange(48_000) / 16_000
    voice = sum(np.sin(2 * np.pi * 140 * n * t) / n for n in range(1, 20))
    room = rng().normal(0, 1e-3, len(t))
    return (0.12 * voice * (np.sin(2 * np.pi * 3 * t) > 0) + room).astype(np.float32)


def seen(fault: str, severity: float, signal: str) -> float:
    faulted = FAULTS["vision"][fault](picture(), severity, rng())
    return float(describe_without_face(faulted)[VISION.index(signal)])


def heard(fault: str, severity: float, signal: str) -> float:
    quality = segments(FAULTS["audio"][fault](speech(), severity, rng()), SpeechParams())[1]
    return float(quality[:, AUDIO.index(signal)].mean())


@pytest.mark.parametrize(
    ("fault", "signal", "direction"),
    [("dark", "brightness", -1), ("bright", "brightness", 1), ("blur", "sharpness", -1)],
)
def test_a_picture_gets_worse_with_severity(fault: str, signal: str, direction: int) -> None:
    values = [direction * seen(fault, severity, signal) for severity in SEVERITIES]
    assert values == sorted(values) and values[-1] > values[0]


@pytest.mark.parametrize(
    ("fault", "signal", "direction"),
    [
        ("noise", "flatness", 1),
        ("noise", "range_db", -1),
        ("hum", "floor_dbfs", 1),
        ("babble", "range_db", -1),
        ("clip", "clipping", 1),
        ("silence", "level_dbfs", -1),
        ("low_gain", "level_dbfs", -1),
        ("dropouts", "floor_dbfs", -1),
    ],
)
def test_sound_gets_worse_with_severity(fault: str, signal: str, direction: int) -> None:
    values = [direction * heard(fault, severity, signal) for severity in SEVERITIES]
    assert values == sorted(values) and values[-1] > values[0]


def test_an_occlusion_covers_its_share_of_the_picture() -> None:
    whole = picture()
    for severity in SEVERITIES:
        covered = FAULTS["vision"]["occluded"](whole, severity, rng())
        changed = float((covered != whole).any(axis=2).mean())
        assert changed == pytest.approx(0.81 * severity, abs=0.08)


def words(count: int = 200) -> list[Word]:
    return [Word(f"said{i}", i * NS_PER_S, (i + 1) * NS_PER_S, 0.9) for i in range(count)]


@pytest.mark.parametrize("severity", SEVERITIES)
def test_words_are_deleted_substituted_or_inserted_at_the_given_rate(severity: float) -> None:
    said = words()
    spoiled = {name: FAULTS["text"][name](said, severity, rng()) for name in FAULTS["text"]}
    assert len(spoiled["missing"]) == pytest.approx(200 * (1 - severity), abs=20)
    wrong = sum(not word.text.startswith("said") for word in spoiled["substituted"])
    assert len(spoiled["substituted"]) == 200 and wrong == pytest.approx(200 * severity, abs=20)
    assert len(spoiled["invented"]) == pytest.approx(200 * (1 + 3 * severity), abs=60)
    assert len(spoiled["late"]) == 200 - round(5 * severity)


CASES = [(stream, name) for stream, faults in FAULTS.items() for name in faults]
MATERIAL: dict[str, Callable[[], Any]] = {"vision": picture, "audio": speech, "text": words}


@pytest.mark.parametrize(("stream", "name"), CASES)
def test_a_fault_is_pure_and_the_same_for_the_same_seed(stream: str, name: str) -> None:
    material = MATERIAL[stream]()
    before = list(material) if stream == "text" else material.copy()
    first = FAULTS[stream][name](material, 0.7, rng())
    second = FAULTS[stream][name](material, 0.7, rng())
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(material, before)


@pytest.mark.parametrize(("stream", "name"), CASES)
def test_severity_zero_has_almost_no_effect(stream: str, name: str) -> None:
    material = MATERIAL[stream]()
    result = FAULTS[stream][name](material, 0.0, rng())
    if stream == "text":
        assert result == material
    elif stream == "vision":
        assert np.abs(result.astype(int) - material).max() <= 1
    else:
        noise = float(np.sqrt(np.mean((result - material) ** 2)))
        assert noise <= 0.05 * float(np.sqrt(np.mean(material**2)))


@pytest.mark.parametrize("shape", [(1, 1, 3), (7, 5), (48, 48), (480, 640, 3)])
@pytest.mark.parametrize("name", FAULTS["vision"])
def test_a_fault_accepts_pictures_of_any_size(name: str, shape: tuple[int, ...]) -> None:
    image = np.full(shape, 128, np.uint8)
    spoiled = FAULTS["vision"][name](image, 1.0, rng())
    assert spoiled.shape == shape and spoiled.dtype == np.uint8


@pytest.mark.parametrize("name", FAULTS["audio"])
@pytest.mark.parametrize("length", [0, 1, 320])
def test_a_fault_accepts_sound_of_any_length(name: str, length: int) -> None:
    spoiled = FAULTS["audio"][name](np.full(length, 0.1, np.float32), 1.0, rng())
    assert spoiled.shape == (length,) and spoiled.dtype == np.float32
    assert np.isfinite(spoiled).all()


def test_held_frames_repeat_the_one_before() -> None:
    frames = [np.full((2, 2), i, np.uint8) for i in range(100)]
    held = hold_frames(frames, 0.8, rng())
    assert len(held) == 100 and held[0] is frames[0]
    same = sum(a is b for a, b in itertools.pairwise(held))
    assert same == pytest.approx(79, abs=15)

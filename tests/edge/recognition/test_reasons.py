"""Measured signals name the likeliest cause."""

from __future__ import annotations

import pytest

from edge.frontends import QUALITY
from edge.recognition.reasons import REASONS, explain

WELL = {
    "text": dict(zip(QUALITY["text"], (2.0, 0.9, 0.5, 20.0), strict=True)),
    "audio": dict(zip(QUALITY["audio"], (-25.0, -60.0, 35.0, 0.0, 0.02, 0.9), strict=True)),
    "vision": dict(zip(QUALITY["vision"], (1.0, 0.5, 0.2, 2.8, 60.0, 0.0), strict=True)),
}


@pytest.mark.parametrize("stream", WELL)
def test_a_clean_stream_has_no_reason(stream: str) -> None:
    assert explain(stream, WELL[stream]) is None


@pytest.mark.parametrize(
    ("stream", "signals", "reason"),
    [
        ("vision", {"brightness": 0.03}, "dark"),
        ("vision", {"brightness": 0.03, "face": 0.0}, "dark"),
        ("vision", {"brightness": 0.03, "frozen_s": 60.0}, "dark"),
        ("vision", {"brightness": 0.97}, "over_exposed"),
        ("vision", {"face": 0.0}, "no_face"),
        ("vision", {"frozen_s": 2.5}, "frozen"),
        ("vision", {"sharpness": 0.3}, "blurred"),
        ("audio", {"level_dbfs": -90.0, "flatness": 1.0}, "silent"),
        ("audio", {"clipping": 0.3}, "clipped"),
        ("audio", {"flatness": 0.8, "clipping": 0.1}, "noisy"),
        ("audio", {"floor_dbfs": -20.0}, "noisy"),
        ("text", {"words": 0.0}, "no_words"),
    ],
)
def test_the_likeliest_cause_is_named(stream: str, signals: dict[str, float], reason: str) -> None:
    assert reason in REASONS
    assert explain(stream, {**WELL[stream], **signals}) == reason


def test_a_quiet_room_without_speech_is_silent_and_not_noisy() -> None:
    room = {"level_dbfs": -62.0, "floor_dbfs": -63.0, "range_db": 3.0, "voice": 0.02}
    assert explain("audio", {**WELL["audio"], **room, "flatness": 0.9}) == "silent"


def test_a_whisper_is_not_silent() -> None:
    whisper = {"level_dbfs": -58.0, "floor_dbfs": -66.0, "voice": 0.7, "flatness": 0.2}
    assert explain("audio", {**WELL["audio"], **whisper}) is None

"""Sound that ends long before the video: its words are not heard again when the video ends."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from fixtures import vosk_stand_in
from fixtures.media import write_clip
from fixtures.vosk_stand_in import a_model

import edge
from edge.types import NS_PER_MS

SOUND_S, VIDEO_S = 1.3, 5.5
"""Text is stale 3 s after the sound, and the stand-in's last utterance is not complete by then."""


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    monkeypatch.setitem(sys.modules, "vosk", vosk_stand_in)
    return str(a_model(tmp_path / "vosk-model-small-en-us"))


def test_in_a_file(model: str, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mkv", VIDEO_S, hole_s=(SOUND_S, VIDEO_S))
    with edge.open(file=clip, settings={"asr.model": model}) as run:
        _check([verdict.streams["text"].reason for verdict in run])


def test_in_a_session(model: str) -> None:
    grey = np.full((60, 80, 3), 100, np.uint8)
    verdicts = []
    with edge.Session(settings={"asr.model": model}) as session:
        for k in range(round(VIDEO_S * 25)):
            verdicts += session.push_frame(grey, k * 40 * NS_PER_MS)
            if k * 0.04 < SOUND_S:
                verdicts += session.push_samples(np.zeros(640, np.float32), k * 40 * NS_PER_MS)
        verdicts += session.finish()
    _check([verdict.streams["text"].reason for verdict in verdicts])


def _check(reasons: list[str | None]) -> None:
    assert None in reasons  # its words were used
    assert reasons[-2:] == ["stale", "stale"]

"""When a voice is another's: only on two seconds of voice beside a still mouth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from edge.frontends.face_crop import QUALITY as VISION
from edge.frontends.sound_level import QUALITY as AUDIO
from edge.recognition.speaking import another_speaks
from edge.types import NS_PER_S, Reading

END_NS = 10 * NS_PER_S


def at(count: int) -> list[int]:
    return [END_NS - 2 * NS_PER_S + (i + 1) * 2 * NS_PER_S // count for i in range(count)]


def faces(mouths: Sequence[float | None]) -> list[Reading]:
    empty = np.zeros(len(VISION), np.float32)
    # As of a recording, where a tuple is a list.
    return [
        Reading(t_ns, empty, None, 0.0, 0, {"box": [1, 2, 3, 4], "mouth": mouth})
        for t_ns, mouth in zip(at(len(mouths)), mouths, strict=True)
    ]


def sounds(voices: Sequence[float]) -> list[Reading]:
    made = []
    for t_ns, voice in zip(at(len(voices)), voices, strict=True):
        quality = np.zeros(len(AUDIO), np.float32)
        quality[AUDIO.index("voice")] = voice
        made.append(Reading(t_ns, quality, None, 0.0, 0))
    return made


STILL_FACE = faces([0.1] * 50)
SPEECH = sounds([0.95] * 20)


def test_a_voice_beside_a_still_mouth_is_anothers() -> None:
    assert another_speaks(STILL_FACE, SPEECH, END_NS, told=False)


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(faces([0.1] * 30 + [1.2] + [0.1] * 19), id="it moved once"),
        pytest.param(faces([0.1] * 15), id="too few frames"),
        pytest.param(faces([0.1] * 20 + [None] * 10 + [0.1] * 20), id="not judged for a while"),
        pytest.param(STILL_FACE[25:], id="a face for a second only"),
        pytest.param([], id="no camera"),
    ],
)
def test_a_face_that_may_have_spoken_is_believed(seen: list[Reading]) -> None:
    assert not another_speaks(seen, SPEECH, END_NS, told=False)
    assert not another_speaks(seen, SPEECH, END_NS, told=True)


def test_a_face_that_was_away_begins_anew() -> None:
    gone = Reading(STILL_FACE[20].t_ns, STILL_FACE[20].quality, None, 0.0, 0, {"box": None})
    seen = [*STILL_FACE[:20], gone, *STILL_FACE[21:]]
    assert not another_speaks(seen, SPEECH, END_NS, told=True)


@pytest.mark.parametrize(
    "heard",
    [
        pytest.param(sounds([0.05] * 20), id="noise"),
        pytest.param(sounds([0.95] * 12 + [0.1] * 8), id="a short word"),
        pytest.param(SPEECH[10:], id="a second of sound only"),
        pytest.param([], id="no microphone"),
    ],
)
def test_without_two_seconds_of_voice_nothing_is_told(heard: list[Reading]) -> None:
    assert not another_speaks(STILL_FACE, heard, END_NS, told=False)


def test_a_pause_does_not_take_it_back_and_silence_does() -> None:
    assert another_speaks(STILL_FACE, sounds([0.95] * 8 + [0.1] * 12), END_NS, told=True)
    assert not another_speaks(STILL_FACE, sounds([0.1] * 20), END_NS, told=True)


def test_a_microphone_that_nobody_listens_to_tells_nothing() -> None:
    heard = [Reading(s.t_ns, s.quality, None, 0.0, 0, {"heartbeat": True}) for s in SPEECH]
    assert not another_speaks(STILL_FACE, heard, END_NS, told=True)

"""A photograph before the camera while somebody speaks: the face is not believed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fixtures.film import Film, reasons, verdicts

from edge.config import load_config
from edge.demo.portrait import Portrait
from edge.demo.script import Phase, Script
from edge.recording.replay import Replay
from edge.runtime.adjusting import Adjusting
from edge.runtime.feed import Feed
from edge.runtime.run import Run
from edge.sources.base import CHUNK_SAMPLES, SAMPLE_RATE_HZ
from edge.types import NS_PER_S, Chunk, Float, Frame, Packet

FPS = 15
SECONDS = 6.0
WELL = (Phase("all well", 1.0),)


@pytest.fixture(scope="module")
def script() -> Script:
    return Script(SECONDS + 3, phases=WELL)


@pytest.fixture(scope="module")
def photograph() -> Callable[[int], np.ndarray]:
    """A photograph before a live camera, whose sensor has noise."""
    rng, picture = np.random.default_rng(0), Portrait().speaking(0.0)
    grain = rng.normal(0, 2, (FPS, *picture.shape)).round()
    made = [np.clip(picture + noise, 0, 255).astype(np.uint8) for noise in grain]
    return lambda index: made[index % FPS]


def filmed(
    picture: Callable[[int], np.ndarray], sound: Callable[[int, int], Float] | None, seconds: float
) -> list[Packet]:
    made: list[Packet] = [
        Frame(i * NS_PER_S // FPS, picture(i), i) for i in range(round(seconds * FPS))
    ]
    if sound is not None:
        for first in range(0, round(seconds * SAMPLE_RATE_HZ), CHUNK_SAMPLES):
            t_ns = first * NS_PER_S // SAMPLE_RATE_HZ
            made.append(Chunk(t_ns, sound(first, CHUNK_SAMPLES), SAMPLE_RATE_HZ, first))
    return sorted(made, key=lambda packet: packet.t_ns)


def test_a_photograph_beside_a_voice_is_dropped_and_the_voice_is_used(
    script: Script, photograph: Callable[[int], np.ndarray], tmp_path: Path
) -> None:
    found = verdicts(
        filmed(photograph, script.samples, SECONDS), f"record.folder={tmp_path / 'talk'}"
    )
    told = reasons(found)
    # The sentence begins at once; two seconds of it are needed.
    assert "not_this_face" not in told[:8]
    assert set(told[16:]) == {"not_this_face"}, told
    last = found[-1]
    assert last.mask == ("audio",)
    # The picture itself is good, and that is still told.
    assert (last.streams["vision"].reliability or 0) > 0.3
    replay = Replay(tmp_path / "talk")
    assert reasons(list(replay.verdicts())) == told
    assert (replay.compared, replay.differing) == (len(found), 0)


def test_a_microphone_that_is_switched_off_by_hand_tells_nothing_of_the_face(
    script: Script, photograph: Callable[[int], np.ndarray]
) -> None:
    film = Film(filmed(photograph, script.samples, SECONDS))
    config = load_config(None, ["asr.engine=none"], {})
    run = Run(config, lambda clock: [Feed(film, film.streams, lossless=True)])
    adjusting, found = Adjusting(run), []
    for verdict in run.verdicts():
        found.append(verdict)
        if verdict.seq == 4:
            adjusting.change("streams.audio", False)
        elif verdict.seq == 19:
            adjusting.change("streams.audio", True)
    told = reasons(found)
    assert "not_this_face" not in told[:20] and "not_this_face" in told[20:], told


def test_whoever_speaks_keeps_the_face(script: Script) -> None:
    def speaker(index: int) -> np.ndarray:
        return script.frame(round(index * 25 / FPS))

    told = reasons(verdicts(filmed(speaker, script.samples, SECONDS)))
    assert "not_this_face" not in told


def test_when_the_face_begins_to_speak_it_is_used_again(
    script: Script, photograph: Callable[[int], np.ndarray]
) -> None:
    def wakes(index: int) -> np.ndarray:
        return photograph(index) if index < 5 * FPS else script.frame(round(index * 25 / FPS))

    told = reasons(verdicts(filmed(wakes, script.samples, SECONDS + 2)))
    assert told[19] == "not_this_face"
    assert "recovering" in told[20:26]
    assert told[-1] is None, told


@pytest.mark.parametrize("level", [None, 0.0, 0.05], ids=["no microphone", "silence", "noise"])
def test_without_a_voice_a_photograph_is_a_face(
    photograph: Callable[[int], np.ndarray], level: float | None
) -> None:
    rng = np.random.default_rng(0)

    def hiss(first: int, count: int) -> Float:
        return rng.normal(0, level or 0.0, count).astype(np.float32)

    packets = filmed(photograph, None if level is None else hiss, 4.0)
    assert "not_this_face" not in reasons(verdicts(packets))


def test_it_can_be_switched_off(script: Script, photograph: Callable[[int], np.ndarray]) -> None:
    packets = filmed(photograph, script.samples, SECONDS)
    assert "not_this_face" not in reasons(verdicts(packets, "gate.watch_mouth=false"))

"""A file is read ahead and worked on in groups: how much is read, and what ends it."""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.asr.pocketsphinx import PocketSphinx
from edge.clock import Clock
from edge.config import load_config
from edge.errors import SourceError
from edge.frontends.face import FaceFrontEnd
from edge.frontends.speech import SpeechFrontEnd
from edge.recognition.verdict import Verdict
from edge.runtime import offline
from edge.runtime.feed import Feed
from edge.runtime.run import Run
from edge.sources.script import ScriptedSource
from edge.types import NS_PER_MS, Chunk, Frame, Packet

SMALL = np.zeros((48, 64, 3), np.uint8)
BROKEN_NS = 1600 * NS_PER_MS
"""Six steps of 0.25 s end before the packet of this time."""


def frame(index: int, bgr: NDArray[np.uint8]) -> Frame:
    return Frame(index * 40 * NS_PER_MS, bgr, index)


def sizes(packets: Iterator[Packet], until_ns: float = math.inf) -> list[int]:
    return [len(group) for group in offline._groups(packets, threading.Event(), until_ns)]


def small(index: int) -> NDArray[np.uint8]:
    return SMALL


def film(picture: Callable[[int], NDArray[np.uint8]] = small, **told: Any) -> Run:
    """Three seconds of these pictures and of silence, as a file is run."""

    def feeds(clock: Clock) -> list[Feed]:
        silence = lambda first, count: np.zeros(count, np.float32)  # noqa: E731
        source = ScriptedSource(picture, silence, 25, 3.0, clock)
        return [Feed(source, frozenset({"audio", "vision"}), lossless=True)]

    settings = {"asr.engine": "none", "vision.min_gap_ms": 0}
    settings |= {key.replace("__", "."): value for key, value in told.items()}
    return Run(load_config(None, [], settings), feeds)


def seen_by(monkeypatch: pytest.MonkeyPatch, kind: Any, name: str) -> list[Packet]:
    """The packets that this method will have been given."""
    given: list[Packet] = []
    method = getattr(kind, name)

    def called(self: Any, packet: Packet, *more: Any) -> Any:
        given.append(packet)
        return method(self, packet, *more)

    monkeypatch.setattr(kind, name, called)
    return given


def test_sound_and_small_pictures_are_read_two_seconds_ahead() -> None:
    assert sizes(frame(index, SMALL) for index in range(120)) == [51, 51, 18]
    sound = np.zeros(320, np.float32)
    chunks = (Chunk(i * 20 * NS_PER_MS, sound, 16_000, i * 320) for i in range(150))
    assert sizes(chunks) == [101, 49]


def test_large_pictures_are_not_all_kept() -> None:
    large = np.zeros((2160, 3840, 3), np.uint8)  # 24 MiB
    assert sizes(frame(index, large) for index in range(3)) == [1, 1, 1]


def test_nothing_is_read_beyond_the_packet_that_is_beyond_the_limit() -> None:
    packets = (frame(index, SMALL) for index in range(120))
    assert sizes(packets, 250 * NS_PER_MS) == [8]
    assert next(packets).index == 8


def test_what_was_read_before_a_damage_counts() -> None:
    def damaged() -> Iterator[Packet]:
        for index in range(3):
            yield frame(index, SMALL)
        raise SourceError("clip.mp4 is damaged.")

    groups = offline._groups(damaged(), threading.Event(), math.inf)
    assert len(next(groups)) == 3
    with pytest.raises(SourceError, match="is damaged"):
        next(groups)


def test_the_pictures_of_one_group_only_are_in_memory() -> None:
    made: list[weakref.ref[NDArray[np.uint8]]] = []
    alive = []

    def picture(index: int) -> NDArray[np.uint8]:
        bgr = np.zeros((480, 640, 3), np.uint8)
        made.append(weakref.ref(bgr))
        alive.append(sum(one() is not None for one in made))
        return bgr

    with film(picture) as run:
        assert len(list(run)) == 12
    # A group is 19; the newest is for a display, and the source draws two before they are read.
    assert len(made) == 75 and max(alive) <= 19 + 3


def test_what_lies_beyond_the_limit_is_not_worked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = seen_by(monkeypatch, FaceFrontEnd, "find")
    listened_to = seen_by(monkeypatch, SpeechFrontEnd, "process")
    heard = seen_by(monkeypatch, PocketSphinx, "accept")
    with film(asr__engine="pocketsphinx", seconds=0.25) as run:
        assert len(list(run)) == 1
    assert [packet.t_ns for packet in looked_at] == [k * 40 * NS_PER_MS for k in range(7)]
    assert heard == listened_to
    assert [packet.t_ns for packet in heard] == [k * 20 * NS_PER_MS for k in range(13)]


def test_a_stop_ends_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = seen_by(monkeypatch, FaceFrontEnd, "find")

    def picture(index: int) -> NDArray[np.uint8]:
        if index == 10:
            run.stop()
        return SMALL

    with film(picture) as run:
        assert list(run) == []
    assert looked_at == []


def test_a_stop_ends_speech_to_text(monkeypatch: pytest.MonkeyPatch) -> None:
    accept, heard = PocketSphinx.accept, []

    def third_stops(self: PocketSphinx, chunk: Chunk) -> Any:
        heard.append(chunk)
        if len(heard) == 3:
            run.stop()
        return accept(self, chunk)

    monkeypatch.setattr(PocketSphinx, "accept", third_stops)
    with film(asr__engine="pocketsphinx") as run:
        assert list(run) == []
    assert len(heard) == 3


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (FaceFrontEnd, "find"),
        (FaceFrontEnd, "process"),
        (SpeechFrontEnd, "process"),
        (PocketSphinx, "accept"),
    ],
)
def test_an_error_ends_the_run_after_the_verdicts_before_it(
    kind: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = getattr(kind, name)

    def breaks(self: Any, packet: Packet, *more: Any) -> Any:
        if packet.t_ns == BROKEN_NS:
            raise ValueError("It is torn.")
        return method(self, packet, *more)

    monkeypatch.setattr(kind, name, breaks)
    verdicts: list[Verdict] = []
    asr = "pocketsphinx" if kind is PocketSphinx else "none"
    with film(asr__engine=asr) as run, pytest.raises(ValueError, match="It is torn"):
        verdicts.extend(run)
    assert len(verdicts) == 6

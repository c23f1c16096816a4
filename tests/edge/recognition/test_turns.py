"""Whose voice it is: of the mouth that moves while a voice is heard."""

from __future__ import annotations

import numpy as np
import pytest

from edge.frontends.face_crop import QUALITY as VISION
from edge.frontends.sound_level import QUALITY as AUDIO
from edge.recognition.turns import Turns, who_speaks
from edge.types import NS_PER_S, Reading

END_NS = 10 * NS_PER_S


def mouth(moves: float | None, count: int = 25) -> list[Reading]:
    empty = np.zeros(len(VISION), np.float32)
    return [
        Reading(END_NS - k * NS_PER_S // count, empty, None, 0.0, 0, {"mouth": moves})
        for k in range(count)
    ]


def sound(voice: float, heartbeat: bool = False) -> list[Reading]:
    quality = np.zeros(len(AUDIO), np.float32)
    quality[AUDIO.index("voice")] = voice
    detail: dict[str, object] = {"heartbeat": True} if heartbeat else {}
    return [Reading(END_NS - k * NS_PER_S // 10, quality, None, 0.0, 0, detail) for k in range(10)]


SPEAKS, LISTENS = mouth(0.9), mouth(0.1)


def test_the_voice_is_of_the_mouth_that_moves() -> None:
    assert who_speaks({1: LISTENS, 2: SPEAKS}, sound(0.9), END_NS, None) == 2
    assert who_speaks({1: LISTENS, 2: SPEAKS}, sound(0.9), END_NS, 1) == 2


@pytest.mark.parametrize("sounds", [[], sound(0.1), sound(0.9, heartbeat=True)])
def test_without_a_voice_nobody_speaks(sounds: list[Reading]) -> None:
    assert who_speaks({1: LISTENS, 2: SPEAKS}, sounds, END_NS, 2) is None


@pytest.mark.parametrize("other", [mouth(0.1), mouth(None), mouth(0.9, count=3), []])
def test_where_no_mouth_moves_the_voice_is_nobodys(other: list[Reading]) -> None:
    assert who_speaks({1: LISTENS, 2: other}, sound(0.9), END_NS, None) is None


def test_of_two_who_move_alike_the_one_before_keeps_the_turn() -> None:
    both = {1: mouth(0.8), 2: mouth(0.9)}
    assert who_speaks(both, sound(0.9), END_NS, 1) == 1
    assert who_speaks(both, sound(0.9), END_NS, None) is None
    assert who_speaks({1: LISTENS, **both}, sound(0.9), END_NS, 7) is None


def test_a_single_face_has_the_voice_whatever_its_mouth_does() -> None:
    assert who_speaks({3: LISTENS}, sound(0.1), END_NS, None) == 3
    assert who_speaks({3: []}, [], END_NS, None) == 3


def test_who_begins_to_speak_has_the_second_before_unless_another_spoke() -> None:
    turns = Turns(keep_ns=60, claim_ns=10)
    turns.take(20, 1)
    assert [turns.whose(t) for t in (10, 11, 20, 21)] == [None, 1, 1, None]
    turns.take(25, 2)
    assert [turns.whose(t) for t in (15, 20, 21, 25)] == [1, 1, 2, 2]
    turns.take(30, None)
    turns.take(50, 2)
    assert [turns.whose(t) for t in (30, 40, 41, 50)] == [None, None, 2, 2]
    assert turns.speaker == 2


def test_turns_of_long_ago_are_forgotten() -> None:
    turns = Turns(keep_ns=20, claim_ns=10)
    for end_ns in (10, 20, 30, 100):
        turns.take(end_ns, 1 if end_ns < 100 else 2)
    assert [turns.whose(t) for t in (15, 25, 95)] == [None, None, 2]

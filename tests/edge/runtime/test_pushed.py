"""What a session makes of pushes: every window once, and misuse refused in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import edge
from edge.types import NS_PER_MS, NS_PER_S

PICTURE = np.zeros((64, 64, 3), np.uint8)
WORD = edge.Word("hello", 0, NS_PER_S, 0.9)


def ends_of(piece: int, seconds: int = 2) -> list[int]:
    sound = (0.1 * np.random.default_rng(0).standard_normal(16_000 * seconds)).astype(np.float32)
    with edge.Session(streams=["audio"], asr="none") as session:
        verdicts = []
        for first in range(0, len(sound), piece):
            t_ns = first * NS_PER_S // 16_000
            verdicts += session.push_samples(sound[first : first + piece], t_ns)
        verdicts += session.finish()
    assert verdicts[0].span_ns[0] == 0
    return [verdict.span_ns[1] for verdict in verdicts]


@pytest.mark.parametrize("piece", [100, 320, 4000, 16_000, 24_000, 32_000])
def test_sound_in_pieces_of_any_length_gives_the_same_windows(piece: int) -> None:
    assert ends_of(piece) == [k * 250 * NS_PER_MS for k in range(1, 9)]


def test_a_jump_of_an_hour_skips_the_windows_in_which_nothing_was_pushed() -> None:
    with edge.Session(asr="none") as session:
        session.push_frame(PICTURE, 0)
        verdicts = session.push_frame(PICTURE, 3600 * NS_PER_S)
    assert len(verdicts) < 20
    assert [verdict.seq for verdict in verdicts] == list(range(len(verdicts)))


def test_less_than_a_step_has_a_verdict_at_the_end_as_in_a_file() -> None:
    with edge.Session(streams=["vision"], asr="none") as session:
        for k in range(6):
            assert session.push_frame(PICTURE, k * 40 * NS_PER_MS) == []
        assert [v.span_ns for v in session.finish()] == [(0, 200 * NS_PER_MS)]
        assert session.finish() == []


def silence(count: int = 1600, channels: int = 1) -> Any:
    return np.zeros((count, channels), np.float32)


@pytest.mark.parametrize(
    ("push", "part"),
    [
        (lambda s: s.push_samples(silence(), 10**18), "one clock"),
        (lambda s: s.push_frame([[1, 2], [3]], 1), "no array"),
        (lambda s: s.push_frame(PICTURE, 2**63), "nanoseconds between"),
        (lambda s: s.push_samples(silence(), 0, rate_hz="16000"), "rate_hz"),
        (lambda s: s.push_samples(silence(2, 320), 0), "transpose"),
        (lambda s: s.push_words(["hello"], 0), "edge.Word"),
        (lambda s: s.push_words(None, 0), "edge.Word"),
        (lambda s: s.push_words([], None), "heard_ns"),
        (lambda s: s.push_words([WORD, edge.Word("a", 0, 1, 0.5)], 0), "order of their times"),
    ],
)
def test_a_bad_push_is_refused_in_one_sentence_and_the_session_continues(
    push: Callable[[edge.Session], object], part: str
) -> None:
    with edge.Session(asr="none") as session:
        session.push_frame(PICTURE, 0)
        with pytest.raises(edge.SourceError, match=part) as refused:
            push(session)
        assert "\n" not in str(refused.value)
        session.push_samples(silence(), 0)
        session.push_words([WORD], NS_PER_S)
        session.push_frame(PICTURE, NS_PER_S // 2)
        assert session.finish()


@pytest.mark.parametrize(
    "given",
    [
        {"streams": "vision"},
        {"streams": 5},
        {"streams": []},
        {"bundle": 5},
        {"settings": {"seconds": 1.0}},
        {"settings": {"source.file": "clip.mp4"}},
    ],
)
def test_what_a_session_cannot_obey_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(edge.ConfigError):
        edge.Session(**given)


def test_words_are_refused_while_the_session_recognises_speech_itself() -> None:
    with edge.Session() as session, pytest.raises(edge.ConfigError, match="asr="):
        session.push_words([WORD], NS_PER_S)


def test_a_session_that_has_finished_or_was_closed_takes_nothing_more() -> None:
    session = edge.Session(streams=["vision"], asr="none")
    session.push_frame(PICTURE, 0)
    session.finish()
    with pytest.raises(edge.ConfigError, match="has finished"):
        session.push_frame(PICTURE, 1)
    session.close()
    session.close()
    for use in (session.finish, session.__enter__, lambda: session.push_frame(PICTURE, 2)):
        with pytest.raises(edge.ConfigError, match="was closed"):
            use()

"""A stream that contradicts the others and what was said before is found; a doubtful one is not."""

from __future__ import annotations

import numpy as np
import pytest

from edge.recognition.agreement import (
    SMOOTHING,
    Agreement,
    contradicting,
    expressed,
    follow,
    remember,
)
from edge.types import STREAMS

BELOW = -1.25
EVERY = np.ones(3, bool)


def answers(**labels: int) -> np.ndarray:
    """Each stream is fairly sure of its label, of three; one without a label says nothing."""
    rows = []
    for stream in STREAMS:
        row = np.full(3, 1 / 3)
        if stream in labels:
            row = np.full(3, 0.05)
            row[labels[stream]] = 0.9
        rows.append(row)
    return np.array(rows, np.float32)


SAME = answers(text=0, audio=0, vision=0)
LIE = answers(text=0, audio=0, vision=1)


def after(steps: list[np.ndarray], trusted: np.ndarray = EVERY) -> tuple[Agreement, str | None]:
    state, found = Agreement(), None
    for step in steps:
        state = follow(state, step, trusted)
        found = contradicting(state, BELOW, found)
        state = remember(state, step, trusted & np.array([s != found for s in STREAMS]))
    return state, found


def test_streams_that_say_the_same_agree() -> None:
    state, found = after([SAME] * 20)
    assert found is None
    assert (state.mean > 0).all()


def test_a_face_that_begins_to_contradict_voice_and_words_is_found() -> None:
    assert after([SAME] * 20 + [LIE] * 8)[1] == "vision"


def test_the_first_step_alone_drops_nobody() -> None:
    assert after([LIE])[1] is None


def test_it_contradicts_no_more_when_it_says_the_same_again() -> None:
    assert after([SAME] * 20 + [LIE] * 8 + [SAME] * 8)[1] is None


def test_a_stream_that_knows_nothing_contradicts_nobody() -> None:
    assert after([answers(text=0, audio=0)] * 20)[1] is None


def test_of_two_streams_nobody_knows_which_is_wrong() -> None:
    trusted = np.array([stream != "text" for stream in STREAMS])
    state, found = after([SAME] * 20 + [LIE] * 20, trusted)
    assert found is None
    assert np.isnan(state.mean[STREAMS.index("text")])


def test_the_memory_tells_which_one_lies_where_the_others_are_unsure() -> None:
    unsure = answers(vision=1)
    assert after([unsure] * 8)[1] is None
    assert after([SAME] * 60 + [unsure] * 8)[0].mean[STREAMS.index("vision")] < -0.5


def test_a_change_of_everything_is_believed() -> None:
    changed = answers(text=1, audio=1, vision=1)
    state, found = after([SAME] * 60 + [changed] * 12)
    assert found is None
    assert (state.mean > 0).all()


def test_a_neutral_voice_beside_a_smile_is_no_contradiction() -> None:
    labels = ("neutral", "happy", "sad")
    calm = answers(text=1, audio=0, vision=1)
    assert after([calm] * 12)[1] == "audio"
    assert after([expressed(calm, labels)] * 12)[1] is None
    sad = answers(text=1, audio=2, vision=1)
    assert after([expressed(sad, labels)] * 12)[1] == "audio"
    assert expressed(calm, labels).sum(axis=1) == pytest.approx(1.0)


def test_agreement_is_the_log_ratio_of_one_person_to_anybody() -> None:
    state = follow(Agreement(), LIE, EVERY)
    expected = SAME[0] * SAME[1]
    expected /= expected.sum()
    assert state.mean[STREAMS.index("vision")] == pytest.approx(
        SMOOTHING * np.log(3 * (expected * LIE[2]).sum()), rel=1e-4
    )

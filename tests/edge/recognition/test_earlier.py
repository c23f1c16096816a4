"""What a stream gave before it became unreliable counts while the window has it."""

from __future__ import annotations

import numpy as np
import pytest

from edge.recognition.earlier import Earlier
from edge.recognition.gate import DISAGREES, RECOVERING, UNRELIABLE, Decision
from edge.recognition.window import EMPTY, StreamWindow
from edge.types import MASK_ROWS, STREAMS


def window(value: float) -> StreamWindow:
    return StreamWindow(np.full(4, value, np.float32), None, 0, 0, 1.0)


def decision(**rules: str) -> Decision:
    """All streams but these are used."""
    used = frozenset(STREAMS).difference(rules)
    reasons: dict[str, str | None] = dict.fromkeys(STREAMS) | rules
    return Decision(MASK_ROWS[used], used, reasons, dict.fromkeys(STREAMS), 0.9, False, rules)


NOW = dict.fromkeys(STREAMS, window(1.0))
WELL = decision()


def test_the_last_window_that_was_used_counts_at_once_and_then_what_is_left_of_it() -> None:
    earlier = Earlier()
    earlier.follow(WELL, NOW, 100)
    assert earlier.until_ns == {}
    noisy = decision(audio=UNRELIABLE)
    assert earlier.windows(noisy, {}) == {"audio": NOW["audio"]}
    earlier.follow(noisy, dict.fromkeys(STREAMS, window(2.0)), 200)
    assert earlier.until_ns == {"audio": 100}
    rest = window(0.5)
    assert earlier.windows(noisy, {"audio": rest}) == {"audio": rest}
    earlier.follow(noisy, NOW, 300)
    assert earlier.until_ns == {"audio": 100}
    assert earlier.windows(noisy, {"audio": EMPTY}) == {}


def test_while_a_stream_recovers_the_same_counts_and_then_its_whole_window() -> None:
    earlier = Earlier()
    earlier.follow(WELL, NOW, 100)
    earlier.follow(decision(vision=UNRELIABLE), NOW, 200)
    recovering = decision(vision=RECOVERING)
    assert earlier.windows(recovering, {"vision": window(0.5)}).keys() == {"vision"}
    earlier.follow(recovering, NOW, 300)
    assert earlier.windows(WELL, {}) == {}
    earlier.follow(WELL, NOW, 400)
    assert earlier.until_ns == {}


@pytest.mark.parametrize("rule", [DISAGREES, "other_person", "not_this_face"])
def test_what_contradicts_or_is_of_another_never_counts_not_even_while_it_recovers(
    rule: str,
) -> None:
    earlier = Earlier()
    earlier.follow(WELL, NOW, 100)
    denied = decision(vision=rule)
    assert earlier.windows(denied, {}) == {}
    earlier.follow(denied, NOW, 200)
    assert earlier.windows(decision(vision=RECOVERING), {}) == {}


def test_words_do_not_count_because_they_have_a_look_back_of_their_own() -> None:
    earlier = Earlier()
    earlier.follow(WELL, NOW, 100)
    assert earlier.windows(decision(text=UNRELIABLE), {}) == {}


def test_a_stream_that_was_never_used_has_nothing_to_count() -> None:
    assert Earlier().windows(decision(audio=UNRELIABLE), {}) == {}

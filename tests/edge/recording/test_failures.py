"""A step of a recording is told which streams an engine's failure closed in it."""

from __future__ import annotations

from typing import Any

import pytest

from edge.recording import failures
from edge.recording.events import Ended, Event, Judged, Observed, Read, Stepped
from edge.recording.failures import with_failures


def step(end_ns: int) -> Stepped:
    return Stepped(
        kind="step", end_ns=end_ns, wall_ns=0, origin_ns=0, is_media=False, links={}, phase=None
    )


def judged(person: int | None = None, **reasons: str | None) -> Judged:
    streams = {name: {"reason": reason} for name, reason in reasons.items()}
    whose = {} if person is None else {"person": person}
    return Judged(kind="verdict", verdict={"streams": streams, **whose})


SEEN = Observed(kind="observation", stream="vision", t_ns=0, quality=(), detail={})
READ = Read(kind="words", utterances=(), heard_ns=0)
END = Ended(kind="end", cause=None)


def told(*log: Event) -> list[set[str]]:
    """What each step is told; everything comes through, in its order."""
    found = list(with_failures([(event, None) for event in log]))
    assert [event for event, _, _ in found] == list(log)
    return [set(failed.get(None, ())) for event, _, failed in found if isinstance(event, Stepped)]


def test_a_step_is_told_what_its_own_verdict_says() -> None:
    assert told(
        *(SEEN, step(1), SEEN, READ, judged(text="engine_failed", vision="dark")),
        *(step(2), judged(text=None), step(3), judged(audio="engine_failed"), END),
    ) == [{"text"}, set(), {"audio"}]


def test_a_step_of_several_people_is_told_what_each_of_its_verdicts_says() -> None:
    log: list[Event] = [
        *(step(1), SEEN, judged(1, text="engine_failed"), judged(2, text=None), SEEN),
        *(step(2), judged(2, audio="engine_failed"), END),
    ]
    found = with_failures([(event, None) for event in log])
    steps = [failed for event, _, failed in found if isinstance(event, Stepped)]
    assert steps == [{1: {"text"}, 2: set()}, {2: {"audio"}}]


def test_a_step_without_a_verdict_is_told_nothing() -> None:
    assert told(step(1), SEEN, step(2), judged(text="engine_failed"), step(3), SEEN) == [
        set(),
        {"text"},
        set(),
    ]


@pytest.mark.parametrize("verdict", [{}, {"streams": 5}, {"streams": {"text": [1]}}])
def test_a_verdict_that_was_altered_closes_nothing(verdict: dict[str, Any]) -> None:
    assert told(step(1), Judged(kind="verdict", verdict=verdict)) == [set()]


def test_a_log_without_verdicts_is_not_read_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "LOOK_AHEAD", 3)
    assert told(step(1), *[SEEN] * 9, judged(text="engine_failed")) == [set()]

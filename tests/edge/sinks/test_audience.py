"""Verdicts of several people, which come one by one: the newest of each, and what waits."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

from fixtures.verdicts import verdict

from edge.sinks.http.audience import WAITING, Audience, Subscriber
from edge.sinks.http.people import People


def of(seq: int, person: int | None) -> dict[str, Any]:
    """The JSON object of one person's verdict of step `seq`."""
    return replace(verdict(seq), person=person).to_dict()


def test_nobody_is_missing_in_the_middle_of_a_step() -> None:
    people = People()
    firsts = [people.take(of(0, person)) for person in (1, 2, 3)]
    for seq in (1, 2):
        firsts += [people.take(of(seq, 1))]
        assert told(people) == [(1, seq), (2, seq - 1), (3, seq - 1)]
        firsts += [people.take(of(seq, 2))]
        assert told(people) == [(1, seq), (2, seq), (3, seq - 1)]
        firsts += [people.take(of(seq, 3))]
        assert told(people) == [(1, seq), (2, seq), (3, seq)]
    assert firsts == [True, False, False] * 3


def test_who_has_no_verdict_in_a_step_is_gone_from_the_next_one_on() -> None:
    people = People()
    for person in (1, 2, 3):
        people.take(of(0, person))
    for person in (1, 3):
        people.take(of(1, person))
    people.take(of(2, 1))
    assert told(people) == [(1, 2), (3, 1)]
    people.take(of(3, None))
    assert told(people) == [(None, 3)]


def told(people: People) -> list[tuple[int | None, int]]:
    return [(one.get("person"), one["seq"]) for one in people.all()]


def test_sixteen_steps_wait_for_a_subscriber_however_many_people_each_has() -> None:
    audience = Audience()
    slow = audience.join()
    six, sent = (1, 2, 3, 4, 5, 6), 0
    for seq in range(WAITING):
        for person in six if seq < 10 else (1,):  # then five leave
            audience.take(of(seq, person))
            sent += 1
    assert (slow.waiting, slow.lost) == (sent, 0)
    for person in six:
        audience.take(of(WAITING, person))
    assert (slow.waiting, slow.lost) == (sent, 6)  # the oldest step, as a whole
    audience.end()
    left = [(one["seq"], one["person"]) for one in asyncio.run(taken(slow))]
    assert left[:6] == [(1, person) for person in six]
    assert left[-6:] == [(WAITING, person) for person in six]
    assert len(left) == sent and slow.waiting == 0


def test_a_subscriber_that_reads_within_a_step_gets_its_other_verdicts() -> None:
    audience = Audience()
    reader = audience.join()
    audience.take(of(0, 1))
    asyncio.run(reader.get())
    audience.take(of(0, 2))
    audience.take(of(0, 3))
    audience.end()
    assert [one["person"] for one in asyncio.run(taken(reader))] == [2, 3]


async def taken(one: Subscriber) -> list[dict[str, Any]]:
    """All that waits, to the end of the run."""
    lines = []
    while (line := await one.get()) is not None:
        lines.append(json.loads(line))
    return lines

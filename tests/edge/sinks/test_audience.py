"""Whose verdicts are the newest while a step's come one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fixtures.verdicts import verdict

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

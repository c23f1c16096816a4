"""Outputs that follow one person."""

from __future__ import annotations

from dataclasses import replace

from fixtures.verdicts import verdict

from edge.recognition.verdict import Verdict
from edge.sinks.first_person import FirstPerson


def passed(*given: Verdict) -> list[tuple[int, int | None]]:
    found: list[Verdict] = []
    first = FirstPerson(found.append)
    for one in given:
        first.write(one)
    return [(one.seq, one.person) for one in found]


def of(seq: int, person: int) -> Verdict:
    return replace(verdict(seq), person=person)


def test_the_first_of_each_step_is_passed_on() -> None:
    steps = [of(0, 1), of(0, 2), of(1, 1), of(1, 2), of(2, 2), of(2, 3), verdict(3)]
    assert passed(*steps) == [(0, 1), (1, 1), (2, 2), (3, None)]


def test_without_people_all_is_passed_on() -> None:
    assert passed(verdict(0), verdict(1), verdict(5)) == [(0, None), (1, None), (5, None)]

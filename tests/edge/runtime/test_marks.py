"""Marks: dated on the run's clock, in the verdicts of their step, bounded, told to the log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fixtures.verdicts import verdict
from jsonschema import validate

from edge.clock import HandClock
from edge.config import load_config
from edge.demo.script import demo_run
from edge.recognition.verdict import verdict_schema
from edge.runtime import marks as module
from edge.runtime.marks import AGE_LIMIT_NS, Marks
from edge.runtime.telemetry import Telemetry


class Timed:
    """What `Marks` needs of a run."""

    offline = False

    def __init__(self) -> None:
        self.clock, self.telemetry = HandClock(), Telemetry()
        self.told: list[tuple[str, Any]] = []
        self.telemetry.listen(lambda event, facts: self.told.append((event, dict(facts))))


def marks_of(run: Any) -> Marks:
    return Marks(run)


def test_a_mark_is_in_the_first_step_that_ends_after_it_and_in_all_its_verdicts() -> None:
    run = Timed()
    marks, first, second = marks_of(run), verdict(0), verdict(1)
    run.clock.advance_to(first.span_ns[1] + 1)
    assert marks.set(" she\nsmiles\x00 " + "x" * 300)
    assert marks.joined(first) is first
    for _ in range(2):  # two people
        (mark,) = marks.joined(second).marks
        assert mark.t_ns == first.span_ns[1] + 1
        assert mark.text.startswith("she smiles xx") and len(mark.text) == 200
    assert not marks.joined(verdict(2)).marks
    validate(json.loads(marks.joined(second).to_json()), verdict_schema())
    assert run.told == [("mark", {"at_ns": first.span_ns[1] + 1})]  # without the text


@pytest.mark.parametrize(("age_ns", "dated_ns"), [(10**8, 10**8), (10**15, AGE_LIMIT_NS), (-5, 0)])
def test_the_way_to_the_run_is_subtracted_and_nothing_is_set_long_ago(
    age_ns: int, dated_ns: int
) -> None:
    run = Timed()
    marks, one = marks_of(run), verdict(100)
    run.clock.advance_to(one.span_ns[1])
    marks.set("", age_ns)
    (mark,) = marks.joined(one).marks
    assert one.span_ns[1] - mark.t_ns == dated_ns


def test_a_run_takes_so_many_marks_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MARKS_LIMIT", 2)
    run = Timed()
    marks = marks_of(run)
    assert [marks.set("") for _ in range(4)] == [True, True, False, False]
    assert run.telemetry.notes == ["The run has 2 marks, and takes no more."]


def test_a_mark_of_a_run_is_dated_on_its_clock(tmp_path: Path) -> None:
    with demo_run(load_config(None, [], {"asr.engine": "none"}), 2, HandClock()) as run:
        marks, found = Marks(run), []
        for one in map(marks.joined, run):
            found += [(one.seq, mark.t_ns, one.span_ns[1]) for mark in one.marks]
            if one.seq == 2:
                marks.set("now")
                set_ns = run.clock.now_ns()
        ((seq, t_ns, end_ns),) = found
    assert (t_ns == set_ns) and seq in (2, 3) and end_ns >= t_ns

"""Consecutive verdicts with the same answer become one span of time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from edge.annotation.lines import Line, NumberLine
from edge.annotation.verdicts import NS_PER_MS, Moment, Verdicts
from edge.types import STREAMS

UNSURE = "unsure"
MARK = "mark"
"""The text of a mark without one."""
NONE = "none of the labels"
NUMBER_STEPS = 50
"""A number is rounded to decimals by which its range has this many steps or more: it changes with
every verdict, and unrounded each would be a span of its own."""


@dataclass(slots=True)
class Span:
    """A stretch of time with one answer.

    Attributes:
        text: The answer, or the reason of a drop.
        unsure: The answer was withheld.
    """

    begin_ms: int
    end_ms: int
    text: str
    unsure: bool = False
    _sum: float = 0.0
    _known_ms: int = 0

    @property
    def confidence(self) -> float | None:
        """Mean over the time, None where no verdict has one."""
        return self._sum / self._known_ms if self._known_ms else None

    def grow(self, moment: Moment) -> None:
        """Take the moment that follows."""
        self.end_ms = moment.end_ms
        if moment.line.confidence is not None:
            lasts_ms = moment.end_ms - moment.begin_ms
            self._sum += moment.line.confidence * lasts_ms
            self._known_ms += lasts_ms


class Track(list[Span]):
    """Spans that do not overlap, in order."""

    def add(self, moment: Moment, text: str, unsure: bool = False) -> None:
        """Extend the last span if it says the same and touches; otherwise begin one."""
        if moment.begin_ms == moment.end_ms:  # a verdict that covers nothing new
            return
        last = self[-1] if self else None
        same = last is not None and (last.text, last.unsure) == (text, unsure)
        if last is None or not same or last.end_ms != moment.begin_ms:
            last = Span(moment.begin_ms, moment.begin_ms, text, unsure)
            self.append(last)
        last.grow(moment)


@dataclass(frozen=True, slots=True)
class Point:
    """A mark that somebody set while the run ran."""

    t_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Spans:
    """All that a run says, as spans.

    Attributes:
        answers: The whole answer: `happy`; `joy, surprise` or `none of the labels`; `1.2 points`;
            `unsure`.
        by_label: Of bundles with several labels: when each was given. They overlap.
        unsure: When the answer was withheld.
        drops: For each stream, when it was not used, and why.
        marks: In the order of time.
    """

    answers: Track = field(default_factory=Track)
    by_label: dict[str, Track] = field(default_factory=dict)
    unsure: Track = field(default_factory=Track)
    drops: dict[str, Track] = field(default_factory=lambda: {name: Track() for name in STREAMS})

    marks: list[Point] = field(default_factory=list)

    def codes(self) -> list[Span]:
        """A span for each label by itself, in order of time: what a coder would have marked."""
        if not self.by_label:
            return list(self.answers)
        spans = [span for track in (*self.by_label.values(), self.unsure) for span in track]
        return sorted(spans, key=lambda span: (span.begin_ms, span.end_ms))


def spans_of(verdicts: Verdicts, with_unsure: bool) -> Spans:
    """One pass over the verdicts.

    Args:
        verdicts: Of one run.
        with_unsure: Withheld answers are spans; otherwise there is nothing at that time.
    """
    spans = Spans()
    if verdicts.kind == "labels":
        spans.by_label.update({label: Track() for label in verdicts.labels})
    for moment in verdicts:
        line = moment.line
        spans.marks.extend(_points(moment))
        for name, stream in line.streams.items():
            if stream.state != "used" and stream.reason is not None:
                spans.drops[name].add(moment, stream.reason)
        if not line.unsure:
            spans.answers.add(moment, answer_of(line, verdicts.labels))
            for label in line.labels or ():
                spans.by_label[label].add(moment, label)
        elif with_unsure:
            spans.answers.add(moment, UNSURE, unsure=True)
            spans.unsure.add(moment, UNSURE, unsure=True)
    spans.marks.sort(key=lambda mark: mark.t_ms)
    return spans


def _points(moment: Moment) -> list[Point]:
    """Marks count from the window's end: a film that is read at full speed has no other clock."""
    end_ns, end_ms = moment.line.span_ns[1], moment.end_ms
    return [
        Point(max(0, end_ms - max(0, round((end_ns - mark.t_ns) / NS_PER_MS))), mark.text or MARK)
        for mark in moment.line.marks
    ]


def answer_of(line: Line, labels: tuple[str, ...]) -> str:
    """The answer of a verdict that gives one. Several labels are in the order of `labels`: that of
    their probability changes while the answer does not."""
    if line.number is not None and line.value is not None:
        return f"{rounded(line.value, line.number)} {line.number.unit}".rstrip()
    if line.labels is not None:
        return ", ".join(label for label in labels if label in line.labels) or NONE
    return str(line.label)


def rounded(value: float, number: NumberLine) -> str:
    """The number with as many decimals as `NUMBER_STEPS` needs."""
    step = (number.high - number.low) / NUMBER_STEPS
    if not 0 < step < math.inf:
        return f"{value:.4g}"
    decimals = math.ceil(-math.log10(step))
    return f"{round(value, decimals) + 0.0:.{max(0, decimals)}f}"  # + 0.0: never "-0.0"

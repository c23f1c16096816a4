"""The last minute of a run for the page: points, spans in which a stream was not used, events."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from edge.types import STREAMS

HISTORY_LIMIT_S = 60.0
STEPS_LIMIT = 3000
"""A minute at fifty steps a second."""
EVENTS_LIMIT = 50
SHOWN_LATENCIES_LIMIT = 240
Line = dict[str, Any]
"""A verdict's JSON object."""


@dataclass(frozen=True, slots=True)
class Point:
    """One stream in one step. `t_s` counts from the run's first step."""

    t_s: float
    reliability: float | None
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Span:
    """A span in which a stream was not used for one reason, from `start_s` to `end_s`."""

    start_s: float
    end_s: float
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """A change of a stream's use."""

    t_s: float
    stream: str
    text: str


class History:
    """Takes verdicts in order. One thread writes; any thread may read between two writes."""

    def __init__(self) -> None:
        self.points: dict[str, deque[Point]] = {s: deque(maxlen=STEPS_LIMIT) for s in STREAMS}
        self.events: deque[Event] = deque(maxlen=EVENTS_LIMIT)
        self.latency_ms: dict[str, deque[float]] = {}
        self.newest: Line | None = None
        self.now_s = 0.0
        self._first_ns: int | None = None

    def add(self, line: Line) -> None:
        """Add the next verdict."""
        end_ns = int(line["span_ns"][1])
        if self._first_ns is None:
            self._first_ns = end_ns
        self.now_s = (end_ns - self._first_ns) / 1e9
        for stream, points in self.points.items():
            shown = line["streams"][stream]
            point = Point(self.now_s, shown["reliability"], shown["state"], shown["reason"])
            if points and (text := what_changed(points[-1], point)):
                self.events.append(Event(self.now_s, stream, text))
            points.append(point)
            while points[0].t_s < self.now_s - HISTORY_LIMIT_S:
                points.popleft()
        for stage, ms in line["latency_ms"].items():
            self.latency_ms.setdefault(stage, deque(maxlen=SHOWN_LATENCIES_LIMIT)).append(ms)
        self.newest = line

    def spans(self, stream: str) -> list[Span]:
        """The spans in which `stream` was not used, oldest first; the last may be unfinished."""
        spans: list[Span] = []
        before: Point | None = None
        for point in self.points[stream]:
            continues = before is not None and _why(before) == _why(point) and bool(spans)
            if spans and before is not None and before.state != "used":
                # It lasted until this step, in any state of this step.
                last = spans[-1]
                spans[-1] = Span(last.start_s, point.t_s, last.state, last.reason)
            if point.state != "used" and not continues:
                spans.append(Span(point.t_s, point.t_s, point.state, point.reason))
            before = point
        return spans


def what_changed(before: Point, after: Point) -> str | None:
    """The text of an event from one step to the next; None if nothing changed."""
    if _why(before) == _why(after):
        return None
    if after.state == "used":
        return "is used again" if before.reason != "starting" else "is used"
    if before.state == after.state:
        return f"is {after.state}: {after.reason or 'no reason'} (before: {before.reason})"
    return f"is {after.state}" + (f": {after.reason}" if after.reason else "")


def _why(point: Point) -> tuple[str, str | None]:
    return point.state, point.reason

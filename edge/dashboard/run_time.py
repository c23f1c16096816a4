"""What the histories of all people of a run have in common: its time, its marks and its events."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from edge.dashboard.happened import Happened
from edge.dashboard.wall import WallClock

EVENTS_LIMIT = 50
MARKS_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Event:
    """A change of a stream's use, or what else happened in the run.

    Attributes:
        t_s: From the run's first step.
        stream: Whose use has changed; empty: it is another event.
        text: What happened.
        name: Of another event (docs/events.md).
    """

    t_s: float
    stream: str
    text: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A mark on the page's time axis."""

    t_s: float
    text: str


class RunTime:
    """Takes the verdicts of everyone in order. One thread writes.

    Attributes:
        now_s: The newest step, from the run's first one.
        happened: Events of the run.
        marks: In the order of their times.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self.wall = WallClock()
        self.happened: deque[Event] = deque(maxlen=EVENTS_LIMIT)
        self.marks: deque[Stamp] = deque(maxlen=MARKS_LIMIT)
        self._first_ns: int | None = None
        self._newest_ns: int | None = None
        self._of_file = False

    def add(self, line: dict[str, Any]) -> None:
        """Go on to the step of a verdict; a second one of the same step changes nothing."""
        end_ns = int(line["span_ns"][1])
        if end_ns == self._newest_ns:
            return
        if self._first_ns is None:
            self._first_ns = end_ns
        self._newest_ns, self._of_file = end_ns, line["media_s"] is not None
        self.now_s = self.t_s(end_ns)
        self.wall.add(self.now_s, line)
        for mark in line.get("marks", ()):
            self.marks.append(Stamp(max(0.0, self.t_s(mark["t_ns"])), mark["text"]))

    def tell(self, what: Happened) -> None:
        """Add an event of the run. Before the first step it stands at the beginning of the axis;
        while a file is read, whose times are its own, at the newest step."""
        t_s = self.now_s
        if self._newest_ns is not None and not self._of_file:
            t_s = max(0.0, self.t_s(what.t_ns))
        self.happened.append(Event(t_s, "", what.sentence, what.event))

    def t_s(self, t_ns: int) -> float:
        """A time of the run's clock on the page's axis."""
        return (t_ns - (self._first_ns or 0)) / 1e9

    def t_ns(self, t_s: float) -> int:
        """A time of the page's axis on the run's clock."""
        return (self._first_ns or 0) + round(t_s * 1e9)

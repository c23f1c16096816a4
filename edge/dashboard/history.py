"""A run for the page: what it answered, points, spans in which a stream was not used, events."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edge.dashboard.happened import Happened
from edge.dashboard.run_time import EVENTS_LIMIT, Event, RunTime, Stamp
from edge.dashboard.thinned import Curve, Dot, Stretch, Track, first, longest, lowest
from edge.dashboard.wall import WallClock
from edge.types import STREAMS

HISTORY_LIMIT_S = 60.0
STEPS_LIMIT = 3000
"""A minute at fifty steps a second."""
SHOWN_LATENCIES_LIMIT = 240
MAX_POINTS = 300
"""Of a line, and parts of a time axis: a phone cannot show more."""
NONE = "none of the labels"
Use = tuple[str, str | None]
"""The state of a stream, and the reason."""
USED: Use = ("used", None)
Answer = tuple[str | None, float | None]
"""The label that is shown, and its confidence in steps of `SURE_STEP`; None: there is none."""
SURE_STEP = 0.05
"""Two pixels of the band."""
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


class History:
    """Takes the verdicts of one person in order. One thread writes; any thread may read between
    two writes.

    Args:
        time: Of a run that has histories of several people, which share it.
    """

    def __init__(self, time: RunTime | None = None) -> None:
        self.time = time or RunTime()
        self.points: dict[str, deque[Point]] = {s: deque(maxlen=STEPS_LIMIT) for s in STREAMS}
        """The last minute."""
        self.uses: dict[str, Track[Use]] = {s: Track(used_and_not) for s in STREAMS}
        self.reliability: dict[str, Curve] = {s: Curve(lowest) for s in STREAMS}
        self.answers: Track[Answer] = Track(likeliest)
        self.numbers = Curve(first)
        """Of a bundle that answers with a number."""
        self.recent_numbers: deque[Dot] = deque(maxlen=STEPS_LIMIT)
        """Those of the last minute."""
        self.labels: tuple[str, ...] = ()
        """In the bundle's order."""
        self.number: dict[str, Any] | None = None
        """Name, unit, low and high of the number that the bundle answers with."""
        self.events: deque[Event] = deque(maxlen=EVENTS_LIMIT)
        """Changes of the streams."""
        self.latency_ms: dict[str, deque[float]] = {}
        self.newest: Line | None = None

    def add(self, line: Line) -> None:
        """Add the next verdict."""
        self.time.add(line)
        self.labels = self.labels or tuple(line["scores"])
        if "number" in line:
            self.number = line["number"]
            self.numbers.add(self.now_s, line["value"])
            self.recent_numbers.append((self.now_s, line["value"]))
            while self.recent_numbers[0][0] < self.now_s - HISTORY_LIMIT_S:
                self.recent_numbers.popleft()
        sure = line["confidence"]
        known = None if sure is None else round(round(sure / SURE_STEP) * SURE_STEP, 2)
        self.answers.add(self.now_s, (shown_label(line), known))
        for stream, points in self.points.items():
            shown = line["streams"][stream]
            point = Point(self.now_s, shown["reliability"], shown["state"], shown["reason"])
            if points and (text := what_changed(points[-1], point)):
                self.events.append(Event(self.now_s, stream, text))
            points.append(point)
            self.uses[stream].add(self.now_s, _why(point))
            self.reliability[stream].add(self.now_s, point.reliability)
            while points[0].t_s < self.now_s - HISTORY_LIMIT_S:
                points.popleft()
        for stage, ms in line["latency_ms"].items():
            self.latency_ms.setdefault(stage, deque(maxlen=SHOWN_LATENCIES_LIMIT)).append(ms)
        self.newest = line

    @property
    def now_s(self) -> float:
        """The run's newest step; the person may have left before."""
        return self.time.now_s

    @property
    def wall(self) -> WallClock:
        """The clock time of the run."""
        return self.time.wall

    @property
    def marks(self) -> Sequence[Stamp]:
        """Those of the run."""
        return self.time.marks

    @property
    def happened(self) -> Sequence[Event]:
        """Events of the run: these and the changes of streams do not push each other out."""
        return self.time.happened

    def tell(self, what: Happened) -> None:
        """Add an event of the run."""
        self.time.tell(what)

    def all_events(self) -> list[Event]:
        """Changes of the streams and other events, oldest first."""
        return sorted([*self.events, *self.happened], key=lambda event: event.t_s)

    def t_s(self, t_ns: int) -> float:
        """A time of the run's clock on the page's axis."""
        return self.time.t_s(t_ns)

    def t_ns(self, t_s: float) -> int:
        """A time of the page's axis on the run's clock."""
        return self.time.t_ns(t_s)

    def span(self, whole: bool) -> tuple[float, float]:
        """Begin and end of the time axis: of the whole run, or of the last minute."""
        if whole:
            return 0.0, max(self.now_s, 1.0)
        end_s = max(self.now_s, HISTORY_LIMIT_S)
        return end_s - HISTORY_LIMIT_S, end_s

    def spans(self, stream: str, whole: bool = False) -> list[Span]:
        """When `stream` was not used, oldest first; the last may be unfinished."""
        uses = self.uses[stream].between(*self.span(whole), MAX_POINTS)
        return [Span(s.start_s, s.end_s, *s.value) for s in uses if s.value[0] != "used"]


def shown_label(line: Line) -> str | None:
    """What the band shows of a verdict: the likeliest label that is given; None if it abstains."""
    if line.get("labels") is not None:
        return line["labels"][0] if line["labels"] else NONE
    label: str | None = line["label"]
    return label


def used_and_not(stretches: Sequence[Stretch[Use]]) -> list[Stretch[Use]]:
    """First the time in which a stream was used, then, with its main reason, all in which it was
    not: coarse, no drop disappears and none looks longer than they were together."""
    unused = [s for s in stretches if s.value[0] != "used"]
    if not unused or len(unused) == len(stretches):
        return longest(stretches)
    begin_s, end_s = stretches[0].start_s, stretches[-1].end_s
    drops_s = end_s - sum(s.length_s for s in unused)
    (main,) = longest(unused)
    return [Stretch(begin_s, drops_s, USED), Stretch(drops_s, end_s, main.value)]


def likeliest(stretches: Sequence[Stretch[Answer]]) -> list[Stretch[Answer]]:
    """One stretch with the label that holds for the longest time in all, as sure as it was on
    average."""
    labels = [Stretch(s.start_s, s.end_s, s.value[0]) for s in stretches]
    ((begin_s, end_s, label),) = [(s.start_s, s.end_s, s.value) for s in longest(labels)]
    own = [s for s in stretches if s.value[0] == label and s.value[1] is not None]
    held_s = sum(s.length_s for s in own)
    if not own or not held_s:
        return [Stretch(begin_s, end_s, (label, own[0].value[1] if own else None))]
    sure = sum(s.length_s * (s.value[1] or 0.0) for s in own) / held_s
    return [Stretch(begin_s, end_s, (label, round(sure, 2)))]


def what_changed(before: Point, after: Point) -> str | None:
    """The text of an event from one step to the next; None if nothing changed."""
    if _why(before) == _why(after):
        return None
    if after.state == "used" and after.reason is not None:
        return f"is used, {after.reason} now"
    if after.state == before.state == "used":
        return "has enough for an answer" if before.reason == "starting" else "is well again"
    if after.state == "used":
        return "is used again" if before.reason != "starting" else "is used"
    if before.state == after.state:
        return f"is {after.state}: {after.reason or 'no reason'} (before: {before.reason})"
    return f"is {after.state}" + (f": {after.reason}" if after.reason else "")


def _why(point: Point) -> tuple[str, str | None]:
    return point.state, point.reason

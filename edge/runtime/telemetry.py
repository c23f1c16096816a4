"""Counters of one run: verdicts, drops by cause, latency by stage. Every method is thread-safe."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from edge.bundle.manifest import NumberSpec
from edge.recognition.verdict import StreamVerdict, Verdict
from edge.runtime.arrivals import Arrivals
from edge.types import STREAMS

LATENCIES_LIMIT = 20_000
"""Latencies kept for each stage: more than an hour at four steps a second."""

PEOPLE_KEPT = 64
"""People whose streams are remembered: four times as many as may be there at once."""
REPEATED = frozenset(
    {
        *("device_lost", "device_back", "asr_lost", "asr_back", "dashboard"),
        *("http", "mqtt_lost", "mqtt_back", "osc_lost"),
    }
)
"""Events that are told each time, in the same words. An engine may fail with every frame."""
STATES = ("used", "dropped", "absent")
SKIPPED, STALLED = "steps", "the step thread stalled"
"""What is lost when no verdict is made for a window, and why."""

Listener = Callable[[str, Mapping[str, Any]], None]
"""Takes an event's name and its facts; any thread; neither waits nor fails."""


class Counts(Protocol):
    """An object that counts its own losses by cause, such as a channel."""

    @property
    def drops(self) -> Counter[str]:
        """A copy of the count."""


class Telemetry:
    """Counters and latencies of one run."""

    def __init__(self) -> None:
        self.verdicts = 0
        self.abstained = 0
        self.labels: Counter[str] = Counter()
        """With several labels in a verdict, each is counted."""
        self.values: deque[float] = deque(maxlen=LATENCIES_LIMIT)
        """The newest numbers, where the answer is a number."""
        self.number: NumberSpec | None = None
        self.drops: Counter[str] = Counter()
        self.arrivals = Arrivals()
        """What sources deliver to a live run, before anything is lost."""
        self.states = {name: Counter(dict.fromkeys(STATES, 0)) for name in STREAMS}
        """Verdicts in which a stream was used, dropped or absent."""
        self.first_end_ns = self.last_end_ns = 0
        """When the first and the newest window closed."""
        self._notes: dict[str, tuple[str, Mapping[str, Any]]] = {}
        """By the sentence: its event and further facts."""
        self._newest: dict[int | None, Mapping[str, StreamVerdict]] = {}
        """By person."""
        self._listeners: list[Listener] = []
        self._latency_ms: dict[str, deque[float]] = {}
        self._watched: list[tuple[str, Counts]] = []
        self._lock = threading.Lock()

    def verdict(self, verdict: Verdict) -> None:
        """Count one verdict. Whoever listens is told the streams whose state or reason changed."""
        changed = self._count(verdict)
        whose = {} if verdict.person is None else {"person": verdict.person}
        for name, stream in changed:
            self.event("stream", stream=name, state=stream.state, reason=stream.reason, **whose)

    def _count(self, verdict: Verdict) -> list[tuple[str, StreamVerdict]]:
        with self._lock:
            if not self.verdicts:
                self.first_end_ns = verdict.span_ns[1]
            self.last_end_ns = verdict.span_ns[1]
            changed = []
            for name, stream in verdict.streams.items():
                self.states[name][stream.state] += 1
                before = self._newest.get(verdict.person, {}).get(name)
                if before is None or (before.state, before.reason) != (stream.state, stream.reason):
                    changed.append((name, stream))
            self._newest.pop(verdict.person, None)  # so that the newest are last
            self._newest[verdict.person] = verdict.streams
            while len(self._newest) > PEOPLE_KEPT:
                del self._newest[next(iter(self._newest))]
            self.verdicts += 1
            if verdict.abstains:
                self.abstained += 1
            elif verdict.value is not None:
                self.number = verdict.number
                self.values.append(verdict.value)
            elif verdict.labels is not None:
                self.labels.update(verdict.labels or ("none of the labels",))
            elif verdict.label is not None:
                self.labels[verdict.label] += 1
            for stage, ms in verdict.latency_ms.items():
                self._latency_ms.setdefault(stage, deque(maxlen=LATENCIES_LIMIT)).append(ms)
        return changed

    def listen(self, listener: Listener) -> None:
        """Call `listener` with each event from now on, and with the notes so far."""
        with self._lock:
            self._listeners, notes = [*self._listeners, listener], dict(self._notes)
        for sentence, (event, facts) in notes.items():
            listener(event, {"sentence": sentence, **facts})

    def event(self, event: str, **facts: Any) -> None:
        """Tell whoever listens. Any thread."""
        for listener in self._listeners:
            listener(event, facts)

    def drop(self, what: str, cause: str, count: int = 1) -> None:
        """Count `count` lost packets of `what` ("frames", "audio chunks") by cause."""
        with self._lock:
            self.drops[f"{what}: {cause}"] += count

    def lost(self, drops: Mapping[str, int]) -> None:
        """Add lost packets keyed "what: cause", as a source reports them."""
        with self._lock:
            self.drops.update(drops)

    def watch(self, what: str, channel: Counts) -> None:
        """Include the losses of `channel`, counted as `what`, from now until `settle`."""
        with self._lock:
            self._watched.append((what, channel))

    def settle(self) -> None:
        """Make the counts of the watched channels final: they lose nothing more."""
        with self._lock:
            self.drops, self._watched = self._with_watched(), []

    def drops_so_far(self) -> Counter[str]:
        """All drops by kind and cause, including the watched channels' current counts."""
        with self._lock:
            return self._with_watched()

    def _with_watched(self) -> Counter[str]:
        drops = self.drops.copy()
        for what, channel in self._watched:
            drops.update({f"{what}: {cause}": n for cause, n in channel.drops.items()})
        return drops

    def note(self, sentence: str, event: str = "note", **facts: Any) -> None:
        """Keep one sentence for the summary, and tell it as an event. Duplicates are kept once.

        A duplicate is told again only if it is one of `REPEATED`.
        """
        with self._lock:
            new = sentence not in self._notes
            if new:
                self._notes[sentence] = event, facts
            # Whoever begins to listen from now on is told it by `listen`.
            listeners = self._listeners
        if new or event in REPEATED:
            for listener in listeners:
                listener(event, {"sentence": sentence, **facts})

    @property
    def notes(self) -> list[str]:
        """The sentences for the summary, in their order; a copy."""
        with self._lock:
            return list(self._notes)

    def percentiles(self) -> Mapping[str, tuple[float, float, float, float]]:
        """p50, p95, p99 and maximum in milliseconds for each stage."""
        with self._lock:
            stages = {stage: np.array(ms) for stage, ms in self._latency_ms.items()}
        rows = {}
        for stage, ms in stages.items():
            p50, p95, p99 = (float(p) for p in np.percentile(ms, (50, 95, 99)))
            rows[stage] = (p50, p95, p99, float(ms.max()))
        return rows

"""One run, many consumers: each has a queue of its own, and none of them can slow a step."""

from __future__ import annotations

from collections import Counter

from edge.channel import BoundedQueue
from edge.clock import Clock, MonotonicClock
from edge.recognition.verdict import Verdict
from edge.types import NS_PER_S

WAITING = 16
"""Verdicts that wait for one consumer: four seconds at four steps a second; then the oldest go."""


class Broadcast:
    """A sink that hands each verdict to every subscriber's queue, and remembers the newest.

    `write` belongs to the step thread; it appends a reference to a few bounded queues, whose locks
    are held for no longer than an append. Any thread may call the rest. What a slow subscriber
    misses is the oldest of what waits for it, and is counted under its name.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or MonotonicClock()
        self._begun_ns = self._clock.now_ns()
        self._newest: tuple[Verdict, int] | None = None
        self._queues: dict[str, BoundedQueue[Verdict]] = {}

    def subscribe(self, name: str, waiting: int = WAITING) -> BoundedQueue[Verdict]:
        """A queue of the verdicts to come, its `get` None after the last; once a name, and before
        the first verdict."""
        if name in self._queues:
            raise ValueError(f"there is a subscriber {name!r} already")
        queue = self._queues[name] = BoundedQueue[Verdict](waiting, "drop_oldest", self._clock)
        return queue

    @property
    def latest(self) -> Verdict | None:
        """The newest verdict."""
        newest = self._newest
        return None if newest is None else newest[0]

    @property
    def silent_s(self) -> float:
        """Seconds since the newest verdict was written, or since there is somebody to hear one."""
        newest = self._newest
        since_ns = self._begun_ns if newest is None else newest[1]
        return (self._clock.now_ns() - since_ns) / NS_PER_S

    @property
    def drops(self) -> Counter[str]:
        """Verdicts that a subscriber was too slow for, by its name."""
        lost = {name: queue.drops["full"] for name, queue in self._queues.items()}
        return Counter({f"{name} is too slow": count for name, count in lost.items() if count})

    def write(self, verdict: Verdict) -> None:
        """Hand over; never waits, never fails."""
        self._newest = verdict, self._clock.now_ns()
        for queue in self._queues.values():
            queue.put(verdict)

    def close(self) -> None:
        """No verdict comes any more; those that wait can still be taken. May be called twice."""
        for queue in self._queues.values():
            queue.close()

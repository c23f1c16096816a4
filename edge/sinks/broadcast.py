"""One run, many consumers. Each has its own queue, and none can delay a step."""

from __future__ import annotations

from collections import Counter

from edge.channel import BoundedQueue
from edge.clock import Clock, MonotonicClock
from edge.recognition.verdict import Verdict
from edge.types import NS_PER_S

WAITING = 16
"""Queue size of one consumer: four seconds at four steps a second. Then the oldest are dropped."""


class Broadcast:
    """A sink that puts each verdict into every subscriber's queue, and keeps the newest.

    `write` belongs to the step thread. It only appends a reference to a few bounded queues. Any
    thread may call the other methods. A slow subscriber loses the oldest verdicts in its queue;
    they are counted under its name.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or MonotonicClock()
        self._begun_ns = self._clock.now_ns()
        self._newest: tuple[Verdict, int] | None = None
        self._queues: dict[str, BoundedQueue[Verdict]] = {}

    def subscribe(self, name: str, waiting: int = WAITING) -> BoundedQueue[Verdict]:
        """A queue of the next verdicts; its `get` returns None after the last one. Subscribe once a
        name, before the first verdict."""
        if name in self._queues:
            raise ValueError(f"a subscriber {name!r} already exists")
        queue = self._queues[name] = BoundedQueue[Verdict](waiting, "drop_oldest", self._clock)
        return queue

    @property
    def latest(self) -> Verdict | None:
        """The newest verdict."""
        newest = self._newest
        return None if newest is None else newest[0]

    @property
    def silent_s(self) -> float:
        """Seconds since the newest verdict was written, or since the start without any verdict."""
        newest = self._newest
        since_ns = self._begun_ns if newest is None else newest[1]
        return (self._clock.now_ns() - since_ns) / NS_PER_S

    @property
    def drops(self) -> Counter[str]:
        """Verdicts that each subscriber lost because it was too slow, by its name."""
        lost = {name: queue.drops["full"] for name, queue in self._queues.items()}
        return Counter({f"{name} is too slow": count for name, count in lost.items() if count})

    def write(self, verdict: Verdict) -> None:
        """Put the verdict into every queue. Never waits, never fails."""
        self._newest = verdict, self._clock.now_ns()
        for queue in self._queues.values():
            queue.put(verdict)

    def close(self) -> None:
        """End all queues. Verdicts in them can still be taken. Idempotent."""
        for queue in self._queues.values():
            queue.close()

"""Who listens to the WebSocket, and what each of them has not taken yet."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from edge.sinks.http.people import People

WAITING = 16
"""Steps whose verdicts wait for one subscriber: four seconds at four steps a second. Then the
oldest are dropped."""
SUBSCRIBERS = 64
"""More are refused: each costs the process memory and time."""


class Subscriber:
    """The queue of one connection. Belongs to the event loop."""

    def __init__(self) -> None:
        self.lost = 0
        """Verdicts that were dropped because the connection was too slow."""
        self._steps: deque[deque[str]] = deque()
        """What waits of each step."""
        self._something = asyncio.Event()
        self._ended = False

    @property
    def waiting(self) -> int:
        """Verdicts that the connection has not taken."""
        return sum(map(len, self._steps))

    def put(self, line: str, is_first: bool = True) -> None:
        """`is_first`: of its step. If `WAITING` steps wait then, the oldest is dropped."""
        if is_first or not self._steps:
            if len(self._steps) == WAITING:
                self.lost += len(self._steps.popleft())
            self._steps.append(deque())
        self._steps[-1].append(line)
        self._something.set()

    def end(self) -> None:
        """Let `get` return None once all is taken."""
        self._ended = True
        self._something.set()

    async def get(self) -> str | None:
        """The oldest verdict that waits; None after the last one of the run."""
        while not self._steps:
            if self._ended:
                return None
            self._something.clear()
            await self._something.wait()
        line = self._steps[0].popleft()
        if not self._steps[0]:
            self._steps.popleft()
        return line


class Audience:
    """The newest verdicts, and all subscribers. Belongs to the event loop.

    Attributes:
        people: The newest verdict of each person.
        newest: The JSON line of the newest step's first verdict; None before it.
    """

    def __init__(self) -> None:
        self.people = People()
        self.newest: str | None = None
        self._newest_s = time.monotonic()
        self._subscribers: set[Subscriber] = set()
        self._lost_before = 0

    @property
    def silent_s(self) -> float:
        """Seconds since the newest verdict, or since the beginning."""
        return time.monotonic() - self._newest_s

    @property
    def size(self) -> int:
        return len(self._subscribers)

    @property
    def is_full(self) -> bool:
        return self.size >= SUBSCRIBERS

    @property
    def lost(self) -> int:
        """Verdicts that subscribers, also earlier ones, lost because they were too slow."""
        return self._lost_before + sum(one.lost for one in self._subscribers)

    def take(self, verdict: Mapping[str, Any]) -> bool:
        """The newest verdict, as its JSON object. Returns whether it is the first of its step."""
        line = json.dumps(verdict, ensure_ascii=False)
        self._newest_s = time.monotonic()
        if is_first := self.people.take(verdict):
            self.newest = line
        for one in self._subscribers:
            one.put(line, is_first)
        return is_first

    def end(self) -> None:
        """The run has ended."""
        for one in self._subscribers:
            one.end()

    def join(self) -> Subscriber:
        """A subscriber to the next verdicts."""
        one = Subscriber()
        self._subscribers.add(one)
        return one

    def leave(self, one: Subscriber) -> None:
        self._subscribers.discard(one)
        self._lost_before += one.lost

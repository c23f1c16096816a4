"""Who listens to the WebSocket, and what each of them has not taken yet."""

from __future__ import annotations

import asyncio
import time
from collections import deque

WAITING = 16
"""Verdicts that wait for one subscriber: four seconds at four steps a second. Then the oldest are
dropped."""
SUBSCRIBERS = 64
"""More are refused: each costs the process memory and time."""


class Subscriber:
    """The queue of one connection. Belongs to the event loop."""

    def __init__(self) -> None:
        self.lost = 0
        """Verdicts that were dropped because the connection was too slow."""
        self._waiting: deque[str] = deque()
        self._something = asyncio.Event()
        self._ended = False

    @property
    def waiting(self) -> int:
        """Verdicts that the connection has not taken."""
        return len(self._waiting)

    def put(self, line: str) -> None:
        if len(self._waiting) >= WAITING:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append(line)
        self._something.set()

    def end(self) -> None:
        """Let `get` return None once all is taken."""
        self._ended = True
        self._something.set()

    async def get(self) -> str | None:
        """The oldest verdict that waits; None after the last one of the run."""
        while not self._waiting:
            if self._ended:
                return None
            self._something.clear()
            await self._something.wait()
        return self._waiting.popleft()


class Audience:
    """The newest verdict, and all subscribers. Belongs to the event loop."""

    def __init__(self) -> None:
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

    def take(self, line: str) -> None:
        """The newest verdict, as its JSON line."""
        self.newest, self._newest_s = line, time.monotonic()
        for one in self._subscribers:
            one.put(line)

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

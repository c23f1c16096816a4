"""Small pictures of the run, one a second, in memory that is bounded; never on disk."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque

EVERY_NS = 1_000_000_000
NEAR_NS = 1_000_000_000
"""A picture stands for a time that is at most so far away."""


class Album:
    """Keeps the newest pictures.

    Args:
        limit_bytes: Of all pictures together; 0: none is kept.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._bytes = 0
        self._times_ns: deque[int] = deque()
        self._pictures: deque[bytes] = deque()

    def add(self, t_ns: int, jpeg: bytes) -> None:
        """Keep a picture, unless the one before is less than a second old."""
        if self._times_ns and t_ns - self._times_ns[-1] < EVERY_NS:
            return
        self._times_ns.append(t_ns)
        self._pictures.append(jpeg)
        self._bytes += len(jpeg)
        while self._bytes > self._limit_bytes:
            self._times_ns.popleft()
            self._bytes -= len(self._pictures.popleft())

    def nearest(self, t_ns: int) -> int | None:
        """The time of the picture that stands for `t_ns`."""
        after = bisect_left(self._times_ns, t_ns)
        near = [self._times_ns[i] for i in (after - 1, after) if 0 <= i < len(self._times_ns)]
        best = min(near, key=lambda one: abs(one - t_ns), default=None)
        return None if best is None or abs(best - t_ns) > NEAR_NS else best

    def picture(self, t_ns: int) -> bytes:
        """The one of exactly this time, from `nearest`; empty when it is not kept any more."""
        place = bisect_left(self._times_ns, t_ns)
        found = place < len(self._times_ns) and self._times_ns[place] == t_ns
        return self._pictures[place] if found else b""

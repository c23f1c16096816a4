"""One injected clock: integer nanoseconds, monotonic, so that a test or a replay owns time."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Any thread may call."""

    def now_ns(self) -> int:
        """Nanoseconds since an arbitrary start; never goes back, whatever the wall clock does."""

    def wall_ns(self) -> int:
        """Nanoseconds of Unix time, for people; it may jump."""

    def wait_until(self, t_ns: int, stop: threading.Event | None = None) -> bool:
        """Sleep until `t_ns`; returns False at once when `stop` is set, True otherwise."""


class MonotonicClock:
    """The machine's own monotonic clock."""

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def wall_ns(self) -> int:
        return time.time_ns()

    def wait_until(self, t_ns: int, stop: threading.Event | None = None) -> bool:
        while (left_ns := t_ns - self.now_ns()) > 0:
            if stop is None:
                time.sleep(left_ns * 1e-9)
            elif stop.wait(left_ns * 1e-9):
                return False
        return stop is None or not stop.is_set()


class HandClock:
    """Time that moves only when told to: `advance_to`, or a `wait_until` (which never sleeps)."""

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns
        self._wall_offset_ns = 0
        self._lock = threading.Lock()

    def now_ns(self) -> int:
        with self._lock:
            return self._now_ns

    def wall_ns(self) -> int:
        with self._lock:
            return self._now_ns + self._wall_offset_ns

    def set_wall(self, wall_ns: int) -> None:
        """Let it be `wall_ns` of Unix time now."""
        with self._lock:
            self._wall_offset_ns = wall_ns - self._now_ns

    def advance_to(self, t_ns: int) -> None:
        """Move forward to `t_ns`; a time already past leaves the clock where it is."""
        with self._lock:
            self._now_ns = max(self._now_ns, t_ns)

    def wait_until(self, t_ns: int, stop: threading.Event | None = None) -> bool:
        if stop is not None and stop.is_set():
            return False
        self.advance_to(t_ns)
        return True

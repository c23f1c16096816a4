"""One injected clock: integer nanoseconds, monotonic, so that a test or a replay owns time.

Whatever waits in a run for a time or a packet waits through its clock. So a live run, threads and
all, can be run on a `HandClock`, where time is a number: as fast as the work goes, and the same
every time. Waits for a driver or for a model that loads are in real time: those know no other.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Protocol

POLL_S = 0.02
"""How often a thread that waits on a `HandClock` looks whether it was told to stop."""


class Clock(Protocol):
    """Any thread may call."""

    def now_ns(self) -> int:
        """Nanoseconds since an arbitrary start; never goes back, whatever the wall clock does."""

    def wall_ns(self) -> int:
        """Nanoseconds of Unix time, for people; it may jump."""

    def wait_until(self, t_ns: int, stop: threading.Event | None = None) -> bool:
        """Sleep until `t_ns`; returns False at once when `stop` is set, True otherwise."""

    def wait(self, condition: threading.Condition, until_ns: int | None) -> None:
        """Wait on `condition`, which the caller holds, until `notify` or `until_ns` (None: no end).

        It may also return early: look again whether there is something to do.
        """

    def notify(self, condition: threading.Condition) -> None:
        """Wake all who wait on `condition`, which the caller holds."""

    def add_thread(self) -> None:
        """A thread is about to be started whose waits are on this clock."""

    def remove_thread(self) -> None:
        """Such a thread ends."""


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

    def wait(self, condition: threading.Condition, until_ns: int | None) -> None:
        left_s = None if until_ns is None else (until_ns - self.now_ns()) * 1e-9
        if left_s is None or left_s > 0:
            condition.wait(left_s)

    def notify(self, condition: threading.Condition) -> None:
        condition.notify_all()

    def add_thread(self) -> None:
        """It needs no list of threads."""

    def remove_thread(self) -> None:
        """As `add_thread`."""


@dataclass(eq=False, slots=True)
class _Waiter:
    """One thread that waits: until a time, on a condition, or both."""

    until_ns: int | None
    condition: threading.Condition | None = None
    is_due: bool = False


class HandClock:
    """Time that moves only when told to, or when every added thread waits.

    In a single thread a `wait_until` moves time at once. Of several threads (`add_thread`), time
    moves when all of them wait, to the earliest time that one waits for; that one then goes on,
    alone. So everything that is to happen at a time has happened before the next one comes.
    """

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns
        self._wall_offset_ns = 0
        self._threads = 0
        self._waiting: list[_Waiter] = []
        self._changed = threading.Condition()

    def now_ns(self) -> int:
        with self._changed:
            return self._now_ns

    def wall_ns(self) -> int:
        with self._changed:
            return self._now_ns + self._wall_offset_ns

    def set_wall(self, wall_ns: int) -> None:
        """Let it be `wall_ns` of Unix time now."""
        with self._changed:
            self._wall_offset_ns = wall_ns - self._now_ns

    def advance_to(self, t_ns: int) -> None:
        """Move forward to `t_ns`; a time already past leaves the clock where it is."""
        with self._changed:
            self._now_ns = max(self._now_ns, t_ns)

    def wait_until(self, t_ns: int, stop: threading.Event | None = None) -> bool:
        with self._changed:
            if stop is not None and stop.is_set():
                return False
            if not self._threads:
                self._now_ns = max(self._now_ns, t_ns)
                return True
            waiter = _Waiter(t_ns)
            self._begin_wait(waiter)
            while not waiter.is_due:
                self._changed.wait(POLL_S)
                if stop is not None and stop.is_set():
                    self._end_wait(waiter)
                    return False
            return True

    def wait(self, condition: threading.Condition, until_ns: int | None) -> None:
        waiter = _Waiter(until_ns, condition)
        with self._changed:
            if not self._threads and until_ns is not None:
                self._now_ns = max(self._now_ns, until_ns)
                return
            self._begin_wait(waiter)
        # A time that comes does not wake the condition, whose lock the clock must not take.
        condition.wait(None if until_ns is None else POLL_S)
        with self._changed:
            self._end_wait(waiter)

    def notify(self, condition: threading.Condition) -> None:
        with self._changed:
            # From now on they have something to do, though they have not woken yet.
            self._waiting = [one for one in self._waiting if one.condition is not condition]
        condition.notify_all()

    def add_thread(self) -> None:
        with self._changed:
            self._threads += 1

    def remove_thread(self) -> None:
        with self._changed:
            self._threads -= 1
            self._move_if_all_wait()

    def _begin_wait(self, waiter: _Waiter) -> None:
        self._waiting.append(waiter)
        self._move_if_all_wait()

    def _end_wait(self, waiter: _Waiter) -> None:
        if waiter in self._waiting:
            self._waiting.remove(waiter)

    def _move_if_all_wait(self) -> None:
        timed = [one for one in self._waiting if one.until_ns is not None and not one.is_due]
        if len(self._waiting) < self._threads or not timed:
            return
        first = min(timed, key=lambda one: one.until_ns or 0)
        self._now_ns = max(self._now_ns, first.until_ns or 0)
        first.is_due = True
        self._waiting.remove(first)
        self._changed.notify_all()

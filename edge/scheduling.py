"""The step thread has priority: a verdict is due at its time, the work on a frame can wait.

Where the system permits it, the step thread is real-time (SCHED_FIFO) from the wait for a window's
end to its verdict, and the other threads of the process come before other programs: one that these
keep from running may hold the GIL, for which the step waits. Elsewhere the workers have a lower
priority than the step thread.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path

WORKERS_NICE = 5
"""Added to the nice value of a worker thread; it then has about a third of the step's weight."""
ORDINARY_NICE, RAISED_NICE = 0, -10
"""The latter is that of a live run's threads where its steps are real-time. Beside a busy process
such a thread gets nine tenths of the core."""
SWITCH_S = 0.0005
"""How long a thread may hold the GIL while the step thread waits. Python's default of 5 ms is
longer than a whole step."""


@cache
def real_time_permitted() -> bool:
    """Whether threads of this process may be real-time: on Linux, as root or with RLIMIT_RTPRIO."""
    if sys.platform != "linux":
        return False
    # In a thread of its own: without a capability its children are never raised afterwards.
    with ThreadPoolExecutor(1) as prober:
        return prober.submit(_may_be_real_time).result()


def _may_be_real_time() -> bool:
    try:
        with _first_in_first_out():
            return True
    except OSError:
        return False


@contextmanager
def real_time() -> Iterator[None]:
    """Meanwhile the calling thread runs before all ordinary ones, where that is permitted. For
    waits and short work: nothing else runs on its core while it works."""
    with ExitStack() as raised:
        if real_time_permitted():
            with suppress(OSError):  # the permission was taken since
                raised.enter_context(_first_in_first_out())
        yield


@contextmanager
def _first_in_first_out() -> Iterator[None]:
    """Raises: OSError, without permission."""
    me = threading.get_native_id()
    policy, parameter = os.sched_getscheduler(me), os.sched_getparam(me)
    # What it starts meanwhile, such as the thread of another engine, is ordinary.
    os.sched_setscheduler(me, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    try:
        yield
    finally:
        try:
            os.sched_setscheduler(me, policy, parameter)
        except PermissionError:  # only root may clear the flag, which does no harm
            os.sched_setscheduler(me, policy | os.SCHED_RESET_ON_FORK, parameter)


def lower_priority_of_worker() -> None:
    """Lower the priority of a thread beside the steps, unless these are real-time."""
    if not real_time_permitted():
        lower_priority()


def lower_priority() -> None:
    """Lower the priority of the calling thread. Only Linux has priorities of threads; elsewhere, or
    without permission, nothing changes."""
    if sys.platform != "linux":
        return
    try:
        _lower(threading.get_native_id(), WORKERS_NICE)
    except OSError:
        return


def lower_priority_of_process(nice: int) -> None:
    """Add `nice` to the nice value of this process, which has started no thread yet. A process
    that a raised thread has started counts as ordinary. Without such a value nothing changes."""
    if hasattr(os, "setpriority"):
        _lower(0, nice)


def _lower(thread: int, nice: int) -> None:
    now = max(ORDINARY_NICE, os.getpriority(os.PRIO_PROCESS, thread))
    os.setpriority(os.PRIO_PROCESS, thread, now + nice)


def _threads_at(nice: int) -> frozenset[int]:
    """The threads of the process that have this nice value."""
    found = set()
    for thread in [int(task.name) for task in Path("/proc/self/task").iterdir()]:
        with suppress(OSError):  # it has ended
            if os.getpriority(os.PRIO_PROCESS, thread) == nice:
                found.add(thread)
    return frozenset(found)


def _set_nice(threads: frozenset[int], nice: int) -> None:
    """Threads that these start later inherit it."""
    for thread in threads:
        with suppress(OSError):  # it has ended, or is not permitted
            os.setpriority(os.PRIO_PROCESS, thread, nice)


class _LiveRuns:
    """Counts the live runs of the process: the interpreter's settings belong to all of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._before_s = 0.0
        self._raised_before: frozenset[int] = frozenset()

    def begin(self) -> None:
        """Any thread. The first one changes the settings."""
        with self._lock:
            self._count += 1
            if self._count == 1:
                self._before_s = sys.getswitchinterval()
                sys.setswitchinterval(SWITCH_S)
                if real_time_permitted():
                    self._raised_before = _threads_at(RAISED_NICE)
                    _set_nice(_threads_at(ORDINARY_NICE), RAISED_NICE)
            gc.collect()
            gc.freeze()  # what the later ones have loaded, too

    def end(self) -> None:
        """Any thread. The last one restores the settings."""
        with self._lock:
            self._count -= 1
            if self._count == 0:
                gc.unfreeze()
                sys.setswitchinterval(self._before_s)
                if real_time_permitted():
                    _set_nice(_threads_at(RAISED_NICE) - self._raised_before, ORDINARY_NICE)


_LIVE_RUNS = _LiveRuns()


@contextmanager
def step_priority() -> Iterator[None]:
    """For a live run: shorten the interpreter's switch interval, and exclude the objects that exist
    already (models, modules) from garbage collection, until the last of the live runs ends."""
    _LIVE_RUNS.begin()
    try:
        yield
    finally:
        _LIVE_RUNS.end()

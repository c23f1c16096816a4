"""The step thread has priority: a verdict is due at its time, the work on a frame can wait."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

WORKERS_NICE = 5
"""Added to the nice value of a worker thread; it then has about a third of the step's weight."""
SWITCH_S = 0.0005
"""How long a thread may hold the GIL while the step thread waits. Python's default of 5 ms is
longer than a whole step."""


def lower_priority() -> None:
    """Lower the priority of the calling thread. Only Linux has priorities of threads; elsewhere, or
    without permission, nothing changes."""
    if sys.platform != "linux":
        return
    try:
        me = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, me, os.getpriority(os.PRIO_PROCESS, me) + WORKERS_NICE)
    except OSError:
        return


class _LiveRuns:
    """Counts the live runs of the process: the interpreter's settings belong to all of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._before_s = 0.0

    def begin(self) -> None:
        """Any thread. The first one changes the settings."""
        with self._lock:
            self._count += 1
            if self._count == 1:
                self._before_s = sys.getswitchinterval()
                sys.setswitchinterval(SWITCH_S)
            gc.collect()
            gc.freeze()  # what the later ones have loaded, too

    def end(self) -> None:
        """Any thread. The last one restores the settings."""
        with self._lock:
            self._count -= 1
            if self._count == 0:
                gc.unfreeze()
                sys.setswitchinterval(self._before_s)


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

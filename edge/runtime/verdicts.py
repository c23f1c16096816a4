"""The iterator that a run gives to its program."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator

from edge.errors import ConfigError
from edge.recognition.verdict import Verdict


class Verdicts(Iterator[Verdict]):
    """The verdicts of one run, taken by one thread; any thread may close."""

    def __init__(self, steps: Generator[Verdict, None, None], free: Callable[[], None]) -> None:
        """`free` is called on close, since a generator that never began skips its `finally`."""
        self._steps = steps
        self._free = free
        self._busy = threading.Lock()

    def __next__(self) -> Verdict:
        """Raises: ConfigError when another thread waits for a verdict; and what a run raises."""
        if not self._busy.acquire(blocking=False):
            raise ConfigError("The run is being iterated on another thread: iterate it on one.")
        try:
            return next(self._steps)
        finally:
            self._busy.release()

    def close(self) -> None:
        """Free everything, unless a thread waits for a verdict. Idempotent."""
        if not self._busy.acquire(blocking=False):
            return
        try:
            self._steps.close()
            self._free()
        finally:
            self._busy.release()

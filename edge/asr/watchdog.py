"""Ends a process that does not answer: a hung one would be waited for without end."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

TICK_S = 0.1
"""Time is counted in ticks of this program, not by a clock: while the program itself is stopped
(Ctrl-Z, a virtual machine that is saved) nothing counts as a hang."""


class Watchdog:
    """Kills `process` when an answer takes too long; the reader then finds the end of its output.

    Any thread. It holds no reference to what reads the process, and ends with `end`.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._left_s: float | None = None
        self._killed = False
        self._lock = threading.Lock()
        self._over = threading.Event()
        name = f"watch process {process.pid}"
        threading.Thread(target=self._watch, name=name, daemon=True).start()

    @property
    def killed(self) -> bool:
        """Whether it has killed the process."""
        with self._lock:
            return self._killed

    @contextmanager
    def within(self, limit_s: float) -> Iterator[None]:
        """The process is asked inside and must have answered after `limit_s` seconds."""
        with self._lock:
            self._left_s = limit_s
        try:
            yield
        finally:
            with self._lock:
                self._left_s = None

    def end(self) -> None:
        """Watch no more. Idempotent; does not wait."""
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(TICK_S):
            with self._lock:
                if self._left_s is None:
                    continue
                self._left_s -= TICK_S
                if self._left_s <= 0:
                    self._killed = True
                    self._process.kill()
                    return

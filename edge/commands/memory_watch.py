"""Tells once when a run has more resident memory than `memory_max_mb`. It ends nothing.

What to do about it is the operating system's: `MemoryMax=` of systemd ends a service, and starts it
again (docs/jetson.md).
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from edge.bench.process import resident_bytes
from edge.runtime.telemetry import Telemetry

LOOK_S = 5.0


class MemoryWatch:
    """Looks on a thread of its own, child processes included. Does nothing where /proc is missing.

    Args:
        limit_mb: In millions of bytes.
        telemetry: Gets the note, which is the event `limit_hit`.
    """

    def __init__(
        self,
        limit_mb: float,
        telemetry: Telemetry,
        resident: Callable[[], int | None] = resident_bytes,
    ) -> None:
        self._limit_mb, self._telemetry, self._resident = limit_mb, telemetry, resident
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more. Idempotent."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            found = self._resident()
            if found is None:
                return
            if found > self._limit_mb * 1e6:
                self._telemetry.note(
                    f"The run has {found / 1e6:.0f} MB of memory, more than"
                    f" memory_max_mb={self._limit_mb:g}. It continues.",
                    "limit_hit",
                    limit="memory_max_mb",
                    resident_mb=round(found / 1e6),
                )
                return
            if self._over.wait(LOOK_S):
                return

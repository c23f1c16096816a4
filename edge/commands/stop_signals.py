"""SIGINT and SIGTERM while a run, or its page after it, has a screen."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, Protocol

from edge import interrupt

SHOW_CURSOR = b"\x1b[?25h"


class Stoppable(Protocol):
    """A run, or what else a signal ends in order."""

    def stop(self) -> None:
        """Request the end; returns at once."""


@contextmanager
def signals_stop(current: Stoppable, screen: IO[str]) -> Iterator[None]:
    """The first SIGINT or SIGTERM ends the run normally; a second one ends the process.

    It also ends a process that hangs in a library (`edge.interrupt`; the operating system for
    SIGTERM). Nothing is tidied up then, so the cursor that the table hides is shown at the first.
    """
    interrupt.begin()

    def stop(number: int, frame: Any) -> None:
        if number == signal.SIGINT:
            interrupt.press()
        else:
            signal.signal(number, signal.SIG_DFL)
        current.stop()
        with suppress(OSError, ValueError):  # the terminal has been closed
            # One that is stopped (Ctrl-S) or not read would hold this thread.
            if screen.isatty() and select.select([], [screen], [], 0)[1]:
                os.write(screen.fileno(), SHOW_CURSOR)

    before = {n: signal.signal(n, stop) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

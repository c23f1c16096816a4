"""SIGHUP: the output file was renamed, or the terminal has gone."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn


@contextmanager
def hangup(reopen: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    """On SIGHUP call `reopen`; and `stop`, if the process had a terminal and it has gone.

    Programs that rotate logs send the signal, and so does a terminal that is closed. A process that
    was started to ignore it (`nohup`) is never stopped by it.
    """
    if sys.platform == "win32":  # it has no such signal
        yield
        return
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    watched = not ignored and _has_terminal()

    def hung_up(number: int, frame: Any) -> None:
        reopen()
        if watched and not _has_terminal():
            stop()

    before = signal.signal(signal.SIGHUP, hung_up)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@contextmanager
def survives_hangup() -> Iterator[None]:
    """Before and after a run: SIGHUP does nothing, unless the terminal has gone. Then it raises
    `SystemExit`, so that what is open is closed and removed. Main thread."""

    def leave() -> NoReturn:
        raise SystemExit(128 + signal.SIGHUP)

    with hangup(lambda: None, leave):
        yield


def _has_terminal() -> bool:
    """Whether the process has a terminal that controls it."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True

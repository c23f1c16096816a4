"""Ctrl-C: the first one ends a program in order, the second one at once, with code 130."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from typing import Any, NoReturn

EXIT_CODE = 130
"""What shells give for a program that Ctrl-C has ended."""
WATCHER = "second Ctrl-C"
"""The name of the thread that ends a process whose main thread hangs in a library."""

_pressed = threading.Event()


def install() -> None:
    """Let a second SIGINT end this process. Main thread, once."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background of a script
        return
    signal.signal(signal.SIGINT, _interrupted)
    # Registered first, so called last: Python then takes itself apart, gives signals back to the
    # system, and a press in these milliseconds would turn an orderly end into a death by a signal.
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "win32":  # a pipe there is always blocking
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reader,), name=WATCHER, daemon=True).start()


def begin() -> None:
    """A part of the program begins that handles its own first Ctrl-C."""
    _pressed.clear()


def press() -> None:
    """Count one. The second one does not return."""
    if _pressed.is_set():
        leave()
    _pressed.set()


def leave(code: int = EXIT_CODE) -> NoReturn:
    """End the process and those that it has started, without another line of Python."""
    if (processes := sys.modules.get("edge.processes")) is not None:
        processes.end_all()
    os._exit(code)


def _interrupted(number: int, frame: Any) -> None:
    press()
    raise KeyboardInterrupt


def _watch(reader: int) -> None:
    presses = 0
    while signals := os.read(reader, 64):
        presses += signals.count(signal.SIGINT)
        if presses > 1:
            leave()

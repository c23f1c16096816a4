"""Standard input, output and error: closed by the caller, not writable, or used by libraries."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

_OPENED = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


WERE_CLOSED: set[str] = set()
"""Standard streams that the caller had closed. Output to them would be lost."""


def reopen_closed() -> None:
    """Redirect closed standard streams (`>&-`) to the null device.

    Otherwise the next file to be opened, perhaps a recording, would get the stream's number and
    its output.
    """
    for fd, (name, mode) in enumerate(_OPENED):
        try:
            os.fstat(fd)
        except OSError:
            WERE_CLOSED.add(name)
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is `fd`
            os.set_inheritable(fd, True)  # child processes need standard streams, too
        if getattr(sys, name) is None:  # closed, but a library may have reused its number
            WERE_CLOSED.add(name)
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def abandon_output() -> None:
    """Discard unwritten standard output, so that no second error occurs at exit."""
    with suppress(OSError):
        sys.stdout.flush()
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def forsake(hung: IO[str]) -> None:
    """Send what is still printed to the null device, if it would go to `hung` or to a terminal.

    A thread is left behind in a write to it and holds its lock: one more write, or the flush when
    Python ends, would wait for ever, or end the process by a fatal error.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is hung or stream.isatty():
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))


_SILENCE = threading.Lock()


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Silence file descriptor 2: Vosk writes a line about a bad model to it at any log level.
    Errors are still raised as exceptions.

    The descriptor belongs to the whole process, so keep the code inside short.
    """
    with _SILENCE:
        if sys.stderr is not None:  # it is None in a process started without one
            sys.stderr.flush()
        try:
            kept = os.dup(2)
        except OSError:  # started without standard error: nothing to silence
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(nowhere)
            os.close(kept)

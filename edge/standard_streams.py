"""Standard input, output and error: closed by the caller, not writable, or written by libraries."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_OPENED = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


WERE_CLOSED: set[str] = set()
"""Standard streams that the caller had closed: what is asked to go there would be lost."""


def reopen_closed() -> None:
    """Let what is closed (`>&-`) lead nowhere.

    Else the next file to be opened, perhaps a recording, would get its number and what is printed.
    """
    for fd, (name, mode) in enumerate(_OPENED):
        try:
            os.fstat(fd)
        except OSError:
            WERE_CLOSED.add(name)
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is `fd`
            os.set_inheritable(fd, True)  # child processes have standard streams, too
        if getattr(sys, name) is None:  # closed, though a library may have got its number since
            WERE_CLOSED.add(name)
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def abandon_output() -> None:
    """Forget what standard output did not take, or it would complain once more at the exit."""
    with suppress(OSError):
        sys.stdout.flush()
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


_SILENCE = threading.Lock()


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Vosk writes a line about a bad model to file descriptor 2 whatever its log level; errors
    come as exceptions all the same.

    The descriptor is the whole process's: keep what runs inside short.
    """
    with _SILENCE:
        if sys.stderr is not None:  # it is None in a process started without one
            sys.stderr.flush()
        try:
            kept = os.dup(2)
        except OSError:  # started without a standard error: nothing to silence
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

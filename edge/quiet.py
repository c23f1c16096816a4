"""Silence for libraries that write past any logger."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

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

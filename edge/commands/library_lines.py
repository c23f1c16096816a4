"""What C libraries write to standard error: PortAudio, ALSA and FFmpeg would tear the live table,
and PortAudio writes ten lines at each attempt to open a microphone that is gone."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

LONGEST = 200
"""Characters of a line that are kept."""


@contextmanager
def library_lines_are_noted(note: Callable[[str], None]) -> Iterator[None]:
    """Keep the first line in a note and count the others. What Python prints is not touched.

    File descriptor 2 becomes a pipe, and `sys.stderr` a copy of the old one.
    """
    try:
        own = os.dup(2)
    except OSError:  # started without standard error
        yield
        return
    before, mine = sys.stderr, None
    with suppress(OSError, ValueError, AttributeError):
        if before.fileno() == 2:
            before.flush()
            mine = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
            sys.stderr = mine
    reader, writer = os.pipe()
    os.dup2(writer, 2)
    os.close(writer)
    lines = _Lines(reader, note)
    try:
        yield
    finally:
        os.dup2(own, 2)  # the last writer is closed, unless a child holds it
        os.close(own)
        lines.close()
        if mine is not None:
            if sys.stderr is mine:
                sys.stderr = before
            with suppress(OSError):  # the terminal has been closed
                mine.close()


class _Lines:
    def __init__(self, reader: int, note: Callable[[str], None]) -> None:
        self._reader, self._note = reader, note
        self._count = 0
        self._thread = threading.Thread(target=self._read, name="library lines", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._thread.join(0.2)
        if self._count > 1:
            self._note(f"Libraries wrote {self._count - 1} more lines, which are not shown.")

    def _read(self) -> None:
        with os.fdopen(self._reader, errors="replace") as lines:
            for line in lines:
                told = "".join(c if c.isprintable() else " " for c in line).strip()
                if not told:
                    continue
                self._count += 1
                if self._count == 1:
                    self._note(f"A library wrote to standard error: {told[:LONGEST]}")

"""Writes one JSON object a line, each to the operating system at once."""

from __future__ import annotations

import errno
import math
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from edge.errors import SinkError
from edge.sinks.sole import HasWriter, is_stream, open_alone
from edge.standard_streams import WERE_CLOSED


class AsJson(Protocol):
    """What one line is made of."""

    def to_json(self) -> str:
        """Strict JSON without a line break."""


class JsonLines:
    """Writes to a file, or to standard output for "-".

    An existing file is overwritten when the first line comes, but not one behind /dev/stdout: an
    earlier run of the process may have written to it. A file has one writer at a time.
    """

    def __init__(
        self,
        target: str,
        option: str = "--jsonl",
        append: bool = False,
        max_bytes: float = math.inf,
        full: Callable[[], None] = lambda: None,
        goes_on: Callable[[OSError], bool] = lambda error: False,
    ) -> None:
        """Open `target`.

        Args:
            target: The file.
            option: The option that named it, for errors.
            append: Keep what an existing file holds.
            max_bytes: A regular file does not grow beyond it: the first line that does not fit is
                refused, and every later one, until the file was cut, or renamed (`reopen`).
            full: Called with each line that is not written for this reason, on the thread that
                writes.
            goes_on: Asked, on that thread, with the error of a line that a file did not take, as on
                a full disk: whether the line is given up, and the next one tried. Otherwise `write`
                raises.

        Raises:
            SinkError: It cannot be written, or another run writes to it.
        """
        self.name = "standard output" if target == "-" else target
        self._begun, self._renamed = append or is_stream(target), False
        self._max_bytes, self._full, self._goes_on = max_bytes, full, goes_on
        self._whole_bytes = 0
        self._full_bytes: int | None = None
        try:
            if target == "-":
                if "stdout" in WERE_CLOSED:
                    raise OSError(errno.EBADF, "it is closed")
                self._fd, self._owns = sys.stdout.fileno(), False
            else:
                # Opened now, so that a bad path is an error before the run starts. Truncated only
                # when the first verdict is written: a run that fails keeps the earlier file.
                self._fd, self._owns = open_alone(target), True
        except HasWriter:
            raise SinkError(
                f"{option} {target} is written by another run: give another file."
            ) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            instead = (
                "open standard output, or give a file"
                if target == "-"
                else "give a file in a folder that exists and is writable"
            )
            raise SinkError(f"{option} {target} cannot be written: {reason}; {instead}.") from None

    def write(self, item: AsJson) -> None:
        """Write one line. If that fails, an incomplete line is removed."""
        line = (item.to_json() + "\n").encode("utf-8", "backslashreplace")
        done = 0
        try:
            if self._renamed or self._is_removed():
                self._renamed = False
                self._follow_name()
            if not self._begun:
                self._begun = True
                self._cut(None)
            if self._owns and self._is_full(len(line)):
                self._full()
                return
            while done < len(line):
                done += os.write(self._fd, line[done:])
            self._whole_bytes += done
        except HasWriter:
            raise SinkError(f"{self.name} is written by another run: this one ends.") from None
        except BrokenPipeError:
            raise SinkError(f"{self.name} was closed by its reader: the run ends.") from None
        except OSError as error:
            # Without the part of a line that a full disk took, the next line is whole.
            whole = self._cut(done) or not done
            if whole and self._owns and self._goes_on(error):
                return
            raise SinkError(
                f"{self.name} cannot be written any further ({error.strerror}); its"
                f" {self._whole_bytes} bytes are whole lines."
            ) from None

    @property
    def is_file(self) -> bool:
        """Whether it is not standard output."""
        return self._owns

    def writes_to(self, path: str) -> bool:
        """Whether `path` is this file, even under another name."""
        with suppress(OSError):
            return self._owns and os.path.samestat(Path(path).stat(), os.fstat(self._fd))
        return False

    def reopen(self) -> None:
        """Let the next line go to the file that then has the name: the old one was renamed, as
        programs that rotate logs do. Any thread or signal handler."""
        self._renamed = self._owns

    def close(self) -> None:
        """Close the file."""
        if self._owns:
            self._owns = False
            os.close(self._fd)

    def _is_removed(self) -> bool:
        """A file without a name would take lines that nobody can read."""
        return self._owns and os.fstat(self._fd).st_nlink == 0

    def _is_full(self, line_bytes: int) -> bool:
        """A shorter line after one that did not fit would leave a gap: full until it is cut."""
        size = os.fstat(self._fd).st_size
        if self._full_bytes is not None and size >= self._full_bytes:
            return True
        self._full_bytes = size if size + line_bytes > self._max_bytes else None
        return self._full_bytes is not None

    def _follow_name(self) -> None:
        with suppress(FileNotFoundError):
            if os.path.samestat(Path(self.name).stat(), os.fstat(self._fd)):
                return
        fd, self._fd = self._fd, open_alone(self.name)
        self._whole_bytes, self._full_bytes = os.fstat(self._fd).st_size, None
        os.close(fd)

    def _cut(self, end: int | None) -> bool:
        """Cut this many bytes off the file's end, or all (None). A full disk may have taken part of
        a line; a rotating program may have cut the file. Whether it could be."""
        if self._owns:
            with suppress(OSError):  # not a regular file: nothing to cut
                size = os.fstat(self._fd).st_size
                os.ftruncate(self._fd, 0 if end is None else max(0, size - end))
                return True
        return False

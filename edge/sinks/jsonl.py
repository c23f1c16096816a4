"""Writes one JSON object a line, each to the operating system at once."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from edge.errors import SinkError
from edge.recognition.verdict import Verdict
from edge.standard_streams import WERE_CLOSED


class JsonLines:
    """Writes to a file, or to standard output for "-".

    An existing file is overwritten when the first verdict comes.
    """

    def __init__(self, target: str) -> None:
        """Open `target`.

        Raises:
            SinkError: It cannot be written.
        """
        self.name = "standard output" if target == "-" else target
        self._whole_bytes = 0
        self._begun = False
        try:
            if target == "-":
                if "stdout" in WERE_CLOSED:
                    raise OSError(errno.EBADF, "it is closed")
                self._fd, self._owns = sys.stdout.fileno(), False
            else:
                # Opened now, so that a bad path is an error before the run starts. Truncated only
                # when the first verdict is written: a run that fails keeps the earlier file.
                flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
                self._fd, self._owns = os.open(Path(target), flags, 0o644), True
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            instead = (
                "open standard output, or give a file"
                if target == "-"
                else "give a file in a folder that exists and is writable"
            )
            raise SinkError(f"--jsonl {target} cannot be written: {reason}; {instead}.") from None

    def write(self, verdict: Verdict) -> None:
        """Write one line. If that fails, an incomplete line is removed."""
        line = (verdict.to_json() + "\n").encode("utf-8", "backslashreplace")
        done = 0
        try:
            if not self._begun:
                self._begun = True
                self._truncate()
            while done < len(line):
                done += os.write(self._fd, line[done:])
        except BrokenPipeError:
            raise SinkError(f"{self.name} was closed by its reader: the run ends.") from None
        except OSError as error:
            self._truncate()
            raise SinkError(
                f"{self.name} cannot be written any further ({error.strerror}); its"
                f" {self._whole_bytes} bytes are whole lines."
            ) from None
        self._whole_bytes += len(line)

    def close(self) -> None:
        """Close the file."""
        if self._owns:
            self._owns = False
            os.close(self._fd)

    def _truncate(self) -> None:
        """Cut the file after its last complete line: a full disk may have taken part of a line."""
        if self._owns:
            try:
                os.ftruncate(self._fd, self._whole_bytes)
            except OSError:
                return  # not a regular file: nothing to truncate

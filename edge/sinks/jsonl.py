"""One JSON object a line, each line with the operating system before the next step."""

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

    A file that is there is replaced when the first verdict comes.
    """

    def __init__(self, target: str) -> None:
        """Open `target`.

        Raises:
            SinkError: it cannot be written.
        """
        self._name = "standard output" if target == "-" else target
        self._whole_bytes = 0
        self._begun = False
        try:
            if target == "-":
                if "stdout" in WERE_CLOSED:
                    raise OSError(errno.EBADF, "it is closed")
                self._fd, self._owns = sys.stdout.fileno(), False
            else:
                # Opened now, so that a bad path is told before anything runs; emptied only when
                # there is something to write: a run that never began costs no earlier file.
                flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
                self._fd, self._owns = os.open(Path(target), flags, 0o644), True
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            instead = (
                "open standard output, or name a file"
                if target == "-"
                else "name a file in a folder that exists and is yours"
            )
            raise SinkError(f"--jsonl {target} cannot be written: {reason}; {instead}.") from None

    def write(self, verdict: Verdict) -> None:
        """Write one line and hand it to the operating system; a torn line is taken back."""
        line = (verdict.to_json() + "\n").encode("utf-8", "backslashreplace")
        done = 0
        try:
            if not self._begun:
                self._begun = True
                self._take_back()
            while done < len(line):
                done += os.write(self._fd, line[done:])
        except BrokenPipeError:
            raise SinkError(f"{self._name} was closed by its reader; stopping.") from None
        except OSError as error:
            self._take_back()
            raise SinkError(
                f"{self._name} cannot be written further ({error.strerror}); the"
                f" {self._whole_bytes} bytes before are whole lines."
            ) from None
        self._whole_bytes += len(line)

    def close(self) -> None:
        """Close the file."""
        if self._owns:
            self._owns = False
            os.close(self._fd)

    def _take_back(self) -> None:
        """Cut the file to its whole lines: a full disk may have taken half a line."""
        if self._owns:
            try:
                os.ftruncate(self._fd, self._whole_bytes)
            except OSError:
                return  # no regular file: nothing to take back

"""For outputs that follow one person: the first verdict of each step."""

from __future__ import annotations

from collections.abc import Callable

from edge.recognition.verdict import Verdict


class FirstPerson:
    """Passes on the verdict of the person who has been in the picture longest, whose number is the
    lowest, so that the output changes to another only when that one has left. Without `--people` it
    passes on every verdict. One thread."""

    def __init__(self, write: Callable[[Verdict], None]) -> None:
        self._write = write
        self._seq = -1

    def write(self, verdict: Verdict) -> None:
        """Take one verdict."""
        if verdict.seq != self._seq:
            self._seq = verdict.seq
            self._write(verdict)

"""The one file of `--jsonl` to which several sessions write, each line with its session's name."""

from __future__ import annotations

import threading
from dataclasses import replace

from edge.commands.verdict_lines import open_verdict_lines
from edge.recognition.verdict import Verdict
from edge.runtime.run import Run


class CommonLines:
    """A file, or standard output, for the verdicts of several sessions."""

    def __init__(self, target: str, limit_mb: float) -> None:
        """Open `target`. A run whose line it does not take, because it is full, is told.

        Raises:
            SinkError: It cannot be written.
        """
        self._writes: Run | None = None
        self._lock = threading.Lock()
        self.file = open_verdict_lines(target, limit_mb, self._writing)

    def of(self, session: str, run: Run) -> PartOfLines:
        """A sink for the verdicts of one session, on any thread."""
        return PartOfLines(self, session, run)

    def write(self, verdict: Verdict, run: Run) -> None:
        """Write one line. Any thread. Raises: SinkError."""
        with self._lock:
            self._writes = run
            self.file.write(verdict)

    def close(self) -> None:
        """Close the file, when no session writes any more."""
        self.file.close()

    def _writing(self) -> Run:
        assert self._writes is not None
        return self._writes


class PartOfLines:
    """The lines of one session."""

    def __init__(self, common: CommonLines, session: str, run: Run) -> None:
        self._common, self._session, self._run = common, session, run

    def write(self, verdict: Verdict) -> None:
        """Write one line with the session's name."""
        self._common.write(replace(verdict, session=self._session), self._run)

    def close(self) -> None:
        """The file stays open for the others."""

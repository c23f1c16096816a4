"""Where verdicts go. A sink takes one verdict a step, from the step thread, and is closed once."""

from __future__ import annotations

from typing import Protocol

from edge.recognition.verdict import Verdict


class Sink(Protocol):
    """Raises SinkError when it can take no more; what it took before stays whole."""

    def write(self, verdict: Verdict) -> None:
        """Take one verdict."""

    def close(self) -> None:
        """Finish; may be called twice."""

"""Outputs of verdicts. One thread gives a sink a verdict a step, and closes it once.

The commands run each sink on a thread of its own (`output_thread`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # the HTTP server's process needs neither numpy nor pydantic
    from edge.recognition.verdict import Verdict


class Sink(Protocol):
    """Raises SinkError when it cannot write any more. The output before remains valid."""

    def write(self, verdict: Verdict) -> None:
        """Take one verdict."""

    def close(self) -> None:
        """Finish. Idempotent."""

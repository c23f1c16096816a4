"""What happened in a run beside its verdicts, as `--log` tells it: a device lost, an engine that
takes over, an output abandoned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Happened:
    """One event.

    Attributes:
        t_ns: When, on the run's monotonic clock.
        event: Its name (docs/events.md).
        sentence: What the page tells of it.
    """

    t_ns: int
    event: str
    sentence: str

    @classmethod
    def of(cls, t_ns: int, event: str, facts: Mapping[str, Any]) -> Happened | None:
        """Of an event of `--log`; None: verdicts and marks show it already."""
        if event == "limit_hit" and "skipped" in facts:
            return cls(t_ns, event, f"{facts['skipped']} steps were skipped: the step stalled.")
        sentence = facts.get("sentence")
        return None if sentence is None else cls(t_ns, event, str(sentence))

"""A closed stream costs next to nothing: it is looked at now and then, lest it be well again."""

from __future__ import annotations

from edge.recognition.verdict import Verdict
from edge.types import NS_PER_MS

PROBE_NS = 240 * NS_PER_MS
"""One look a step, of six or seven frames at 25-30 a second: 83-87 % of the work is saved, and a
stream that is well again is noticed a step later than it would be."""

_NOT_YET = {"starting", "stale"}


class Decimation:
    """Which packets of a closed stream are passed over. One thread updates, one a stream asks."""

    def __init__(self) -> None:
        self._closed: frozenset[str] = frozenset()
        self._looked_ns: dict[str, int] = {}

    def update(self, verdict: Verdict) -> None:
        """Take the newest verdict: what it dropped is probed from now on."""
        self._closed = frozenset(
            name
            for name, stream in verdict.streams.items()
            if stream.state == "dropped" and stream.reason not in _NOT_YET
        )

    def closed(self, stream: str) -> bool:
        """Whether the newest verdict dropped `stream`."""
        return stream in self._closed

    def skips(self, stream: str, t_ns: int) -> bool:
        """Whether to pass over a packet of `stream` captured at `t_ns`."""
        if (
            stream in self._closed
            and t_ns - self._looked_ns.get(stream, t_ns - PROBE_NS) < PROBE_NS
        ):
            return True
        self._looked_ns[stream] = t_ns
        return False

"""Reduces the work on a dropped stream: it is probed at intervals to detect its recovery."""

from __future__ import annotations

from edge.recognition.reasons import ENGINE_FAILED, NOT_THIS_FACE, OTHER_PERSON
from edge.recognition.verdict import Verdict
from edge.types import NS_PER_MS

PROBE_NS = 240 * NS_PER_MS
"""One probe a step instead of six or seven frames at 25-30 a second. This saves 83-87 % of the
work, and a stream that has recovered is noticed one step later."""

_AT_ONCE = {"starting", "stale", ENGINE_FAILED, NOT_THIS_FACE, OTHER_PERSON}
"""A stream with one of these reasons may be well again with its next packet. A mouth's motion, and
a face that turns, can only be followed from frame to frame."""


class Decimation:
    """Decides which packets of a dropped stream to skip. One thread updates, one a stream asks."""

    def __init__(self) -> None:
        self._closed: frozenset[str] = frozenset()
        self._probed_ns: dict[str, int] = {}

    def update(self, *verdicts: Verdict) -> None:
        """Take the newest step's: streams that each of them dropped are probed from now on."""
        dropped = [
            {
                name
                for name, stream in verdict.streams.items()
                if stream.state == "dropped" and stream.reason not in _AT_ONCE
            }
            for verdict in verdicts
        ]
        self._closed = frozenset(set.intersection(*dropped))

    def closed(self, stream: str) -> bool:
        """Whether the newest verdict dropped `stream`."""
        return stream in self._closed

    def skips(self, stream: str, t_ns: int) -> bool:
        """Whether to skip a packet of `stream` captured at `t_ns`."""
        if (
            stream in self._closed
            and t_ns - self._probed_ns.get(stream, t_ns - PROBE_NS) < PROBE_NS
        ):
            return True
        self._probed_ns[stream] = t_ns
        return False

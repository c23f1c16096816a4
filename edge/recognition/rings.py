"""The readings of one run or person that are kept: a ring for each stream of packets."""

from __future__ import annotations

from functools import partial

from edge.bundle.manifest import Manifest
from edge.recognition.reasons import is_poor
from edge.recognition.window import EMPTY, ReadingRing, StreamWindow
from edge.types import STREAMS, Reading


class Rings:
    """Of the bundle's streams of packets. One writer a stream, any readers."""

    def __init__(self, manifest: Manifest, keep_ns: int) -> None:
        """`keep_ns`: how much of the past is asked for at most."""
        self._rings: dict[str, ReadingRing] = {
            name: ReadingRing(keep_ns, partial(is_poor, name, manifest.streams[name].quality))
            for name in ("audio", "vision")
            if name in manifest.streams
        }

    def push(self, stream: str, reading: Reading) -> None:
        """Store a reading in place of the oldest."""
        self._rings[stream].push(reading)

    def windows(self, start_ns: int, end_ns: int, step_ns: int) -> dict[str, StreamWindow]:
        """A window for each of the three streams, empty where there is no ring."""
        found = {name: ring.window(start_ns, end_ns, step_ns) for name, ring in self._rings.items()}
        return dict.fromkeys(STREAMS, EMPTY) | found

    def window(self, stream: str, start_ns: int, end_ns: int, step_ns: int) -> StreamWindow:
        """That of one stream."""
        ring = self._rings.get(stream)
        return EMPTY if ring is None else ring.window(start_ns, end_ns, step_ns)

    def readings(self, start_ns: int, end_ns: int) -> dict[str, list[Reading]]:
        """Those captured in (start_ns, end_ns], in the order of capture, by stream."""
        return {name: ring.readings(start_ns, end_ns) for name, ring in self._rings.items()}

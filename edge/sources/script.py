"""A source that a program writes: pictures and sound as functions of their index.

For tests and the demo; packets, pacing and times are those of any other source.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from edge.clock import Clock
from edge.errors import ConfigError
from edge.sources.base import CHUNK_SAMPLES, SAMPLE_RATE_HZ, Pace, SourceReport
from edge.sources.chunking import Chunker, samples_to_ns
from edge.sources.pacing import check_pace, paced, start_of
from edge.types import NS_PER_S, Float, Frame, Packet


class ScriptedSource:
    """Deterministic packets by time.

    Args:
        frames: Frame index to uint8 BGR, shape (height, width, 3); None for no picture.
        samples: (index of the first, count n) to mono float32 in -1..1, shape (n,); None for no
            sound.
        fps: Frames a second.
        duration_s: When it ends.
        clock: What "live" waits on.
        pace: "live" or "fast", as for a media file.
        name: For messages.
    """

    def __init__(
        self,
        frames: Callable[[int], NDArray[np.uint8]] | None,
        samples: Callable[[int, int], Float] | None,
        fps: float,
        duration_s: float,
        clock: Clock,
        pace: Pace = "fast",
        name: str = "script",
    ) -> None:
        check_pace(pace)
        if fps <= 0 or duration_s <= 0:
            raise ConfigError(f"{name}: fps ({fps}) and duration_s ({duration_s}) must be above 0.")
        self.name = name
        self.streams = frozenset(
            stream
            for stream, function in (("vision", frames), ("audio", samples))
            if function is not None
        )
        self.start_ns: int | None = None
        """Capture time of the script's beginning; None until the first packet is asked for."""
        self._frames, self._samples = frames, samples
        self._fps, self._duration_s = fps, duration_s
        self._clock, self._pace = clock, pace
        self._late_frames = 0
        self._stop = threading.Event()

    def open(self) -> None:
        """Nothing to get ready."""

    def packets(self) -> Iterator[Packet]:
        """Frames and 20 ms chunks in the order of their capture times."""
        self.start_ns = start_of(self._pace, self._clock)
        parts = [self._pictures(), self._sound()]
        yield from paced(parts, self._clock, self._pace, self.start_ns, self._stop)

    def close(self) -> None:
        self._stop.set()

    def report(self) -> SourceReport:
        """Live, the pictures that were skipped because their time had passed."""
        late = {"frames: drawn too late": self._late_frames} if self._late_frames else {}
        return SourceReport(drops=late)

    def _pictures(self) -> Iterator[Packet]:
        if self._frames is None:
            return
        for index in range(round(self._duration_s * self._fps)):
            t_ns = round(index * NS_PER_S / self._fps)
            if self._is_late(t_ns):
                self._late_frames += 1
            else:
                yield Frame(t_ns, self._frames(index), index)

    def _is_late(self, t_ns: int) -> bool:
        """Live, a picture that is a whole frame behind is skipped, as by a camera. Otherwise a
        machine too slow to draw them all would show ever older ones."""
        if self._pace != "live" or self.start_ns is None:
            return False
        return self._clock.now_ns() > self.start_ns + t_ns + NS_PER_S / self._fps

    def _sound(self) -> Iterator[Packet]:
        if self._samples is None:
            return
        chunker = Chunker(samples_to_ns)
        total = round(self._duration_s * SAMPLE_RATE_HZ)
        for first in range(0, total, CHUNK_SAMPLES):
            yield from chunker.feed(self._samples(first, min(CHUNK_SAMPLES, total - first)))
        yield from chunker.flush()

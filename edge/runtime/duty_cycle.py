"""The duty cycle of a dropped microphone: it is processed about 1/20 of the time.

One packet of sound is too short to judge: levels, noise floor and voice need a second of it, and
the gate needs several steps. So the audio thread processes a stretch of sound, then sleeps. While
asleep only the level is measured. This costs almost nothing, and a change of level (unmuted, or the
noise has stopped) wakes it at once. The last second of sound is buffered and processed on waking.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from edge.types import NS_PER_MS, NS_PER_S, Chunk

AWAKE_NS = 1200 * NS_PER_MS
"""Readmission by the gate takes three steps of 0.25 s."""
BUFFER_LIMIT_NS = 1200 * NS_PER_MS
"""A segment needs 1.015 s. Each waking costs the work of this and of `AWAKE_NS`."""
ASLEEP_NS = 30 * NS_PER_S
CHANGE_DB = 6.0
"""Speech under noise of the same level changes the smoothed level by 4 dB or less."""
SMOOTHING_S = 0.3
MIN_DBFS = -90.0
MIN_POWER = 1e-9
HEARTBEAT_NS = 240 * NS_PER_MS


class DutyCycle:
    """Decides which chunks of a dropped stream to process. Used by the audio thread only."""

    def __init__(self) -> None:
        self._level_dbfs: float | None = None
        self._woke_ns: int | None = None
        self._slept: tuple[int, float] | None = None
        """When it fell asleep, and the level at that time."""
        self._kept: deque[Chunk] = deque()
        self._reported_ns = 0
        self._forgotten = 0

    @property
    def passed_over(self) -> int:
        """Chunks that were not processed so far: too old for the buffer, or still in it."""
        return self._forgotten + len(self._kept)

    def heard(self, chunk: Chunk, closed: bool) -> list[Chunk]:
        """The chunks to process now: none, `chunk`, or `chunk` and the buffered ones before it.

        Args:
            chunk: The newest chunk. Call with every chunk, in order.
            closed: Whether the gate has dropped the stream.
        """
        level_dbfs = self._smoothed(chunk)
        if self._slept is None:
            expired = self._woke_ns is None or chunk.t_ns - self._woke_ns >= AWAKE_NS
            if closed and expired:  # just dropped, or still dropped after a full stretch
                self._slept = chunk.t_ns, level_dbfs
            elif not closed:
                self._woke_ns = None
        if self._slept is None:
            return [chunk]
        since_ns, then_dbfs = self._slept
        self._kept.append(chunk)
        while self._kept[0].t_ns < chunk.t_ns - BUFFER_LIMIT_NS:
            self._kept.popleft()
            self._forgotten += 1
        changed = abs(level_dbfs - then_dbfs) > CHANGE_DB
        if closed and not changed and chunk.t_ns - since_ns < ASLEEP_NS:
            return []
        waited = list(self._kept)
        self._kept.clear()
        self._slept, self._woke_ns = None, chunk.t_ns
        return waited

    def keep_alive(self, t_ns: int) -> bool:
        """Whether a heartbeat is due: the device delivers, but its sound is not processed."""
        if 0 <= t_ns - self._reported_ns < HEARTBEAT_NS:
            return False
        self._reported_ns = t_ns
        return True

    def _smoothed(self, chunk: Chunk) -> float:
        samples = chunk.samples
        power = float(np.dot(samples, samples)) / max(1, len(samples))
        # Written so that NaN counts as silence.
        now_dbfs = 10 * math.log10(min(power, 1e6)) if power > MIN_POWER else MIN_DBFS
        if self._level_dbfs is None:
            self._level_dbfs = now_dbfs
        seconds = len(samples) / chunk.rate_hz
        self._level_dbfs += min(1.0, seconds / SMOOTHING_S) * (now_dbfs - self._level_dbfs)
        return self._level_dbfs

"""A dropped microphone dozes: it listens a twentieth of the time, or when its level changes.

Unlike a picture, a moment of sound says little: levels, noise floor and voice need a second of it,
and the gate some steps more. So it is listened to in stretches. In between only its level is taken,
which costs next to nothing and tells at once that somebody unmuted it or that the noise ended; and
the last second is kept, so that who wakes has just heard it.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from edge.types import NS_PER_MS, NS_PER_S, Chunk

AWAKE_NS = 1200 * NS_PER_MS
"""The gate's way back takes three steps of 0.25 s."""
BUFFER_LIMIT_NS = 1200 * NS_PER_MS
"""A segment takes 1.015 s. Waking costs the work of this and of `AWAKE_NS`."""
ASLEEP_NS = 30 * NS_PER_S
CHANGE_DB = 6.0
"""Speech under noise of its own level moves the smoothed level by 4 dB or less."""
SMOOTHING_S = 0.3
MIN_DBFS = -90.0
MIN_POWER = 1e-9
HEARTBEAT_NS = 240 * NS_PER_MS


class DutyCycle:
    """Which chunks of a closed stream are heard. The audio thread's own."""

    def __init__(self) -> None:
        self._level_dbfs: float | None = None
        self._woke_ns: int | None = None
        self._slept: tuple[int, float] | None = None
        """Since when, and how loud it was then."""
        self._kept: deque[Chunk] = deque()
        self._told_ns = 0
        self.passed_over = 0
        """Chunks that were never heard."""

    def heard(self, chunk: Chunk, closed: bool) -> list[Chunk]:
        """What is to be heard now that `chunk` has come: nothing, it, or also those before it.

        Args:
            chunk: the newest; call with each one, in order.
            closed: whether the gate has dropped the stream.
        """
        level_dbfs = self._smoothed(chunk)
        if self._slept is None:
            tired = self._woke_ns is None or chunk.t_ns - self._woke_ns >= AWAKE_NS
            if closed and tired:  # just closed, or heard long enough and closed still
                self._slept = chunk.t_ns, level_dbfs
            elif not closed:
                self._woke_ns = None
        if self._slept is None:
            return [chunk]
        since_ns, then_dbfs = self._slept
        self._kept.append(chunk)
        while self._kept[0].t_ns < chunk.t_ns - BUFFER_LIMIT_NS:
            self._kept.popleft()
            self.passed_over += 1
        changed = abs(level_dbfs - then_dbfs) > CHANGE_DB
        if closed and not changed and chunk.t_ns - since_ns < ASLEEP_NS:
            return []
        waited = list(self._kept)
        self._kept.clear()
        self._slept, self._woke_ns = None, chunk.t_ns
        return waited

    def keep_alive(self, t_ns: int) -> bool:
        """Whether it is time to tell that the device still delivers, though it is not heard."""
        if 0 <= t_ns - self._told_ns < HEARTBEAT_NS:
            return False
        self._told_ns = t_ns
        return True

    def _smoothed(self, chunk: Chunk) -> float:
        samples = chunk.samples
        power = float(np.dot(samples, samples)) / max(1, len(samples))
        # So written that what is no number counts as silence.
        now_dbfs = 10 * math.log10(min(power, 1e6)) if power > MIN_POWER else MIN_DBFS
        if self._level_dbfs is None:
            self._level_dbfs = now_dbfs
        seconds = len(samples) / chunk.rate_hz
        self._level_dbfs += min(1.0, seconds / SMOOTHING_S) * (now_dbfs - self._level_dbfs)
        return self._level_dbfs

"""What the sources deliver, measured as it arrives: pictures counted, and how loud the sound is."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

import numpy as np

from edge.types import Chunk, Packet

LOWEST_DBFS = -100.0
CLIPPED = 0.999
"""Of full scale: 16-bit sound that is cut off reaches 0.99997."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """Of the sound between two readings.

    Attributes:
        level_dbfs: RMS; a sine of full scale has -3.
        peak_dbfs: The loudest sample.
        clipped: A sample is at full scale.
    """

    level_dbfs: float
    peak_dbfs: float
    clipped: bool


class Arrivals:
    """Source threads count, any thread reads. A chunk of 20 ms takes 2 us."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frames = self._samples = 0
        self._energy = self._peak = 0.0

    def count(self, packet: Packet) -> None:
        """Take note of a picture or of sound."""
        if not isinstance(packet, Chunk):
            with self._lock:
                self._frames += 1
            return
        samples = packet.samples
        if not len(samples):
            return
        energy, peak = float(np.dot(samples, samples)), float(np.abs(samples).max())
        with self._lock:
            self._samples += len(samples)
            self._energy += energy
            self._peak = max(self._peak, peak)

    @property
    def frames(self) -> int:
        """Pictures so far."""
        return self._frames

    def loudness(self) -> Loudness | None:
        """Of the sound since the last call; None if there was none. One reader."""
        with self._lock:
            samples, energy, peak = self._samples, self._energy, self._peak
            self._samples, self._energy, self._peak = 0, 0.0, 0.0
        if not samples:
            return None
        return Loudness(_dbfs(math.sqrt(energy / samples)), _dbfs(peak), peak >= CLIPPED)


def _dbfs(share: float) -> float:
    return max(LOWEST_DBFS, 20 * math.log10(share)) if share > 0 else LOWEST_DBFS

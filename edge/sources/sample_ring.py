"""A preallocated ring of samples between PortAudio's callback and the reading thread."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

from edge.types import Float


@dataclass(frozen=True, slots=True)
class Block:
    """The sound of one callback.

    Attributes:
        samples: Shape (n, channels).
        now_ns: When the callback ran.
        delay_ns: Age of the first sample at that time, as the driver reports; None: not reported.
        lost: Samples that did not fit into the ring just before this block.
        overflow: The driver lost an unknown number of samples just before this block.
    """

    samples: Float
    now_ns: int
    delay_ns: int | None
    lost: int
    overflow: bool


class SampleRing:
    """One thread writes, one reads. Neither holds a lock while the other copies.

    When the ring is full the newest block is dropped and counted. So the stored sound keeps its
    order, and the gap is in one place.
    """

    def __init__(self, capacity: int, channels: int) -> None:
        self._samples = np.zeros((capacity, channels), np.float32)
        # One atomic append publishes the bounds of a block, after its samples were written.
        self._marks: deque[tuple[int, int, int, int | None, int, bool]] = deque()
        self._written = self._read = 0
        self._lost, self._overflow = 0, False
        self._filled = threading.Event()

    def write(self, samples: Float, now_ns: int, delay_ns: int | None, overflow: bool) -> None:
        """Copy a block into the ring. Audio thread only; never waits."""
        count, capacity = len(samples), len(self._samples)
        overflow = overflow or self._overflow
        if self._written - self._read + count > capacity:
            self._lost, self._overflow = self._lost + count, overflow
            return
        start = self._written % capacity
        head = min(count, capacity - start)
        self._samples[start : start + head] = samples[:head]
        self._samples[: count - head] = samples[head:]
        self._marks.append((self._written, count, now_ns, delay_ns, self._lost, overflow))
        self._written += count
        self._lost, self._overflow = 0, False
        self._filled.set()

    def read(self, timeout_s: float) -> Block | None:
        """The next block; None when none came within the timeout. Reading thread only."""
        if not self._marks:
            self._filled.clear()
            if not self._marks and not self._filled.wait(timeout_s):
                return None
        if not self._marks:
            return None
        position, count, now_ns, delay_ns, lost, overflow = self._marks.popleft()
        places = np.arange(position, position + count) % len(self._samples)
        samples = self._samples[places]
        self._read += count
        return Block(samples, now_ns, delay_ns, lost, overflow)

    def wake(self) -> None:
        """Make a waiting `read` return. Any thread."""
        self._filled.set()

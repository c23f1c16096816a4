"""Between PortAudio's callback and the thread that reads: room for sound, allotted once."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

from edge.types import Float


@dataclass(frozen=True, slots=True)
class Block:
    """What one callback brought.

    Attributes:
        samples: Shape (n, channels).
        now_ns: When the callback ran.
        delay_ns: How old the first sample was by then, as the driver says; None: it does not.
        lost: Samples that found no room just before this block.
        overflow: The driver lost some, it does not say how many, just before this block.
    """

    samples: Float
    now_ns: int
    delay_ns: int | None
    lost: int
    overflow: bool


class SampleRing:
    """One thread writes, one reads; neither ever holds a lock that the other's copy waits for.

    Where there is no room the newest block is left out and counted, so that what is already there
    keeps its order and the hole has one place.
    """

    def __init__(self, capacity: int, channels: int) -> None:
        self._samples = np.zeros((capacity, channels), np.float32)
        # The bounds of a block are published by one append, which is atomic, after its samples.
        self._marks: deque[tuple[int, int, int, int | None, int, bool]] = deque()
        self._written = self._read = 0
        self._lost, self._overflow = 0, False
        self._filled = threading.Event()

    def write(self, samples: Float, now_ns: int, delay_ns: int | None, overflow: bool) -> None:
        """Copy a block in; audio thread only, never waits."""
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
        """The next block, waiting for it; None when none came. Reading thread only."""
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
        """Let a waiting `read` return; any thread."""
        self._filled.set()

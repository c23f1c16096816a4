"""Cuts samples into `Chunk`s of 20 ms, each with its index and time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from edge.sources.base import CHUNK_SAMPLES, SAMPLE_RATE_HZ
from edge.types import NS_PER_S, Chunk, Float


def samples_to_ns(samples: int) -> int:
    return samples * NS_PER_S // SAMPLE_RATE_HZ


def ns_to_samples(ns: int) -> int:
    return round(ns * SAMPLE_RATE_HZ / NS_PER_S)


class Chunker:
    """Cuts a stream of samples into chunks and counts lost samples. One thread at a time.

    Args:
        time_of: Capture time in nanoseconds of the sample with a given index.
    """

    def __init__(self, time_of: Callable[[int], int]) -> None:
        self._time_of = time_of
        self._next = 0
        self._gap: str | None = None
        self._waiting: list[Float] = []
        self._n_waiting = 0

    @property
    def next_sample(self) -> int:
        """Index that the next sample fed will get."""
        return self._next + self._n_waiting

    def feed(self, samples: Float) -> Iterator[Chunk]:
        """Yield the complete chunks. The rest is kept for the next call."""
        self._waiting.append(samples)
        self._n_waiting += len(samples)
        if self._n_waiting < CHUNK_SAMPLES:
            return
        joined = np.concatenate(self._waiting)
        whole = len(joined) - len(joined) % CHUNK_SAMPLES
        self._waiting, self._n_waiting = [joined[whole:]], len(joined) - whole
        for start in range(0, whole, CHUNK_SAMPLES):
            yield self._chunk(joined[start : start + CHUNK_SAMPLES])

    def skip(self, lost: int, cause: str) -> Iterator[Chunk]:
        """Mark a gap of `lost` samples after the samples fed so far, which are emitted first."""
        yield from self.flush()
        self._next += lost
        self._gap = cause

    def flush(self) -> Iterator[Chunk]:
        """Yield the remaining samples as a short chunk."""
        joined = np.concatenate(self._waiting) if self._waiting else np.zeros(0, np.float32)
        self._waiting, self._n_waiting = [], 0
        if len(joined):
            yield self._chunk(joined)

    def _chunk(self, samples: Float) -> Chunk:
        first, self._next = self._next, self._next + len(samples)
        gap, self._gap = self._gap, None
        return Chunk(self._time_of(first), samples, SAMPLE_RATE_HZ, first, gap)

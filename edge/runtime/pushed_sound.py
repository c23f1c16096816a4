"""Converts pieces of sound of any length, rate and format to one stream of 16 kHz chunks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edge.errors import SourceError
from edge.sources.base import SAMPLE_RATE_HZ
from edge.sources.chunking import Chunker, ns_to_samples, samples_to_ns
from edge.sources.resample import MonoResampler
from edge.types import NS_PER_MS, NS_PER_S, Chunk, Float

GAP_NS = 20 * NS_PER_MS
"""A larger jump of the times means lost sound. A smaller one is rounding."""
SLEW_NS = NS_PER_MS
"""Largest correction of the samples' timeline for one piece, because two clocks drift apart."""


class PushedSound:
    """Tracks samples and their times. One thread."""

    def __init__(self) -> None:
        self._chunker = Chunker(self._time_of)
        self._resampler: MonoResampler | None = None
        self._rate_hz: int | None = None
        self._start_ns = 0
        self._position = 0.0
        """Position of the next pushed sample, in samples at 16 kHz."""
        self._due_ns: int | None = None

    def push(self, sound: Float, t_ns: int, rate_hz: int) -> Iterator[Chunk]:
        """The chunks that are complete now. Missing sound before `t_ns` is marked as a gap.

        Up to 20 ms are held back until the next piece.

        Args:
            sound: In -1..1, shape (n, channels), which are averaged.
            t_ns: When the first sample was in the air, in nanoseconds.
            rate_hz: Samples a second.

        Raises:
            SourceError: The sound overlaps earlier sound, or the rate changed.
        """
        if self._rate_hz is None:
            self._rate_hz = rate_hz
            self._resampler = MonoResampler() if rate_hz != SAMPLE_RATE_HZ else None
        if rate_hz != self._rate_hz:
            raise SourceError(
                f"Sound at {rate_hz} Hz was pushed after sound at {self._rate_hz} Hz: use one rate"
                " for the whole session."
            )
        if not len(sound):
            return
        if self._due_ns is None:
            self._start_ns = self._due_ns = t_ns
        if t_ns < self._due_ns - GAP_NS:
            raise SourceError(
                f"The sound pushed at {t_ns} ns begins before the previous piece ended, at"
                f" {self._due_ns} ns: push pieces in the order of their capture times."
            )
        if t_ns > self._due_ns + GAP_NS:
            yield from self._flush()
            lost = max(1, ns_to_samples(t_ns - self._time_of(self._chunker.next_sample)))
            yield from self._chunker.skip(lost, "missing")
            self._position = float(self._chunker.next_sample)
        late_ns = t_ns - self._time_of(round(self._position))
        self._start_ns += max(-SLEW_NS, min(SLEW_NS, late_ns))
        self._position += len(sound) * SAMPLE_RATE_HZ / rate_hz
        self._due_ns = t_ns + len(sound) * NS_PER_S // rate_hz
        if self._resampler is not None:
            yield from self._chunker.feed(self._resampler.feed_array(sound, rate_hz))
        else:
            yield from self._chunker.feed(sound.mean(axis=1, dtype=np.float32))

    def finish(self) -> Iterator[Chunk]:
        """The remaining sound, as a short chunk."""
        yield from self._flush()
        yield from self._chunker.flush()

    def _flush(self) -> Iterator[Chunk]:
        if self._resampler is not None:
            yield from self._chunker.feed(self._resampler.flush())

    def _time_of(self, sample: int) -> int:
        return self._start_ns + samples_to_ns(sample)

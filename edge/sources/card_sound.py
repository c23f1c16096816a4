"""From a sound card's blocks to chunks: lost samples are found, and each chunk gets its time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np

from edge.sources.base import SAMPLE_RATE_HZ
from edge.sources.chunking import Chunker
from edge.sources.resample import MonoResampler
from edge.sources.sample_ring import Block
from edge.sources.sample_time import SampleTime
from edge.types import NS_PER_S, Chunk


def chunks_of(
    blocks: Iterable[Block], rate_hz: int, max_latency_ns: int, losses: Counter[str]
) -> Iterator[Chunk]:
    """Yield 20 ms chunks of 16 kHz mono. A chunk after lost samples is marked as a gap.

    Args:
        blocks: What the card delivered, in order.
        rate_hz: The card's rate.
        max_latency_ns: What the card's buffer and one block hold.
        losses: Gets the count of lost samples by cause.
    """
    ratio = rate_hz / SAMPLE_RATE_HZ
    resampler = MonoResampler() if rate_hz != SAMPLE_RATE_HZ else None
    fit = SampleTime(rate_hz, max_latency_ns)
    chunker = Chunker(lambda sample: fit.time_of(sample * ratio))
    position = 0
    for block in blocks:
        count = len(block.samples)
        lost, cause = block.lost, "ring"
        if block.overflow:
            late_ns = fit.late_ns(position + lost + count, block.now_ns)
            lost, cause = lost + max(1, late_ns * rate_hz // NS_PER_S), "overflow"
        if lost == 0 and (slip_ns := fit.slipped_ns()):
            lost, cause = slip_ns * rate_hz // NS_PER_S, "silent loss"
        if lost:
            losses[cause] += lost
            if resampler is not None:
                yield from chunker.feed(resampler.flush())
            position += lost
            yield from chunker.skip(max(1, round(position / ratio) - chunker.next_sample), cause)
            if cause != "ring":
                fit.restart()
        fit.observe(position, count, block.now_ns, block.delay_ns)
        position += count
        if resampler is None:
            mono = block.samples.mean(axis=1, dtype=np.float32)
        else:
            mono = resampler.feed_array(block.samples, rate_hz)
        yield from chunker.feed(mono)

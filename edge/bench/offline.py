"""Measures a file at full speed on one core: how many times faster than real time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.bench.load import BOTH
from edge.bench.process import TASKS
from edge.bench.statistics import Row
from edge.clock import Clock
from edge.config import Config
from edge.errors import MediaError
from edge.runtime.feed import Feed
from edge.runtime.run import Run
from edge.sources.file import MediaFile
from edge.types import NS_PER_S, Packet


def measure_offline(config: Config, clip: Path, asr: bool) -> Row:
    """Measure one pass over `clip`, without loading the models."""
    source = config.source.model_copy(update={"file": str(clip), "pace": "fast"})
    heard = config.asr if asr else config.asr.model_copy(update={"engine": "none"})
    config = config.model_copy(update={"source": source, "asr": heard, "seconds": None})
    feed: _TimedFeed

    def feeds(clock: Clock) -> list[Feed]:
        nonlocal feed
        feed = _TimedFeed(MediaFile(clip, clock), BOTH, lossless=True)
        return [feed]

    run = Run(config, feeds)
    with one_core() as held:
        spans_ns = [verdict.span_ns for verdict in run.verdicts()]
        wall_s, cpu_s = time.monotonic() - feed.begun_s, time.process_time() - feed.begun_cpu_s
    if len(spans_ns) < 2:
        raise MediaError(f"{clip.name} is too short to measure: give a file of several seconds.")
    lasted_s = (spans_ns[-1][1] - spans_ns[0][0]) / NS_PER_S
    return {
        "speech_to_text": asr,
        "one_core": held,
        "media_s": lasted_s,
        "wall_s": wall_s,
        "cpu_s": cpu_s,
        "times_real_time": lasted_s / wall_s,
    }


class _TimedFeed(Feed):
    """Notes when packets are first asked for: the file and speech-to-text are open by then. (The
    first verdict is too late: the work of a file is done up to 2 s ahead.)"""

    begun_s = begun_cpu_s = 0.0

    def packets(self) -> Iterator[Packet]:
        """As of `Feed`."""
        self.begun_s, self.begun_cpu_s = time.monotonic(), time.process_time()
        return super().packets()


@contextmanager
def one_core() -> Iterator[bool]:
    """Pin all threads of the process, including new ones, to one core. False if not supported."""
    if not hasattr(os, "sched_setaffinity"):
        yield False
        return
    before = os.sched_getaffinity(0)
    _pin({min(before)})
    try:
        yield True
    finally:
        _pin(before)


def _pin(cores: set[int]) -> None:
    for task in TASKS.iterdir():
        try:
            os.sched_setaffinity(int(task.name), cores)
        except ProcessLookupError:  # it ended meanwhile
            continue

"""Measures a file at full speed on one core: how many times faster than real time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.bench.process import TASKS
from edge.bench.statistics import Row
from edge.config import Config
from edge.errors import MediaError
from edge.runtime.run import Run
from edge.types import NS_PER_S


def measure_offline(config: Config, clip: Path, asr: bool) -> Row:
    """Measure one pass over `clip`, without loading the models."""
    source = config.source.model_copy(update={"file": str(clip), "pace": "fast"})
    heard = config.asr if asr else config.asr.model_copy(update={"engine": "none"})
    run = Run(config.model_copy(update={"source": source, "asr": heard, "seconds": None}))
    ends_ns: list[int] = []
    begun_s = cpu_s = 0.0
    with one_core() as held:
        for verdict in run.verdicts():
            # From the first verdict: before it, the file and speech-to-text are opened.
            if not ends_ns:
                begun_s, cpu_s = time.monotonic(), time.process_time()
            ends_ns.append(verdict.span_ns[1])
    if len(ends_ns) < 2:
        raise MediaError(f"{clip.name} is too short to measure: give a file of several seconds.")
    wall_s, cpu_s = time.monotonic() - begun_s, time.process_time() - cpu_s
    lasted_s = (ends_ns[-1] - ends_ns[0]) / NS_PER_S
    return {
        "speech_to_text": asr,
        "one_core": held,
        "media_s": lasted_s,
        "wall_s": wall_s,
        "cpu_s": cpu_s,
        "times_real_time": lasted_s / wall_s,
    }


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

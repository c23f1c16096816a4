"""Counters of one run: verdicts, drops by cause, latency by stage. Every method is thread-safe."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from edge.recognition.verdict import Verdict

LATENCIES_LIMIT = 20_000
"""Latencies kept for each stage: more than an hour at four steps a second."""


class Counts(Protocol):
    """An object that counts its own losses by cause, such as a channel."""

    @property
    def drops(self) -> Counter[str]:
        """A copy of the count."""


class Telemetry:
    """Counters and latencies of one run."""

    def __init__(self) -> None:
        self.verdicts = 0
        self.abstained = 0
        self.labels: Counter[str] = Counter()
        self.drops: Counter[str] = Counter()
        self.notes: list[str] = []
        self._latency_ms: dict[str, deque[float]] = {}
        self._watched: list[tuple[str, Counts]] = []
        self._lock = threading.Lock()

    def verdict(self, verdict: Verdict) -> None:
        """Count one verdict."""
        with self._lock:
            self.verdicts += 1
            if verdict.label is None:
                self.abstained += 1
            else:
                self.labels[verdict.label] += 1
            for stage, ms in verdict.latency_ms.items():
                self._latency_ms.setdefault(stage, deque(maxlen=LATENCIES_LIMIT)).append(ms)

    def drop(self, what: str, cause: str, count: int = 1) -> None:
        """Count `count` lost packets of `what` ("frames", "audio chunks") by cause."""
        with self._lock:
            self.drops[f"{what}: {cause}"] += count

    def lost(self, drops: Mapping[str, int]) -> None:
        """Add lost packets keyed "what: cause", as a source reports them."""
        with self._lock:
            self.drops.update(drops)

    def watch(self, what: str, channel: Counts) -> None:
        """Include the losses of `channel`, counted as `what`, from now until `settle`."""
        with self._lock:
            self._watched.append((what, channel))

    def settle(self) -> None:
        """Make the counts of the watched channels final: they lose nothing more."""
        with self._lock:
            self.drops, self._watched = self._with_watched(), []

    def drops_so_far(self) -> Counter[str]:
        """All drops by kind and cause, including the watched channels' current counts."""
        with self._lock:
            return self._with_watched()

    def _with_watched(self) -> Counter[str]:
        drops = self.drops.copy()
        for what, channel in self._watched:
            drops.update({f"{what}: {cause}": n for cause, n in channel.drops.items()})
        return drops

    def note(self, sentence: str) -> None:
        """Keep one sentence for the summary. Duplicates are kept once."""
        with self._lock:
            if sentence not in self.notes:
                self.notes.append(sentence)

    def percentiles(self) -> Mapping[str, tuple[float, float, float, float]]:
        """p50, p95, p99 and maximum in milliseconds for each stage."""
        with self._lock:
            stages = {stage: np.array(ms) for stage, ms in self._latency_ms.items()}
        rows = {}
        for stage, ms in stages.items():
            p50, p95, p99 = (float(p) for p in np.percentile(ms, (50, 95, 99)))
            rows[stage] = (p50, p95, p99, float(ms.max()))
        return rows

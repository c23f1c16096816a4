"""Measures one live run: stages, ages, drops, rate, CPU, memory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from edge.bench.gpu import watch_gpu
from edge.bench.process import Meter
from edge.bench.statistics import Row, jitter, percentiles, rate_hz
from edge.clock import Clock
from edge.config import Config
from edge.recognition.verdict import Verdict
from edge.runtime.feed import Feed
from edge.runtime.run import Run
from edge.types import NS_PER_MS, NS_PER_S, STREAMS

WARM_UP_S = 4.0
"""Minimum: the spoken sentence has been decoded once, and the window has been full for a second."""
SERIES = 120
"""Number of points of the label's age over time in a row of results."""


@dataclass
class Collected:
    """Values of one run's verdicts after the warm-up. Times are on the monotonic clock."""

    stages_ms: dict[str, list[float]] = field(default_factory=dict)
    evidence_ms: dict[str, list[float]] = field(default_factory=dict)
    label_age_ms: list[float] = field(default_factory=list)
    label_age_at_ns: list[int] = field(default_factory=list)
    step_cpu_ms: list[float] = field(default_factory=list)
    overhead_ms: list[float] = field(default_factory=list)
    arrivals_ns: list[int] = field(default_factory=list)
    used: dict[str, int] = field(default_factory=dict)

    def add(self, verdict: Verdict, arrival_ns: int, step_cpu_ms: float) -> None:
        """Add one verdict that was available at `arrival_ns`, and the CPU time of its step."""
        self.arrivals_ns.append(arrival_ns)
        self.step_cpu_ms.append(step_cpu_ms)
        latency_ms = verdict.latency_ms
        for stage, ms in latency_ms.items():
            self.stages_ms.setdefault(stage, []).append(ms)
        if "engine" in latency_ms:
            self.overhead_ms.append(latency_ms["total"] - latency_ms["engine"])
        used_ages_ms = []
        for name in STREAMS:
            stream = verdict.streams[name]
            if stream.age_ms is not None:
                self.evidence_ms.setdefault(name, []).append(stream.age_ms)
            if stream.state == "used":
                self.used[name] = self.used.get(name, 0) + 1
                used_ages_ms += [] if stream.age_ms is None else [stream.age_ms]
        if used_ages_ms:
            since_close_ms = (arrival_ns - verdict.span_ns[1]) / NS_PER_MS
            self.label_age_ms.append(since_close_ms + min(used_ages_ms))
            self.label_age_at_ns.append(arrival_ns)

    def rows(self) -> Row:
        """Percentiles of all values."""
        verdicts = len(self.arrivals_ns)
        return {
            "verdicts": verdicts,
            "label_age_ms": percentiles(self.label_age_ms),
            "evidence_age_ms": {name: percentiles(ms) for name, ms in self.evidence_ms.items()},
            "stages_ms": {stage: percentiles(ms) for stage, ms in self.stages_ms.items()},
            "overhead_ms": percentiles(self.overhead_ms),
            "step_cpu_ms": percentiles(self.step_cpu_ms),
            "used_share": {name: count / verdicts for name, count in self.used.items()},
            "label_age_series": self._series(),
        }

    def _series(self) -> list[list[float]]:
        """[seconds since the first, ms] of the oldest label in each of `SERIES` intervals."""
        ages = list(zip(self.label_age_at_ns, self.label_age_ms, strict=True))
        size = max(1, -(-len(ages) // SERIES))
        oldest = [
            max(ages[at : at + size], key=lambda pair: pair[1]) for at in range(0, len(ages), size)
        ]
        return [[round((t - ages[0][0]) / NS_PER_S, 3), round(ms, 3)] for t, ms in oldest]


def collect(verdicts: Iterator[Verdict], out: TextIO, warm_up_s: float, meter: Meter) -> Collected:
    """Write each verdict as a JSON line to `out`. Measure after `warm_up_s`."""
    collected = Collected()
    begun_ns = time.monotonic_ns()
    warm = False
    cpu_s = time.thread_time()
    for verdict in verdicts:
        arrival_ns, step_cpu_ms = time.monotonic_ns(), (time.thread_time() - cpu_s) * 1e3
        out.write(verdict.to_json() + "\n")
        if warm:
            collected.add(verdict, arrival_ns, step_cpu_ms)
            meter.read()
        elif arrival_ns - begun_ns >= warm_up_s * NS_PER_S:
            warm = True
            meter.start()
        cpu_s = time.thread_time()
    return collected


def warm_up_s(seconds: float, duration_s: float) -> float:
    """Length of the warm-up; at most half of the run."""
    return min(max(WARM_UP_S, duration_s + 1), seconds / 2)


def measure_live(
    config: Config, feeds: Callable[[Clock], list[Feed]] | None, seconds: float
) -> Row:
    """Run for `seconds` and measure everything after the warm-up."""
    meter = Meter()
    run = Run(config.model_copy(update={"seconds": seconds}), feeds)
    duration_s = run.recognizer.duration_ns / NS_PER_S
    step_s = run.recognizer.step_ns / NS_PER_S
    left_out_s = warm_up_s(seconds, duration_s)
    with (
        Path(os.devnull).open("w", encoding="utf-8") as out,
        watch_gpu() as gpu,
        closing(run.verdicts()) as verdicts,
    ):
        collected = collect(verdicts, out, left_out_s, meter)
    return {
        "seconds": seconds,
        "warm_up_s": left_out_s,
        "duration_s": duration_s,
        "step_s": step_s,
        "engine": run.device,
        **collected.rows(),
        "rate_hz": rate_hz(collected.arrivals_ns),
        "jitter_ms": jitter(collected.arrivals_ns, step_s),
        "drops": dict(run.telemetry.drops),
        "cpu_ms_per_s": meter.cpu_ms_per_s(),
        "resident_mib": meter.resident_mib(),
        "gpu": gpu.summary(),
        "notes": list(run.telemetry.notes),
    }

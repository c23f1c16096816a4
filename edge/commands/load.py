"""The load of a run for its page: sound level, pictures a second, CPU, and what is too much."""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any

from edge.bench.process import cpu_by_thread_ns
from edge.runtime.channels import CHUNKS, FRAMES, SPEECH
from edge.runtime.telemetry import SKIPPED, STALLED, Telemetry

WINDOW_S = 5.0
"""Rates are over this time."""
READ_S = 1.0
"""CPU time is read this often: a reading costs a millisecond."""
MANY = 0.1
"""Of the pictures: so many may be replaced by newer ones before it is said to be too much."""
MACHINE = Path("/proc/stat")


class Load:
    """Read by one thread, which may wait for /proc. Without Linux there is no CPU time."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._rates: deque[tuple[float, int, Counter[str]]] = deque()
        self._cpu: deque[tuple[float, float, tuple[float, float] | None]] = deque()

    def read(self) -> dict[str, Any]:
        """Plain JSON; None where nothing is known.

        `level_dbfs`, `peak_dbfs`, `clipped`: of the sound since the last call.
        `frames_seen_hz`, `frames_used_hz`: pictures that arrived, and that the network has looked
        at. `cpu_run`: processors that the run and its children keep busy. `cpu_machine`: share of
        all `processors`. `too_busy`: sentences about what is lost because of that.
        """
        now_s, arrivals = time.monotonic(), self._telemetry.arrivals
        self._rates.append((now_s, arrivals.frames, self._telemetry.drops_so_far()))
        while now_s - self._rates[0][0] > WINDOW_S:
            self._rates.popleft()
        if not self._cpu or now_s - self._cpu[-1][0] >= READ_S:
            self._cpu.append((now_s, sum(cpu_by_thread_ns().values()) / 1e9, _machine_ticks()))
            while now_s - self._cpu[0][0] > WINDOW_S:
                self._cpu.popleft()
        heard = arrivals.loudness()
        return {
            "level_dbfs": None if heard is None else round(heard.level_dbfs, 1),
            "peak_dbfs": None if heard is None else round(heard.peak_dbfs, 1),
            "clipped": heard is not None and heard.clipped,
            **self._of_rates(),
            **self._of_cpu(),
        }

    def _of_rates(self) -> dict[str, Any]:
        (begin_s, seen_before, drops_before), (end_s, seen_now, drops_now) = (
            self._rates[0],
            self._rates[-1],
        )
        seconds, seen = end_s - begin_s, seen_now - seen_before
        if seconds < READ_S:
            return {"frames_seen_hz": None, "frames_used_hz": None, "too_busy": []}
        lost = drops_now - drops_before
        passed = sum(count for what, count in lost.items() if what.startswith(f"{FRAMES}: "))
        rates = {
            "frames_seen_hz": seen / seconds,
            "frames_used_hz": max(0, seen - passed) / seconds,
        }
        known = {name: round(rate, 1) if seen_now else None for name, rate in rates.items()}
        return {**known, "too_busy": too_busy(lost, seen, seconds)}

    def _of_cpu(self) -> dict[str, Any]:
        (begin_s, run_before, before), (end_s, run_now, now) = self._cpu[0], self._cpu[-1]
        out: dict[str, Any] = {"cpu_run": None, "cpu_machine": None, "processors": os.cpu_count()}
        if end_s > begin_s and run_now:  # a child that has ended takes its time with it
            out["cpu_run"] = round(max(0.0, run_now - run_before) / (end_s - begin_s), 2)
        if before is not None and now is not None and now[1] > before[1]:
            out["cpu_machine"] = round((now[0] - before[0]) / (now[1] - before[1]), 2)
        return out


def too_busy(lost: Counter[str], seen: int, seconds: float) -> list[str]:
    """What was lost within `seconds`, of `seen` pictures and the rest: work took too long."""
    said = []
    replaced = lost[f"{FRAMES}: replaced"]
    if seen and replaced > MANY * seen:
        said.append(
            f"of {seen / seconds:.0f} pictures a second {replaced / seconds:.0f} are left out"
        )
    if lost[f"{CHUNKS}: full"]:
        said.append("sound is left out")
    if lost[f"{SPEECH}: full"]:
        said.append("words are left out")
    if lost[f"{SKIPPED}: {STALLED}"]:
        said.append("answers are left out")
    return said


def _machine_ticks() -> tuple[float, float] | None:
    """Busy time of all processors since the machine began, and all time."""
    try:
        fields = MACHINE.read_text("ascii").split("\n", 1)[0].split()[1:9]
        user, nice, system, idle, iowait, irq, softirq, steal = map(float, fields)
    except (OSError, ValueError):
        return None
    busy = user + nice + system + irq + softirq + steal
    return busy, busy + idle + iowait
